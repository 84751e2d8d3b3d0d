"""Special reports to leaders about a plan; one that was sent is sealed.

Revision 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SEALED = """
CREATE FUNCTION special_report_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the special report % was sent and is never changed', OLD.id USING ERRCODE = 'restrict_violation';
END $$
"""
REFERENCES = (
    ("drafted_by", "user_account"), ("instance_id", "process_instance"), ("organ_unit_id", "unit"), ("plan_id", "plan"),
    ("sent_by", "user_account"),
)  # fmt: skip


def upgrade() -> None:
    """Add the table and its seal."""
    op.create_table(
        "special_report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("area_path", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("organ", sa.Text(), nullable=False),
        sa.Column("organ_unit_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("recipients", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("recipient_names", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("drafted_by", sa.BigInteger(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("status in ('draft', 'sent', 'dropped')", name=op.f("ck_special_report_status")),
        sa.CheckConstraint(
            "status <> 'sent' or (number is not null and sent_at is not null)", name=op.f("ck_special_report_sent")
        ),
        *[
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_special_report_{column}"))
            for column, table in REFERENCES
        ],
        sa.PrimaryKeyConstraint("id", name=op.f("pk_special_report")),
        sa.UniqueConstraint("number", name=op.f("uq_special_report_number")),
    )
    op.create_index(
        "ix_special_report_area_path", "special_report", ["area_path", "id"],
        postgresql_ops={"area_path": "text_pattern_ops"},
    )  # fmt: skip
    op.create_index("ix_special_report_plan", "special_report", ["plan_id", "id"])
    op.create_index("ix_special_report_drafted_by", "special_report", ["drafted_by", "id"])
    op.create_index("ix_special_report_instance", "special_report", ["instance_id"])
    op.execute(SEALED)
    op.execute(
        "CREATE TRIGGER special_report_sealed BEFORE UPDATE OR DELETE ON special_report FOR EACH ROW"
        " WHEN (OLD.status = 'sent') EXECUTE FUNCTION special_report_sealed()"
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("special_report")
    op.execute("DROP FUNCTION special_report_sealed()")
