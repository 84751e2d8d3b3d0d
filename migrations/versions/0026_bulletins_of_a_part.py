"""A bulletin may be about one unit's or one route's plans, and stand in one of two forms with number series of their own.

Revision 0026, after 0025.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

PERIODS, NUMBERS = "uq_bulletin_area_period", "uq_bulletin_area_year_number"


def upgrade() -> None:
    """Add the columns: what there is already is about all plans, and what was released is a 简报."""
    op.add_column("bulletin", sa.Column("scope", sa.Text(), server_default="", nullable=False))
    op.add_column("bulletin", sa.Column("document_prefix", sa.Text(), server_default="", nullable=False))
    # The default fills released rows too, which no statement may change.
    op.add_column("bulletin", sa.Column("form", sa.Text(), server_default="briefing", nullable=True))
    op.alter_column("bulletin", "form", server_default=None)
    op.execute("UPDATE bulletin SET form = NULL WHERE status <> 'released'")
    for name in (PERIODS, NUMBERS):
        op.drop_constraint(name, "bulletin")
    op.create_unique_constraint("uq_bulletin_area_period_scope", "bulletin", ["area", "period", "scope"])
    op.create_unique_constraint(
        "uq_bulletin_area_year_document_prefix_number", "bulletin", ["area", "year", "document_prefix", "number"]
    )


def downgrade() -> None:
    """Forget scopes and forms; refused by the database where a period or a number would then stand twice."""
    for name in ("uq_bulletin_area_period_scope", "uq_bulletin_area_year_document_prefix_number"):
        op.drop_constraint(name, "bulletin")
    op.create_unique_constraint(PERIODS, "bulletin", ["area", "period"])
    op.create_unique_constraint(NUMBERS, "bulletin", ["area", "year", "number"])
    for column in ("form", "document_prefix", "scope"):
        op.drop_column("bulletin", column)
