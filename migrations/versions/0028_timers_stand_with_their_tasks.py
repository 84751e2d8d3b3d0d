"""A timer at the edge of an activity stands while its tasks do, and the standing clocks of ended tasks end with them.

Revision 0028, after 0027.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Since when a timer stands; no clock of a task that is over stands on."""
    op.add_column("timer", sa.Column("stood_since", sa.DateTime(timezone=True)))
    op.execute("""
        UPDATE deadline_change SET ended_at = task.ended_at, due_after = due_before
        FROM task WHERE task.id = deadline_change.task_id AND deadline_change.ended_at IS NULL AND task.status <> 'open'
    """)


def downgrade() -> None:
    """Drop it."""
    op.drop_column("timer", "stood_since")
