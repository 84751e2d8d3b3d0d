"""Plans are split, merged, withdrawn and re-dated in the catalogue, each change approved and kept.

Revision 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

REFERENCES = (
    ("into_plan_id", "plan"),
    ("order_attachment_id", "attachment"),
    ("instance_id", "process_instance"),
    ("proposed_by", "user_account"),
    ("proposed_unit_id", "unit"),
)


def upgrade() -> None:
    """Add the table, and of each plan the one that it was split from."""
    op.create_table(
        "catalogue_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("area_path", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("plan_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("successors", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), server_default="", nullable=False),
        sa.Column("ordered_by", sa.Text(), server_default="", nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name, _table in REFERENCES),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document_number", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("made_plan_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.CheckConstraint("kind in ('split', 'merge', 'withdraw', 're_date')", name=op.f("ck_catalogue_change_kind")),
        sa.CheckConstraint(
            "status in ('open', 'approved', 'refused', 'withdrawn')", name=op.f("ck_catalogue_change_status")
        ),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_catalogue_change_{name}"))
            for name, table in REFERENCES
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_change")),
    )
    op.create_index(
        "ix_catalogue_change_area_path", "catalogue_change", ["area_path", "id"], postgresql_ops={"area_path": "text_pattern_ops"}
    )
    op.create_index("ix_catalogue_change_plans", "catalogue_change", ["plan_ids"], postgresql_using="gin")
    op.create_index(
        "ix_catalogue_change_into", "catalogue_change", ["into_plan_id"], postgresql_where=sa.text("into_plan_id is not null")
    )
    op.create_index("ix_catalogue_change_instance", "catalogue_change", ["instance_id"])
    op.add_column("plan", sa.Column("split_from_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_plan_split_from_id"), "plan", "plan", ["split_from_id"], ["id"])
    for name in ("split_from", "merged_into"):
        op.create_index(f"ix_plan_{name}", "plan", [f"{name}_id"], postgresql_where=sa.text(f"{name}_id is not null"))


def downgrade() -> None:
    """Forget the changes and what came of what."""
    op.drop_index("ix_plan_merged_into", "plan")
    op.drop_column("plan", "split_from_id")
    op.drop_table("catalogue_change")
