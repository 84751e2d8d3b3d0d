"""Units and people keep the names that they bore, and a unit that was merged knows which one follows it.

Revision 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


FORMER = "'listed', 'progress', 'asked', 'refused', 'struck_off'"


def upgrade() -> None:
    """Add the table and the column, and a kind of entry for who answers for a listed matter; names borne before are not known and count as the present ones."""
    op.create_table(
        "former_name",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num_nonnulls(unit_id, user_id) = 1", name=op.f("ck_former_name_one_bearer")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_former_name_unit_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_former_name_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_name")),
    )
    for column in ("unit_id", "user_id"):
        op.create_index(
            f"ix_former_name_{column.removesuffix('_id')}", "former_name", [column, "until"],
            postgresql_where=sa.text(f"{column} is not null"),
        )  # fmt: skip
    op.drop_constraint("ck_listed_note_kind", "listed_note")
    op.create_check_constraint(op.f("ck_listed_note_kind"), "listed_note", f"kind in ({FORMER}, 'responsible')")
    op.add_column("unit", sa.Column("successor_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_unit_successor_id"), "unit", "unit", ["successor_id"], ["id"])
    op.create_index("ix_unit_successor", "unit", ["successor_id"], postgresql_where=sa.text("successor_id is not null"))


def downgrade() -> None:
    """Forget former names and who follows whom."""
    op.drop_column("unit", "successor_id")
    op.execute("DELETE FROM listed_note WHERE kind = 'responsible'")
    op.drop_constraint("ck_listed_note_kind", "listed_note")
    op.create_check_constraint(op.f("ck_listed_note_kind"), "listed_note", f"kind in ({FORMER})")
    op.drop_table("former_name")
