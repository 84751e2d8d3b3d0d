"""The tables of the job queue, at the version of the installed Procrastinate.

Revision 0002, after 0001.
"""

from alembic import op

from workflow_service.store.queue_schema import install_or_upgrade

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Install the queue; a later migration calls the same function when Procrastinate's schema has changed."""
    install_or_upgrade(op.get_bind())


def downgrade() -> None:
    """The queue is left in place: nothing refers to it."""
