"""Counters of the plans in the catalogue, kept by triggers, and the day on which a plan was first issued.

Revision 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KIND = ("lead_unit_id", "level", "tier", "importance", "category", "stage")

# A revised plan counts as issued from its first issue.
FIRST_ISSUE = """
CREATE FUNCTION plan_first_issue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.first_issued_on := least(NEW.first_issued_on, NEW.issued_on);
  RETURN NEW;
END $$
"""
FACTS = """
SELECT area_path, lead_unit_id, level, tier, importance, category, stage, registered_on, due_on, first_issued_on,
  filed_on IS NOT NULL AS filed, paused_for <> '' AS stands
"""
IN_CATALOGUE = "WHERE status IN ('active', 'issued') AND registered_on IS NOT NULL"
ENTRY = """
INSERT INTO plan_count_entry
  (area_path, lead_unit_id, level, tier, importance, category, stage, registered_on, due_on, issued_on, filed, stands, number)
SELECT area_path, lead_unit_id, level, tier, importance, category, stage, registered_on, due_on, first_issued_on, filed,
  stands, sum(number)
FROM ({rows}) AS changed
GROUP BY area_path, lead_unit_id, level, tier, importance, category, stage, registered_on, due_on, first_issued_on, filed, stands
HAVING sum(number) <> 0
"""
NEW_ROWS = f"{FACTS}, 1 AS number FROM new_rows {IN_CATALOGUE}"
OLD_ROWS = f"{FACTS}, -1 AS number FROM old_rows {IN_CATALOGUE}"
COUNTED = """
CREATE FUNCTION plan_counted_{when}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {entry};
  RETURN NULL;
END $$
"""
TRIGGERS = {
    "insert": (NEW_ROWS, "NEW TABLE AS new_rows"),
    "update": (f"{NEW_ROWS} UNION ALL {OLD_ROWS}", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
    "delete": (OLD_ROWS, "OLD TABLE AS old_rows"),
}


def upgrade() -> None:
    """The plans that are there are entered like new ones; the job that adds up finds them."""
    op.add_column("plan", sa.Column("first_issued_on", sa.Date))
    op.execute("""
        UPDATE plan SET first_issued_on = least(issued_on, (
          SELECT min((e.data->>'on')::date) FROM plan_event e WHERE e.plan_id = plan.id AND e.kind = 'issued'))
        WHERE issued_on IS NOT NULL OR revision > 0
    """)
    op.create_index("ix_plan_registered", "plan", ["registered_on"])
    op.create_index("ix_plan_first_issued", "plan", ["first_issued_on"])
    _create_tables()
    op.execute(FIRST_ISSUE)
    op.execute(
        "CREATE TRIGGER plan_first_issue BEFORE INSERT OR UPDATE OF issued_on ON plan"
        " FOR EACH ROW EXECUTE FUNCTION plan_first_issue()"
    )
    for when, (rows, tables) in TRIGGERS.items():
        op.execute(COUNTED.format(when=when, entry=ENTRY.format(rows=rows)))
        op.execute(
            f"CREATE TRIGGER plan_counted_{when} AFTER {when.upper()} ON plan REFERENCING {tables}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION plan_counted_{when}()"
        )
    op.execute(ENTRY.format(rows=NEW_ROWS.replace("new_rows", "plan")))
    op.execute("INSERT INTO plan_count_day (name, day) VALUES ('today', CURRENT_DATE), ('period', CURRENT_DATE)")


def _create_tables() -> None:
    op.create_table(
        "plan_count_day",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
    )
    op.create_table(
        "plan_count_entry",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("area_path", sa.Text, nullable=False),
        *_kind(),
        sa.Column("registered_on", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date),
        sa.Column("issued_on", sa.Date),
        sa.Column("filed", sa.Boolean, nullable=False),
        sa.Column("stands", sa.Boolean, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
    )
    op.create_table(
        "plan_count",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("area_path", sa.Text, primary_key=True),
        *_kind(primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("total", "issued", "overdue", "filed")),
    )
    op.create_table(
        "plan_day_count",
        sa.Column("area_path", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("due", "issued")),
    )
    # emptied all the time, and read by every board
    op.execute(
        "ALTER TABLE plan_count_entry SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)"
    )


def _kind(**options: bool) -> list[sa.Column[object]]:
    return [
        sa.Column(name, sa.BigInteger if name == "lead_unit_id" else sa.Text, nullable=False, **options) for name in KIND
    ]


def downgrade() -> None:
    """Everything can be counted again."""
    for when in TRIGGERS:
        op.execute(f"DROP TRIGGER plan_counted_{when} ON plan")
        op.execute(f"DROP FUNCTION plan_counted_{when}()")
    op.execute("DROP TRIGGER plan_first_issue ON plan")
    op.execute("DROP FUNCTION plan_first_issue()")
    for table in ("plan_day_count", "plan_count", "plan_count_entry", "plan_count_day"):
        op.drop_table(table)
    op.drop_index("ix_plan_first_issued", "plan")
    op.drop_index("ix_plan_registered", "plan")
    op.drop_column("plan", "first_issued_on")
