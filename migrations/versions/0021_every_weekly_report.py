"""A second report of a week stands beside the first, so that ledgers of the days between show what they showed.

Revision 0021, after 0020.
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLE, OF_A_WEEK, OF_A_MOMENT = "weekly_report", "uq_weekly_report_plan_id_week", "uq_weekly_report_plan_id_week_reported_at"

OLDER = """
DELETE FROM weekly_report older USING weekly_report newer
WHERE newer.plan_id = older.plan_id AND newer.week = older.week AND newer.reported_at > older.reported_at
"""


def upgrade() -> None:
    """Let a plan have several reports of one week."""
    op.drop_constraint(op.f(OF_A_WEEK), TABLE)
    op.create_unique_constraint(op.f(OF_A_MOMENT), TABLE, ["plan_id", "week", "reported_at"])


def downgrade() -> None:
    """Keep the last report of each week."""
    op.execute(OLDER)
    op.drop_constraint(op.f(OF_A_MOMENT), TABLE)
    op.create_unique_constraint(op.f(OF_A_WEEK), TABLE, ["plan_id", "week"])
