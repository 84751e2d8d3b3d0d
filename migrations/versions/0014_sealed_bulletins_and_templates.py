"""Bulletins keep what they ask, what became of the former one and the docx as sent; a released one is sealed. Templates.

Revision 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SEALED = """
CREATE FUNCTION bulletin_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the released bulletin % is archived and never changed', OLD.id USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade() -> None:
    """Add columns and the table; what was released before is sealed as it is, without a stored document."""
    op.add_column(
        "bulletin", sa.Column("asks", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False)
    )
    op.add_column("bulletin", sa.Column("followed", postgresql.JSONB(), nullable=True))
    op.add_column("bulletin", sa.Column("document", sa.LargeBinary(), nullable=True))
    op.execute(SEALED)
    op.execute(
        "CREATE TRIGGER bulletin_sealed BEFORE UPDATE OR DELETE ON bulletin FOR EACH ROW"
        " WHEN (OLD.status = 'released') EXECUTE FUNCTION bulletin_sealed()"
    )
    op.create_table(
        "document_template",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["user_account.id"], name=op.f("fk_document_template_uploaded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_template")),
    )
    op.create_index(
        "ix_document_template_kind", "document_template", ["kind", "id"], postgresql_where=sa.text("retired_at is null")
    )


def downgrade() -> None:
    """Forget templates and what bulletins keep beside their figures."""
    op.drop_table("document_template")
    op.execute("DROP TRIGGER bulletin_sealed ON bulletin")
    op.execute("DROP FUNCTION bulletin_sealed()")
    for column in ("document", "followed", "asks"):
        op.drop_column("bulletin", column)
