"""On which day a substitute was named, so that a post left since then ends it.

Revision 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the day; what was named before gets the day of its record."""
    op.add_column("substitution", sa.Column("given_on", sa.Date(), nullable=True))
    op.execute("UPDATE substitution SET given_on = CAST(created_at AT TIME ZONE 'Asia/Shanghai' AS date)")
    op.alter_column("substitution", "given_on", nullable=False)


def downgrade() -> None:
    """Forget the day."""
    op.drop_column("substitution", "given_on")
