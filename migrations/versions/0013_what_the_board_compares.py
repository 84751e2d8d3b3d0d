"""Figures of past periods for the board's trend; the areas below an area; the governments by their code.

Revision 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ABOVE = "regexp_replace(area_path, '[^/]+/$', '')"


def upgrade() -> None:
    """The job that adds up counters fills the table, from history."""
    op.create_table(
        "plan_count_past",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("area_path", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("total", "issued", "overdue")),
    )
    op.create_index("ix_plan_count_above", "plan_count", ["name", sa.text(ABOVE)])
    op.create_index("ix_unit_area", "unit", ["area"])


def downgrade() -> None:
    """Everything can be counted again."""
    op.drop_index("ix_unit_area", "unit")
    op.drop_index("ix_plan_count_above", "plan_count")
    op.drop_table("plan_count_past")
