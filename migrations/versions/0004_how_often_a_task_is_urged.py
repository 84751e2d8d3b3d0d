"""How often the holder of a task is urged before it is due, as the deadline table says.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tasks of before are urged daily, as they were."""
    op.add_column("task", sa.Column("urging", sa.Text(), server_default="daily", nullable=False))


def downgrade() -> None:
    """Every task is urged daily again."""
    op.drop_column("task", "urging")
