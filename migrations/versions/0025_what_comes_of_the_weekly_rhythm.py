"""A special report knows the weekly report's run in which it was begun; the weekly ledger's docx is kept as it was sent.

Revision 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


SEALED = """
CREATE FUNCTION weekly_ledger_document_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the weekly ledger % was sent and is never changed', OLD.id USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade() -> None:
    """Add the column, and the table with its seal; what was sent before was not kept."""
    op.add_column("special_report", sa.Column("origin_instance_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_special_report_origin_instance_id"), "special_report", "process_instance", ["origin_instance_id"], ["id"]
    )
    op.create_index(
        "ix_special_report_origin", "special_report", ["origin_instance_id"],
        postgresql_where=sa.text("origin_instance_id is not null"),
    )  # fmt: skip
    op.create_table(
        "weekly_ledger_document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("area_path", sa.Text(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly_ledger_document")),
        sa.UniqueConstraint("area_path", "week", name=op.f("uq_weekly_ledger_document_area_path_week")),
    )
    op.execute(SEALED)
    op.execute(
        "CREATE TRIGGER weekly_ledger_document_sealed BEFORE UPDATE OR DELETE ON weekly_ledger_document FOR EACH ROW"
        " EXECUTE FUNCTION weekly_ledger_document_sealed()"
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("weekly_ledger_document")
    op.execute("DROP FUNCTION weekly_ledger_document_sealed()")
    op.drop_column("special_report", "origin_instance_id")
