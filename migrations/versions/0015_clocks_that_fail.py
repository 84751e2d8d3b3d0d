"""How often a timer or a time-out failed when it fired, and when it is tried again.

Revision 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both to timers and tasks; nothing has failed so far."""
    for table, before in (("timer", ""), ("task", "timeout_")):
        op.add_column(table, sa.Column(f"{before}failures", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
        op.add_column(table, sa.Column(f"{before}retry_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Forget them."""
    for table, before in (("task", "timeout_"), ("timer", "")):
        op.drop_column(table, f"{before}retry_at")
        op.drop_column(table, f"{before}failures")
