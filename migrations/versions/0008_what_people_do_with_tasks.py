"""Rounds of others asked, events, substitutes, copies, and what a task keeps of them.

Revision 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and the columns; tasks of before have no rounds."""
    op.create_table(
        "substitution",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("principal_id", sa.BigInteger(), nullable=False),
        sa.Column("substitute_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("processes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("may_decide", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("principal_id <> substitute_id", name=op.f("ck_substitution_two_people")),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_substitution_created_by")),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["user_account.id"], name=op.f("fk_substitution_principal_id")
        ),
        sa.ForeignKeyConstraint(
            ["substitute_id"], ["user_account.id"], name=op.f("fk_substitution_substitute_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_substitution")),
    )
    op.create_index("ix_substitution_principal", "substitution", ["principal_id"], unique=False)
    op.create_index("ix_substitution_substitute", "substitution", ["substitute_id"], unique=False)
    op.create_table(
        "circulation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("link", sa.Text(), server_default="", nullable=False),
        sa.Column("in_order", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("sent_by", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind in ('copy', 'read', 'act', 'tick', 'receipt')", name=op.f("ck_circulation_kind")
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_circulation_instance_id")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_circulation_plan_id")),
        sa.ForeignKeyConstraint(["sent_by"], ["user_account.id"], name=op.f("fk_circulation_sent_by")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_circulation_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circulation")),
    )
    op.create_index("ix_circulation_instance", "circulation", ["instance_id"], unique=False)
    op.create_table(
        "task_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("acted_for", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["acted_for"], ["user_account.id"], name=op.f("fk_task_event_acted_for")),
        sa.ForeignKeyConstraint(["actor_id"], ["user_account.id"], name=op.f("fk_task_event_actor_id")),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_task_event_instance_id")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_event_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_event")),
    )
    op.create_index("ix_task_event_instance", "task_event", ["instance_id", "id"], unique=False)
    op.create_index("ix_task_event_task", "task_event", ["task_id", "kind", "id"], unique=False)
    op.create_table(
        "task_round",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("blocking", sa.Boolean(), nullable=False),
        sa.Column("people", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("begun", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("mode in ('sequence', 'parallel', 'any')", name=op.f("ck_task_round_mode")),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_task_round_created_by")),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_task_round_instance_id")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_round_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_round")),
    )
    op.create_index("ix_task_round_task", "task_round", ["task_id"], unique=False)
    op.create_table(
        "circulation_reader",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("circulation_id", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("turn", sa.SmallInteger(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_by", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["circulation_id"],
            ["circulation.id"],
            name=op.f("fk_circulation_reader_circulation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["read_by"], ["user_account.id"], name=op.f("fk_circulation_reader_read_by")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_circulation_reader_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circulation_reader")),
        sa.UniqueConstraint(
            "circulation_id", "holder", name=op.f("uq_circulation_reader_circulation_id_holder")
        ),
    )
    op.create_index(
        "ix_circulation_reader_holder", "circulation_reader", ["holder", "circulation_id"], unique=False
    )
    op.add_column("task", sa.Column("round_id", sa.BigInteger(), nullable=True))
    op.add_column("task", sa.Column("turn", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("task", sa.Column("held", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("task", sa.Column("rounds", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("task", sa.Column("prefill", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("task", sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("task", sa.Column("opened_by", sa.BigInteger(), nullable=True))
    op.add_column("task", sa.Column("acted_for", sa.BigInteger(), nullable=True))
    op.add_column("task", sa.Column("timeout_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("task", sa.Column("timeout_action", sa.Text(), server_default="", nullable=False))
    op.create_index(
        "ix_task_round", "task", ["round_id"], unique=False, postgresql_where=sa.text("round_id is not null")
    )
    op.create_index(
        "ix_task_timeout",
        "task",
        ["timeout_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'open' and timeout_at is not null"),
    )
    op.create_foreign_key(op.f("fk_task_acted_for"), "task", "user_account", ["acted_for"], ["id"])


def downgrade() -> None:
    """Forget them."""
    op.drop_constraint(op.f("fk_task_acted_for"), "task", type_="foreignkey")
    op.drop_index(
        "ix_task_timeout",
        table_name="task",
        postgresql_where=sa.text("status = 'open' and timeout_at is not null"),
    )
    op.drop_index("ix_task_round", table_name="task", postgresql_where=sa.text("round_id is not null"))
    op.drop_column("task", "timeout_action")
    op.drop_column("task", "timeout_at")
    op.drop_column("task", "acted_for")
    op.drop_column("task", "opened_by")
    op.drop_column("task", "opened_at")
    op.drop_column("task", "prefill")
    op.drop_column("task", "rounds")
    op.drop_column("task", "held")
    op.drop_column("task", "turn")
    op.drop_column("task", "round_id")
    op.drop_index("ix_circulation_reader_holder", table_name="circulation_reader")
    op.drop_table("circulation_reader")
    op.drop_index("ix_task_round_task", table_name="task_round")
    op.drop_table("task_round")
    op.drop_index("ix_task_event_task", table_name="task_event")
    op.drop_index("ix_task_event_instance", table_name="task_event")
    op.drop_table("task_event")
    op.drop_index("ix_circulation_instance", table_name="circulation")
    op.drop_table("circulation")
    op.drop_index("ix_substitution_substitute", table_name="substitution")
    op.drop_index("ix_substitution_principal", table_name="substitution")
    op.drop_table("substitution")
