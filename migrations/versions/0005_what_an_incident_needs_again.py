"""What a message incident needs to be tried again: the message itself.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Incidents of before keep nothing and are only settled by a retry, as they were."""
    op.add_column("incident", sa.Column("data", JSONB(), nullable=True))


def downgrade() -> None:
    """Forget the messages."""
    op.drop_column("incident", "data")
