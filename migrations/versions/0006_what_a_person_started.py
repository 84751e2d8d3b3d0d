"""An index for the list of what a person started.

Revision 0006, after 0005.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """By person and time."""
    op.create_index("ix_process_instance_started_by", "process_instance", ["started_by", "started_at", "id"])


def downgrade() -> None:
    """Nothing but speed is lost."""
    op.drop_index("ix_process_instance_started_by", "process_instance")
