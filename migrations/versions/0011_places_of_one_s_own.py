"""Saved views, phrases, ways to be told, tries of deliveries; opinions and plan codes can be searched.

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from workflow_service.domain.search_keys import text_keys

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ROWS = 2000


def upgrade() -> None:
    """Add the tables; opinions given and codes assigned so far get their keys, some thousand rows at a time."""
    _personal_tables()
    op.create_table(
        "delivery_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_delivery_attempt_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempt")),
    )
    op.create_index("ix_delivery_attempt_delivery", "delivery_attempt", ["delivery_id", "id"])
    op.add_column("task", sa.Column("opinion_keys", postgresql.ARRAY(sa.Text()), nullable=True))
    _give_keys()
    op.create_index(
        "ix_task_opinion_keys", "task", ["opinion_keys"], postgresql_using="gin",
        postgresql_where=sa.text("opinion_keys is not null"),
    )  # fmt: skip
    held = sa.text("held and status = 'open'")
    op.create_index("ix_task_held_assignee", "task", ["assignee_id"], postgresql_where=held)
    op.create_index("ix_task_held_handed_in", "task", ["completed_by"], postgresql_where=held)
    op.create_index("ix_task_draft_user", "task_draft", ["user_id", "saved_at"])
    op.create_index(
        "ix_circulation_reader_unread", "circulation_reader", ["holder"], postgresql_where=sa.text("read_at is null")
    )


def downgrade() -> None:
    """Forget what people set up for themselves, and the keys of opinions."""
    op.drop_index("ix_circulation_reader_unread", "circulation_reader")
    op.drop_index("ix_task_draft_user", "task_draft")
    for name in ("ix_task_held_handed_in", "ix_task_held_assignee", "ix_task_opinion_keys"):
        op.drop_index(name, "task")
    op.drop_column("task", "opinion_keys")
    for table in ("delivery_attempt", "notice_choice", "phrase", "last_filter", "saved_view"):
        op.drop_table(table)


def _personal_tables() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_saved_view_unit_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_saved_view_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index("uq_saved_view_name", "saved_view", ["user_id", "place", "name"], unique=True)
    op.create_index("ix_saved_view_unit", "saved_view", ["unit_id", "place"], postgresql_where=sa.text("unit_id is not null"))
    op.create_table(
        "last_filter",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_last_filter_user_id")),
        sa.PrimaryKeyConstraint("user_id", "place", name=op.f("pk_last_filter")),
    )
    op.create_table(
        "phrase",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("(user_id is null) <> (unit_id is null)", name=op.f("ck_phrase_owner")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_phrase_unit_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_phrase_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phrase")),
    )
    for owner in ("user", "unit"):
        op.create_index(
            f"ix_phrase_{owner}", "phrase", [f"{owner}_id", "position"],
            postgresql_where=sa.text(f"{owner}_id is not null"),
        )  # fmt: skip
    op.create_table(
        "notice_choice",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("channels", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("quiet_from", sa.SmallInteger(), nullable=True),
        sa.Column("quiet_until", sa.SmallInteger(), nullable=True),
        sa.Column("digest_at", sa.SmallInteger(), nullable=True),
        sa.Column("robot_address", sa.Text(), server_default="", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(quiet_from is null) = (quiet_until is null)", name=op.f("ck_notice_choice_quiet")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_notice_choice_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notice_choice")),
    )


def _give_keys() -> None:
    """Opinions by their own text; a plan's keys, which have its title, get those of its code added."""
    _in_portions(
        "SELECT id, opinion FROM task WHERE opinion <> '' AND id > :last ORDER BY id LIMIT :rows",
        "UPDATE task SET opinion_keys = CAST(:keys AS text[]) WHERE id = :id",
    )
    _in_portions(
        "SELECT id, code FROM plan WHERE code IS NOT NULL AND id > :last ORDER BY id LIMIT :rows",
        "UPDATE plan SET keywords = ARRAY(SELECT unnest(keywords) UNION SELECT unnest(CAST(:keys AS text[])) ORDER BY 1)"
        " WHERE id = :id",
    )


def _in_portions(question: str, change: str) -> None:
    connection, last = op.get_bind(), 0
    while rows := connection.execute(sa.text(question), {"last": last, "rows": ROWS}).all():
        last = rows[-1].id
        keyed = [{"id": row.id, "keys": keys} for row in rows if (keys := text_keys(row[1]))]
        if keyed:
            connection.execute(sa.text(change), keyed)
