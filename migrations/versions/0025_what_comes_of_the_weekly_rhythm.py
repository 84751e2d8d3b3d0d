"""A special report knows the weekly report's run in which it was begun.

Revision 0025, after 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("special_report", sa.Column("origin_instance_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_special_report_origin_instance_id"), "special_report", "process_instance", ["origin_instance_id"], ["id"]
    )
    op.create_index(
        "ix_special_report_origin", "special_report", ["origin_instance_id"],
        postgresql_where=sa.text("origin_instance_id is not null"),
    )  # fmt: skip


def downgrade() -> None:
    """Take it away."""
    op.drop_column("special_report", "origin_instance_id")
