"""Why a due moment stands still or moved, what a suspended instance is still to hear, and whose a definition is.

Revision 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WAITING = """
INSERT INTO deadline_change (plan_id, instance_id, kind, started_at, due_before)
SELECT DISTINCT ON (p.id) p.id, a.instance_id, 'meeting', a.requested_at,
  (p.due_on + time '17:30') AT TIME ZONE 'Asia/Shanghai'
FROM plan p
JOIN agenda_item a ON a.plan_id = p.id AND a.status = 'waiting'
JOIN subscription s ON s.instance_id = a.instance_id AND s.name = a.message_name AND s.correlation_key = a.id::text
WHERE p.status = 'active' AND p.issued_on IS NULL
  AND NOT EXISTS (SELECT FROM task t WHERE t.plan_id = p.id AND t.status = 'open' AND NOT t.waiting)
ORDER BY p.id, a.requested_at
"""
"""Plans that wait for a meeting while the service is upgraded stand still from the day on which they began to wait."""

DEFINITIONS = ("process_definition", "decision_definition", "form_definition")
"""What was deployed before belongs to all governments together: the one above all of them goes on with it."""


def upgrade() -> None:
    """Add the tables; what waits for a meeting already is taken in."""
    op.create_table(
        "deadline_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("stage", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("working_days", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind in ('meeting', 'answer', 'suspended', 'by_hand')", name=op.f("ck_deadline_change_kind")),
        sa.CheckConstraint("plan_id is not null or task_id is not null", name=op.f("ck_deadline_change_subject")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_deadline_change_plan_id_plan")),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_deadline_change_instance_id_process_instance")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_deadline_change_task_id_task")),
        sa.ForeignKeyConstraint(["actor_id"], ["user_account.id"], name=op.f("fk_deadline_change_actor_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_change")),
    )
    of_plan, of_task = sa.text("task_id is null and stage = ''"), sa.text("task_id is not null")
    op.create_index("ix_deadline_change_plan", "deadline_change", ["plan_id", "started_at"])
    op.create_index("ix_deadline_change_task", "deadline_change", ["task_id", "started_at"], postgresql_where=of_task)
    op.create_index(
        "uq_deadline_change_standing_plan", "deadline_change", ["plan_id"], unique=True,
        postgresql_where=sa.text("ended_at is null and task_id is null and stage = ''"),
    )  # fmt: skip
    op.create_index(
        "uq_deadline_change_standing_task", "deadline_change", ["task_id"], unique=True,
        postgresql_where=sa.text("ended_at is null and task_id is not null"),
    )  # fmt: skip
    op.create_index("ix_deadline_change_started", "deadline_change", ["started_at"], postgresql_where=of_plan)
    op.create_index("ix_deadline_change_ended", "deadline_change", ["ended_at"], postgresql_where=of_plan)
    op.create_index("ix_deadline_change_task_ended", "deadline_change", ["ended_at"], postgresql_where=of_task)
    op.add_column("plan", sa.Column("paused_for", sa.Text(), server_default="", nullable=False))
    op.add_column("task", sa.Column("paused_for", sa.Text(), server_default="", nullable=False))
    op.add_column("subscription", sa.Column("waiting", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute(WAITING)
    op.execute(
        "UPDATE plan SET paused_for = d.kind FROM deadline_change d WHERE d.plan_id = plan.id AND d.ended_at IS NULL"
    )
    op.create_table(
        "held_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("correlation_key", sa.Text(), nullable=True),
        sa.Column("payload", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_held_event_instance_id_process_instance")
        ),
        sa.ForeignKeyConstraint(["sent_by"], ["user_account.id"], name=op.f("fk_held_event_sent_by_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_event")),
    )
    op.create_index("ix_held_event_instance", "held_event", ["instance_id", "id"])
    for table in DEFINITIONS:
        op.add_column(table, sa.Column("area_path", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    """What moved stays moved; why it did, and what was held back, is lost."""
    for table in DEFINITIONS:
        op.drop_column(table, "area_path")
    op.drop_table("held_event")
    op.drop_column("subscription", "waiting")
    op.drop_column("task", "paused_for")
    op.drop_column("plan", "paused_for")
    op.drop_table("deadline_change")
