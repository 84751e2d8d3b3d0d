"""the first tables.

Revision 0001, after nothing.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_chain",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_audit_chain")),
    )
    op.create_table(
        "audit_record",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("business_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_record")),
    )
    op.create_index("ix_audit_record_at", "audit_record", ["recorded_at"], unique=False)
    op.create_index("uq_audit_record_chain_seq", "audit_record", ["chain", "seq"], unique=True)
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_day")),
    )
    op.create_table(
        "code_series",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_code_series")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "route", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index("ix_idempotency_key_created", "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "planning_cycle",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_year", sa.SmallInteger(), nullable=False),
        sa.Column("last_year", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planning_cycle")),
        sa.UniqueConstraint("first_year", name=op.f("uq_planning_cycle_first_year")),
        sa.UniqueConstraint("name", name=op.f("uq_planning_cycle_name")),
    )
    op.create_table(
        "rhythm_run",
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("caught_up", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("cursor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("rhythm", "period", name=op.f("pk_rhythm_run")),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("area_path", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), server_default="", nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("pinyin", sa.Text(), server_default="", nullable=False),
        sa.Column("sort_key", sa.Text(), server_default="", nullable=False),
        sa.Column("keywords", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("document_prefix", sa.Text(), server_default="", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_unit_code")),
    )
    op.create_index("ix_unit_keywords", "unit", ["keywords"], unique=False, postgresql_using="gin")
    op.create_index(op.f("ix_unit_parent_id"), "unit", ["parent_id"], unique=False)
    op.create_index(
        "ix_unit_path", "unit", ["path"], unique=False, postgresql_ops={"path": "text_pattern_ops"}
    )
    op.create_index(
        "uq_unit_area_relation",
        "unit",
        ["area", "relation"],
        unique=True,
        postgresql_where=sa.text("relation <> ''"),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pinyin", sa.Text(), server_default="", nullable=False),
        sa.Column("sort_key", sa.Text(), server_default="", nullable=False),
        sa.Column("keywords", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("mobile", sa.Text(), server_default="", nullable=False),
        sa.Column("password_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("failed_sign_ins", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("language", sa.Text(), server_default="zh", nullable=False),
        sa.Column("theme", sa.Text(), server_default="auto", nullable=False),
        sa.Column("constructed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_sign_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("username", name=op.f("uq_user_account_username")),
    )
    op.create_index(
        "ix_user_account_keywords", "user_account", ["keywords"], unique=False, postgresql_using="gin"
    )
    op.create_index("ix_user_account_sort", "user_account", ["sort_key", "id"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_api_token_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index(op.f("ix_api_token_user_id"), "api_token", ["user_id"], unique=False)
    op.create_table(
        "deployment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("deployed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deployed_by", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["deployed_by"], ["user_account.id"], name=op.f("fk_deployment_deployed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("link", sa.Text(), server_default="", nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_notice_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("user_id", "dedup_key", name=op.f("uq_notice_user_id_dedup_key")),
    )
    op.create_index(
        "ix_notice_unread", "notice", ["user_id"], unique=False, postgresql_where=sa.text("read_at is null")
    )
    op.create_index("ix_notice_user", "notice", ["user_id", "id"], unique=False)
    op.create_table(
        "plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("importance", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("area_path", sa.Text(), nullable=False),
        sa.Column("lead_unit_id", sa.BigInteger(), nullable=False),
        sa.Column("first_year", sa.SmallInteger(), nullable=False),
        sa.Column("last_year", sa.SmallInteger(), nullable=False),
        sa.Column("environmental_review", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("water_review", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("upward_filing", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("needs_party_review", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("ordered_by", sa.Text(), server_default="", nullable=False),
        sa.Column("order_attachment_id", sa.BigInteger(), nullable=True),
        sa.Column("route", sa.Text(), server_default="", nullable=False),
        sa.Column("review_form", sa.Text(), server_default="", nullable=False),
        sa.Column("revision", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.Text(), server_default="applied", nullable=False),
        sa.Column("stage", sa.Text(), server_default="registration", nullable=False),
        sa.Column("applied_on", sa.Date(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("document_number", sa.Text(), server_default="", nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("filing_number", sa.Text(), server_default="", nullable=False),
        sa.Column("merged_into_id", sa.BigInteger(), nullable=True),
        sa.Column("keywords", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "facts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "status in ('applied', 'pending', 'active', 'issued', 'refused', 'merged', 'split', 'withdrawn')",
            name=op.f("ck_plan_status"),
        ),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_plan_created_by")),
        sa.ForeignKeyConstraint(["cycle_id"], ["planning_cycle.id"], name=op.f("fk_plan_cycle_id")),
        sa.ForeignKeyConstraint(["lead_unit_id"], ["unit.id"], name=op.f("fk_plan_lead_unit_id")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["plan.id"], name=op.f("fk_plan_merged_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("code", name=op.f("uq_plan_code")),
    )
    op.create_index(
        "ix_plan_area_path",
        "plan",
        ["area_path", "id"],
        unique=False,
        postgresql_ops={"area_path": "text_pattern_ops"},
    )
    op.create_index("ix_plan_due", "plan", ["due_on", "id"], unique=False)
    op.create_index("ix_plan_keywords", "plan", ["keywords"], unique=False, postgresql_using="gin")
    op.create_index("ix_plan_lead_unit", "plan", ["lead_unit_id"], unique=False)
    op.create_table(
        "post",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), server_default="", nullable=False),
        sa.Column("rank", sa.BigInteger(), server_default=sa.text("100"), nullable=False),
        sa.CheckConstraint(
            "role in ('', 'designer', 'supervisor', 'administrator', 'leader')", name=op.f("ck_post_role")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_post_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
        sa.UniqueConstraint("unit_id", "code", name=op.f("uq_post_unit_id_code")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status in ('pending', 'sent', 'failed')", name=op.f("ck_delivery_status")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_delivery_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("notice_id", "channel", name=op.f("uq_delivery_notice_id_channel")),
    )
    op.create_index(
        "ix_delivery_failed", "delivery", ["id"], unique=False, postgresql_where=sa.text("status = 'failed'")
    )
    op.create_index(
        "ix_delivery_pending",
        "delivery",
        ["next_attempt_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_membership_post_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_membership_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("user_id", "post_id", "since", name=op.f("uq_membership_user_id_post_id_since")),
    )
    op.create_index(op.f("ix_membership_post_id"), "membership", ["post_id"], unique=False)
    op.create_index(op.f("ix_membership_user_id"), "membership", ["user_id"], unique=False)
    op.create_table(
        "plan_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_event_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_event")),
    )
    op.create_index("ix_plan_event_kind_at", "plan_event", ["kind", "at"], unique=False)
    op.create_index("ix_plan_event_plan", "plan_event", ["plan_id", "at", "id"], unique=False)
    op.create_table(
        "resource",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("deployment_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"], name=op.f("fk_resource_deployment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
        sa.UniqueConstraint("deployment_id", "name", name=op.f("uq_resource_deployment_id_name")),
    )
    op.create_table(
        "weekly_report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("progress", sa.Text(), server_default="", nullable=False),
        sa.Column("problems", sa.Text(), server_default="", nullable=False),
        sa.Column("next_steps", sa.Text(), server_default="", nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_weekly_report_plan_id")),
        sa.ForeignKeyConstraint(
            ["reported_by"], ["user_account.id"], name=op.f("fk_weekly_report_reported_by")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_weekly_report_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly_report")),
        sa.UniqueConstraint("plan_id", "week", name=op.f("uq_weekly_report_plan_id_week")),
    )
    op.create_index("ix_weekly_report_unit", "weekly_report", ["unit_id", "week"], unique=False)
    op.create_table(
        "decision_definition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.BigInteger(), nullable=False),
        sa.Column("table", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("deployed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resource.id"], name=op.f("fk_decision_definition_resource_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_definition")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_decision_definition_key_version")),
    )
    op.create_table(
        "form_definition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("resource_id", sa.BigInteger(), nullable=False),
        sa.Column("form_schema", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("deployed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resource.id"], name=op.f("fk_form_definition_resource_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_definition")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_form_definition_key_version")),
    )
    op.create_table(
        "process_definition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.BigInteger(), nullable=False),
        sa.Column("resource_id", sa.BigInteger(), nullable=False),
        sa.Column("bundle", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("problems", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("called", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("deployed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_process_definition_deployment_id")
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resource.id"], name=op.f("fk_process_definition_resource_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_definition")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_process_definition_key_version")),
    )
    op.create_index(
        "ix_process_definition_key_latest", "process_definition", ["key", "version"], unique=False
    )
    op.create_table(
        "process_instance",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("definition_id", sa.BigInteger(), nullable=False),
        sa.Column("definition_key", sa.Text(), nullable=False),
        sa.Column("business_key", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("area_path", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("activity_seq", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("audit_seq", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("audit_head", sa.LargeBinary(), server_default=sa.text("''::bytea"), nullable=False),
        sa.CheckConstraint(
            "status in ('active', 'suspended', 'completed', 'terminated')",
            name=op.f("ck_process_instance_status"),
        ),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["process_definition.id"], name=op.f("fk_process_instance_definition_id")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_process_instance_plan_id")),
        sa.ForeignKeyConstraint(
            ["started_by"], ["user_account.id"], name=op.f("fk_process_instance_started_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_instance")),
    )
    op.create_index(
        op.f("ix_process_instance_business_key"), "process_instance", ["business_key"], unique=False
    )
    op.create_index(
        "ix_process_instance_key_started", "process_instance", ["definition_key", "started_at"], unique=False
    )
    op.create_index(
        "ix_process_instance_open",
        "process_instance",
        ["definition_id"],
        unique=False,
        postgresql_where=sa.text("status in ('active', 'suspended')"),
    )
    op.create_index(op.f("ix_process_instance_plan_id"), "process_instance", ["plan_id"], unique=False)
    op.create_table(
        "activity",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("token", sa.UUID(), nullable=False),
        sa.Column("process_key", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("element_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("flows", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_activity_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
    )
    op.create_index(
        "ix_activity_token",
        "activity",
        ["instance_id", "token"],
        unique=False,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index("uq_activity_instance_seq", "activity", ["instance_id", "seq"], unique=True)
    op.create_table(
        "bulletin",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("area_path", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("figures_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=True),
        sa.Column("number", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.BigInteger(), nullable=True),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_bulletin_instance_id")
        ),
        sa.ForeignKeyConstraint(["released_by"], ["user_account.id"], name=op.f("fk_bulletin_released_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin")),
        sa.UniqueConstraint("area", "period", name=op.f("uq_bulletin_area_period")),
        sa.UniqueConstraint("area", "year", "number", name=op.f("uq_bulletin_area_year_number")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.UUID(), nullable=True),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_incident_instance_id")
        ),
        sa.ForeignKeyConstraint(["resolved_by"], ["user_account.id"], name=op.f("fk_incident_resolved_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(
        "ix_incident_open",
        "incident",
        ["instance_id"],
        unique=False,
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.UUID(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("correlation_key", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_subscription_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_index(
        "ix_subscription_event", "subscription", ["kind", "name", "correlation_key"], unique=False
    )
    op.create_index("ix_subscription_instance", "subscription", ["instance_id"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.UUID(), nullable=False),
        sa.Column("process_key", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("form_key", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("stage", sa.Text(), server_default="", nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("area_path", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("assignee_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "candidate_users", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "candidate_groups", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("priority", sa.SmallInteger(), server_default=sa.text("50"), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("waiting", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("deadline_rule", sa.Text(), server_default="", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("follow_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_by", sa.BigInteger(), nullable=True),
        sa.Column("completed_unit_id", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("opinion", sa.Text(), server_default="", nullable=False),
        sa.Column("submission", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "local",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("status in ('open', 'completed', 'cancelled')", name=op.f("ck_task_status")),
        sa.ForeignKeyConstraint(["assignee_id"], ["user_account.id"], name=op.f("fk_task_assignee_id")),
        sa.ForeignKeyConstraint(["completed_by"], ["user_account.id"], name=op.f("fk_task_completed_by")),
        sa.ForeignKeyConstraint(["completed_unit_id"], ["unit.id"], name=op.f("fk_task_completed_unit_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=op.f("fk_task_instance_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_task_plan_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_task_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    op.create_index(
        "ix_task_done_by",
        "task",
        ["completed_by", "ended_at"],
        unique=False,
        postgresql_where=sa.text("status = 'completed'"),
    )
    op.create_index("ix_task_instance", "task", ["instance_id", "id"], unique=False)
    op.create_index(
        "ix_task_open_due",
        "task",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_task_open_instance",
        "task",
        ["instance_id"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index("ix_task_plan", "task", ["plan_id", "created_at"], unique=False)
    op.create_index(op.f("ix_task_unit_id"), "task", ["unit_id"], unique=False)
    op.create_table(
        "timer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.UUID(), nullable=False),
        sa.Column("process_key", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=op.f("fk_timer_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer")),
    )
    op.create_index("ix_timer_due", "timer", ["due_at", "id"], unique=False)
    op.create_index("ix_timer_instance", "timer", ["instance_id"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("dossier_item", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_attachment_instance_id")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_attachment_plan_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_attachment_task_id")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["user_account.id"], name=op.f("fk_attachment_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index("ix_attachment_instance", "attachment", ["instance_id"], unique=False)
    op.create_index("ix_attachment_plan", "attachment", ["plan_id"], unique=False)
    op.create_table(
        "comment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_comment_instance_id")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_comment_task_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_comment_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
    )
    op.create_index(op.f("ix_comment_instance_id"), "comment", ["instance_id"], unique=False)
    op.create_table(
        "task_draft",
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task.id"], name=op.f("fk_task_draft_task_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_task_draft_user_id")),
        sa.PrimaryKeyConstraint("task_id", "user_id", name=op.f("pk_task_draft")),
    )
    op.create_table(
        "task_holder",
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.Column("claimed_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task.id"], name=op.f("fk_task_holder_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "holder", name=op.f("pk_task_holder")),
    )
    op.create_index("ix_task_holder_all", "task_holder", ["holder", "due_at", "task_id"], unique=False)
    op.create_index(
        "ix_task_holder_inbox",
        "task_holder",
        ["holder", "due_at", "task_id"],
        unique=False,
        postgresql_where=sa.text("claimed_by is null"),
    )
    op.create_table(
        "library_result",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("attachment_id", sa.BigInteger(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachment.id"], name=op.f("fk_library_result_attachment_id")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_library_result_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_result")),
        sa.UniqueConstraint(
            "plan_id", "revision", "kind", name=op.f("uq_library_result_plan_id_revision_kind")
        ),
    )
    op.create_table(
        "meeting",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("area_path", sa.Text(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), server_default="planned", nullable=False),
        sa.Column("minutes_attachment_id", sa.BigInteger(), nullable=True),
        sa.Column("minutes_number", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status in ('planned', 'held', 'cancelled')", name=op.f("ck_meeting_status")),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_meeting_created_by")),
        sa.ForeignKeyConstraint(
            ["minutes_attachment_id"], ["attachment.id"], name=op.f("fk_meeting_minutes_attachment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
    )
    op.create_table(
        "agenda_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("message_name", sa.Text(), nullable=False),
        sa.Column("meeting_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_agenda_item_instance_id")
        ),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_agenda_item_meeting_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_agenda_item_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_item")),
    )
    op.create_index(op.f("ix_agenda_item_instance_id"), "agenda_item", ["instance_id"], unique=False)
    op.create_index("ix_agenda_item_meeting", "agenda_item", ["meeting_id", "position"], unique=False)
    op.create_index(op.f("ix_agenda_item_plan_id"), "agenda_item", ["plan_id"], unique=False)
    op.create_index(
        "ix_agenda_item_pool",
        "agenda_item",
        ["kind", "area"],
        unique=False,
        postgresql_where=sa.text("meeting_id is null and status = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_agenda_item_pool",
        table_name="agenda_item",
        postgresql_where=sa.text("meeting_id is null and status = 'waiting'"),
    )
    op.drop_index(op.f("ix_agenda_item_plan_id"), table_name="agenda_item")
    op.drop_index("ix_agenda_item_meeting", table_name="agenda_item")
    op.drop_index(op.f("ix_agenda_item_instance_id"), table_name="agenda_item")
    op.drop_table("agenda_item")
    op.drop_table("meeting")
    op.drop_table("library_result")
    op.drop_index(
        "ix_task_holder_inbox", table_name="task_holder", postgresql_where=sa.text("claimed_by is null")
    )
    op.drop_index("ix_task_holder_all", table_name="task_holder")
    op.drop_table("task_holder")
    op.drop_table("task_draft")
    op.drop_index(op.f("ix_comment_instance_id"), table_name="comment")
    op.drop_table("comment")
    op.drop_index("ix_attachment_plan", table_name="attachment")
    op.drop_index("ix_attachment_instance", table_name="attachment")
    op.drop_table("attachment")
    op.drop_index("ix_timer_instance", table_name="timer")
    op.drop_index("ix_timer_due", table_name="timer")
    op.drop_table("timer")
    op.drop_index(op.f("ix_task_unit_id"), table_name="task")
    op.drop_index("ix_task_plan", table_name="task")
    op.drop_index("ix_task_open_instance", table_name="task", postgresql_where=sa.text("status = 'open'"))
    op.drop_index("ix_task_open_due", table_name="task", postgresql_where=sa.text("status = 'open'"))
    op.drop_index("ix_task_instance", table_name="task")
    op.drop_index("ix_task_done_by", table_name="task", postgresql_where=sa.text("status = 'completed'"))
    op.drop_table("task")
    op.drop_index("ix_subscription_instance", table_name="subscription")
    op.drop_index("ix_subscription_event", table_name="subscription")
    op.drop_table("subscription")
    op.drop_index("ix_incident_open", table_name="incident", postgresql_where=sa.text("resolved_at is null"))
    op.drop_table("incident")
    op.drop_table("bulletin")
    op.drop_index("uq_activity_instance_seq", table_name="activity")
    op.drop_index("ix_activity_token", table_name="activity", postgresql_where=sa.text("ended_at is null"))
    op.drop_table("activity")
    op.drop_index(op.f("ix_process_instance_plan_id"), table_name="process_instance")
    op.drop_index(
        "ix_process_instance_open",
        table_name="process_instance",
        postgresql_where=sa.text("status in ('active', 'suspended')"),
    )
    op.drop_index("ix_process_instance_key_started", table_name="process_instance")
    op.drop_index(op.f("ix_process_instance_business_key"), table_name="process_instance")
    op.drop_table("process_instance")
    op.drop_index("ix_process_definition_key_latest", table_name="process_definition")
    op.drop_table("process_definition")
    op.drop_table("form_definition")
    op.drop_table("decision_definition")
    op.drop_index("ix_weekly_report_unit", table_name="weekly_report")
    op.drop_table("weekly_report")
    op.drop_table("resource")
    op.drop_index("ix_plan_event_plan", table_name="plan_event")
    op.drop_index("ix_plan_event_kind_at", table_name="plan_event")
    op.drop_table("plan_event")
    op.drop_index(op.f("ix_membership_user_id"), table_name="membership")
    op.drop_index(op.f("ix_membership_post_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(
        "ix_delivery_pending", table_name="delivery", postgresql_where=sa.text("status = 'pending'")
    )
    op.drop_index("ix_delivery_failed", table_name="delivery", postgresql_where=sa.text("status = 'failed'"))
    op.drop_table("delivery")
    op.drop_table("post")
    op.drop_index("ix_plan_lead_unit", table_name="plan")
    op.drop_index("ix_plan_keywords", table_name="plan", postgresql_using="gin")
    op.drop_index("ix_plan_due", table_name="plan")
    op.drop_index("ix_plan_area_path", table_name="plan", postgresql_ops={"area_path": "text_pattern_ops"})
    op.drop_table("plan")
    op.drop_index("ix_notice_user", table_name="notice")
    op.drop_index("ix_notice_unread", table_name="notice", postgresql_where=sa.text("read_at is null"))
    op.drop_table("notice")
    op.drop_table("deployment")
    op.drop_index(op.f("ix_api_token_user_id"), table_name="api_token")
    op.drop_table("api_token")
    op.drop_index("ix_user_account_sort", table_name="user_account")
    op.drop_index("ix_user_account_keywords", table_name="user_account", postgresql_using="gin")
    op.drop_table("user_account")
    op.drop_index("uq_unit_area_relation", table_name="unit", postgresql_where=sa.text("relation <> ''"))
    op.drop_index("ix_unit_path", table_name="unit", postgresql_ops={"path": "text_pattern_ops"})
    op.drop_index(op.f("ix_unit_parent_id"), table_name="unit")
    op.drop_index("ix_unit_keywords", table_name="unit", postgresql_using="gin")
    op.drop_table("unit")
    op.drop_table("setting")
    op.drop_table("rhythm_run")
    op.drop_table("planning_cycle")
    op.drop_index("ix_idempotency_key_created", table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("code_series")
    op.drop_table("calendar_day")
    op.drop_index("uq_audit_record_chain_seq", table_name="audit_record")
    op.drop_index("ix_audit_record_at", table_name="audit_record")
    op.drop_table("audit_record")
    op.drop_table("audit_chain")
