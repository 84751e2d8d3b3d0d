"""People are away from a day to a day: no digest reaches them meanwhile, and what lies with them alone reaches the superior.

Revision 0027, after 0026.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; the database keeps that nobody is away twice on a day."""
    op.create_table(
        "absence",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("planned_until", sa.Date(), nullable=False),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('leave', 'trip', 'training', 'other')", name=op.f("ck_absence_kind")),
        sa.CheckConstraint("since <= until and until <= planned_until", name=op.f("ck_absence_span")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_absence_user_id")),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_absence_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.execute(
        "ALTER TABLE absence ADD CONSTRAINT ex_absence_one_a_day"
        " EXCLUDE USING gist (int8range(user_id, user_id, '[]') WITH &&, daterange(since, until) WITH &&)"
    )
    op.create_index("ix_absence_user", "absence", ["user_id", "until"])
    op.create_index("ix_absence_until", "absence", ["until"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("absence")
