"""The late tasks of a county are found among those of the county, not among all that are late.

Revision 0023, after 0022.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index open tasks by their area."""
    op.create_index(
        "ix_task_open_area", "task", ["area_path"], postgresql_ops={"area_path": "text_pattern_ops"},
        postgresql_where=sa.text("status = 'open'"),
    )  # fmt: skip


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_task_open_area", "task")
