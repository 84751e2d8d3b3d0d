"""Stages that are late are found for the board, of today and of past days.

Revision 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index what is open by its due moment, and what was left by when."""
    op.create_index("ix_stage_deadline_due", "stage_deadline", ["due_at"], postgresql_where=sa.text("left_at is null"))
    op.create_index("ix_stage_deadline_left", "stage_deadline", ["left_at"])


def downgrade() -> None:
    """Drop the indexes."""
    op.drop_index("ix_stage_deadline_left", "stage_deadline")
    op.drop_index("ix_stage_deadline_due", "stage_deadline")
