"""Stages of plans have deadlines of their own, and later dates are asked for stages and whole plans too.

Revision 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OPEN = "status = 'open' and task_id is null"


def upgrade() -> None:
    """Add the table; requests that stand are of tasks."""
    op.create_table(
        "stage_deadline",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_stage_deadline_plan_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=op.f("fk_stage_deadline_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_deadline")),
    )
    op.create_index("ix_stage_deadline_plan", "stage_deadline", ["plan_id", "entered_at"])
    op.create_index(
        "uq_stage_deadline_open", "stage_deadline", ["plan_id"], unique=True, postgresql_where=sa.text("left_at is null")
    )
    op.alter_column("extension", "task_id", nullable=True)
    op.add_column("extension", sa.Column("stage", sa.Text(), server_default="", nullable=False))
    op.create_check_constraint(
        op.f("ck_extension_subject"), "extension", "task_id is not null or plan_id is not null"
    )
    op.create_index(
        "uq_extension_open_plan", "extension", ["plan_id", "stage"], unique=True, postgresql_where=sa.text(OPEN)
    )


def downgrade() -> None:
    """Forget deadlines of stages, and what was asked for stages and plans."""
    op.drop_index("uq_extension_open_plan", "extension")
    op.drop_constraint("ck_extension_subject", "extension")
    op.execute("DELETE FROM extension WHERE task_id IS NULL")
    op.drop_column("extension", "stage")
    op.alter_column("extension", "task_id", nullable=False)
    op.drop_table("stage_deadline")
