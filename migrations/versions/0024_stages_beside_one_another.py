"""A plan may be in several stages at once, on branches of its route; each has a clock of its own.

Revision 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One open row a plan and stage."""
    op.drop_index("uq_stage_deadline_open", "stage_deadline")
    op.create_index(
        "uq_stage_deadline_open", "stage_deadline", ["plan_id", "stage"], unique=True,
        postgresql_where=sa.text("left_at is null"),
    )  # fmt: skip


def downgrade() -> None:
    """One open row a plan: of several, the one entered last stays open."""
    op.execute("""
        UPDATE stage_deadline one SET left_at = later.entered_at
        FROM stage_deadline later
        WHERE one.plan_id = later.plan_id AND one.left_at IS NULL AND later.left_at IS NULL AND later.id > one.id
    """)
    op.drop_index("uq_stage_deadline_open", "stage_deadline")
    op.create_index(
        "uq_stage_deadline_open", "stage_deadline", ["plan_id"], unique=True, postgresql_where=sa.text("left_at is null")
    )
