"""Indexes for the ledger of a past moment: what happened since, which tasks were open then, what waits.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """They are small beside their tables."""
    op.create_index("ix_plan_event_at", "plan_event", ["at"])
    op.create_index("ix_task_ended", "task", ["ended_at"], postgresql_where=sa.text("ended_at is not null"))
    op.create_index("ix_task_waiting", "task", ["plan_id"], postgresql_where=sa.text("waiting"))


def downgrade() -> None:
    """Nothing but speed is lost."""
    op.drop_index("ix_task_waiting", "task")
    op.drop_index("ix_task_ended", "task")
    op.drop_index("ix_plan_event_at", "plan_event")
