"""What supervisors do beside the flow: listed matters, notice slips, extensions.

Revision 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

FORMER = "'meeting', 'answer', 'suspended', 'by_hand'"


def upgrade() -> None:
    """Add the tables; a deadline's history has three more kinds."""
    op.drop_constraint("ck_deadline_change_kind", "deadline_change")
    op.create_check_constraint(
        op.f("ck_deadline_change_kind"),
        "deadline_change",
        f"kind in ({FORMER}, 'asked', 'extended', 'refused')",
    )
    op.create_table(
        "listed_matter",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("area_path", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("responsible_id", sa.BigInteger(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("listed_by", sa.BigInteger(), nullable=True),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=True),
        sa.Column("struck_off_by", sa.BigInteger(), nullable=True),
        sa.Column("struck_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("status in ('open', 'asked', 'struck_off')", name=op.f("ck_listed_matter_status")),
        sa.ForeignKeyConstraint(["asked_by"], ["user_account.id"], name=op.f("fk_listed_matter_asked_by")),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_listed_matter_instance_id")
        ),
        sa.ForeignKeyConstraint(["listed_by"], ["user_account.id"], name=op.f("fk_listed_matter_listed_by")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_listed_matter_plan_id")),
        sa.ForeignKeyConstraint(
            ["responsible_id"], ["user_account.id"], name=op.f("fk_listed_matter_responsible_id")
        ),
        sa.ForeignKeyConstraint(
            ["struck_off_by"], ["user_account.id"], name=op.f("fk_listed_matter_struck_off_by")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_listed_matter_task_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_listed_matter_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listed_matter")),
        sa.UniqueConstraint("area", "year", "number", name=op.f("uq_listed_matter_area_year_number")),
    )
    op.create_index(
        "ix_listed_matter_area_path",
        "listed_matter",
        ["area_path", "id"],
        unique=False,
        postgresql_ops={"area_path": "text_pattern_ops"},
    )
    op.create_index("ix_listed_matter_instance", "listed_matter", ["instance_id"], unique=False)
    op.create_index(
        "ix_listed_matter_plan",
        "listed_matter",
        ["plan_id"],
        unique=False,
        postgresql_where=sa.text("plan_id is not null"),
    )
    op.create_table(
        "listed_note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("matter_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "kind in ('listed', 'progress', 'asked', 'refused', 'struck_off')",
            name=op.f("ck_listed_note_kind"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["user_account.id"], name=op.f("fk_listed_note_by_id")),
        sa.ForeignKeyConstraint(["matter_id"], ["listed_matter.id"], name=op.f("fk_listed_note_matter_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_listed_note_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listed_note")),
    )
    op.create_index("ix_listed_note_matter", "listed_note", ["matter_id", "id"], unique=False)
    op.create_table(
        "notice_slip",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("area_path", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("organ", sa.Text(), nullable=False),
        sa.Column("organ_unit_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("answer_wanted", sa.Boolean(), nullable=False),
        sa.Column("copies", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("sent_by", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("circulation_id", sa.BigInteger(), nullable=True),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.BigInteger(), nullable=True),
        sa.Column("superior_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("supervisor_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["user_account.id"], name=op.f("fk_notice_slip_answered_by")
        ),
        sa.ForeignKeyConstraint(
            ["circulation_id"], ["circulation.id"], name=op.f("fk_notice_slip_circulation_id")
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_notice_slip_instance_id")
        ),
        sa.ForeignKeyConstraint(["organ_unit_id"], ["unit.id"], name=op.f("fk_notice_slip_organ_unit_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_notice_slip_plan_id")),
        sa.ForeignKeyConstraint(["sent_by"], ["user_account.id"], name=op.f("fk_notice_slip_sent_by")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_notice_slip_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_slip")),
        sa.UniqueConstraint("number", name=op.f("uq_notice_slip_number")),
    )
    op.create_index(
        "ix_notice_slip_area_path",
        "notice_slip",
        ["area_path", "id"],
        unique=False,
        postgresql_ops={"area_path": "text_pattern_ops"},
    )
    op.create_index(
        "ix_notice_slip_plan",
        "notice_slip",
        ["plan_id"],
        unique=False,
        postgresql_where=sa.text("plan_id is not null"),
    )
    op.create_index("ix_notice_slip_unit", "notice_slip", ["unit_id", "id"], unique=False)
    op.create_table(
        "extension",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("area_path", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_by", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wanted", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("status in ('open', 'granted', 'refused')", name=op.f("ck_extension_status")),
        sa.ForeignKeyConstraint(["asked_by"], ["user_account.id"], name=op.f("fk_extension_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_extension_decided_by")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_extension_plan_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_extension_task_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_extension_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extension")),
    )
    op.create_index("ix_extension_task", "extension", ["task_id", "id"], unique=False)
    op.create_index(
        "uq_extension_open",
        "extension",
        ["task_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )


def downgrade() -> None:
    """Take them away."""
    op.execute("DELETE FROM deadline_change WHERE kind IN ('asked', 'extended', 'refused')")
    op.drop_constraint("ck_deadline_change_kind", "deadline_change")
    op.create_check_constraint(op.f("ck_deadline_change_kind"), "deadline_change", f"kind in ({FORMER})")
    op.drop_index("uq_extension_open", table_name="extension", postgresql_where=sa.text("status = 'open'"))
    op.drop_index("ix_extension_task", table_name="extension")
    op.drop_table("extension")
    op.drop_index("ix_notice_slip_unit", table_name="notice_slip")
    op.drop_index(
        "ix_notice_slip_plan", table_name="notice_slip", postgresql_where=sa.text("plan_id is not null")
    )
    op.drop_index(
        "ix_notice_slip_area_path", table_name="notice_slip", postgresql_ops={"area_path": "text_pattern_ops"}
    )
    op.drop_table("notice_slip")
    op.drop_index("ix_listed_note_matter", table_name="listed_note")
    op.drop_table("listed_note")
    op.drop_index(
        "ix_listed_matter_plan", table_name="listed_matter", postgresql_where=sa.text("plan_id is not null")
    )
    op.drop_index("ix_listed_matter_instance", table_name="listed_matter")
    op.drop_index(
        "ix_listed_matter_area_path",
        table_name="listed_matter",
        postgresql_ops={"area_path": "text_pattern_ops"},
    )
    op.drop_table("listed_matter")
