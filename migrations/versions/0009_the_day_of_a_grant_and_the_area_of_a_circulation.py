"""The day on which a substitute was named, so that a post left since ends it; the area whose supervisors see a circulation.

Revision 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; what was before gets the day of its record and the area of its run."""
    op.add_column("substitution", sa.Column("given_on", sa.Date(), nullable=True))
    op.execute("UPDATE substitution SET given_on = CAST(created_at AT TIME ZONE 'Asia/Shanghai' AS date)")
    op.alter_column("substitution", "given_on", nullable=False)
    op.add_column("circulation", sa.Column("area_path", sa.Text(), server_default="", nullable=False))
    op.execute(
        "UPDATE circulation SET area_path = i.area_path FROM process_instance i WHERE i.id = circulation.instance_id"
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_column("circulation", "area_path")
    op.drop_column("substitution", "given_on")
