"""Migrations give exactly the tables of the code, from an empty database and however many try at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from workflow_service.store import plan_counts, tables
from workflow_service.store.database import Database
from workflow_service.store.queue_schema import install_or_upgrade, installed_version, package_version
from workflow_service.store.schema import migrate, schema_state

NOT_OURS = ("procrastinate_", "job_queue_schema", "alembic_version")


def test_an_empty_database_becomes_what_the_code_describes(empty_url: str) -> None:
    database = Database(empty_url)
    assert migrate(database).is_current
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": _is_ours, "compare_type": True}
        )
        assert compare_metadata(context, tables.metadata) == []
    database.close()


def test_migrating_again_changes_nothing(database: Database) -> None:
    before = schema_state(database)
    assert migrate(database) == before


def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        states = list(pool.map(migrate, databases))
    assert all(state.is_current for state in states)
    for database in databases:
        database.close()


def test_an_interrupted_migration_leaves_the_database_as_it_was(empty_url: str) -> None:
    database = Database(empty_url)
    with database.engine.connect() as connection:
        connection.execute(text("CREATE TABLE task (in_the_way int)"))
        connection.commit()
    try:
        migrate(database)
    except Exception:
        assert inspect(database.engine).get_table_names() == ["task"]
    else:
        raise AssertionError("the migration should have failed")
    finally:
        database.close()


def test_the_job_queue_has_the_schema_of_the_installed_package(database: Database) -> None:
    with database.engine.connect() as connection:
        assert installed_version(connection) == package_version()
        install_or_upgrade(connection)
        connection.rollback()


def _is_ours(thing: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    return kind != "table" or not str(name).startswith(NOT_OURS)


def test_plans_that_were_there_before_their_counters_are_counted_from_their_first_issue(empty_url: str) -> None:
    database = Database(empty_url)
    migrate(database, "0006")
    with database.transaction() as session:
        for statement in A_REVISED_PLAN.split(";\n"):
            session.connection().exec_driver_sql(statement)
    migrate(database)
    with database.transaction() as session:
        assert session.scalar(text("SELECT first_issued_on FROM plan")) == date(2022, 5, 1)
        assert plan_counts.per_day(session, None, date(2024, 1, 1)) == ({date(2022, 5, 1): 1}, {date(2022, 6, 1): 1})
        while plan_counts.add_up(session, date(2024, 1, 1), date(2023, 12, 31)):
            pass
        assert plan_counts.recount(session) == 0
        (row,) = plan_counts.kinds(session, ("/330000/",), date(2024, 1, 1), stages=True)
        assert (row.total, row.issued, row.overdue, row.filed) == (1, 1, 0, 0)
    database.close()


A_REVISED_PLAN = """
INSERT INTO unit (code, name, short_name, level, area, area_path, path)
  VALUES ('u', 'u', 'u', 'province', '330000', '/330000/', 'u/');
INSERT INTO planning_cycle (name, first_year, last_year) VALUES ('十四五', 2021, 2025);
INSERT INTO plan (code, title, cycle_id, category, level, tier, importance, area, area_path, lead_unit_id, first_year, last_year,
    status, stage, registered_on, due_on, issued_on, revision, created_at)
  SELECT 'GH-1', 'p', c.id, 'special', 'province', 'X', 'general', '330000', '/330000/', u.id, 2021, 2025, 'issued',
    'implementation', '2021-01-01', '2022-06-01', '2023-09-01', 1, now() FROM unit u, planning_cycle c;
INSERT INTO plan_event (plan_id, at, kind, data)
  SELECT id, timestamptz '2022-05-01', 'issued', jsonb '{"on": "2022-05-01"}' FROM plan
  UNION ALL SELECT id, timestamptz '2023-09-01', 'issued', jsonb '{"on": "2023-09-01"}' FROM plan
"""


def test_bulletins_from_before_scopes_and_forms_are_about_everything_and_the_released_one_stays_sealed(empty_url: str) -> None:
    database = Database(empty_url)
    migrate(database, "0023")
    with database.transaction() as session:
        for period, status, number in (("2025-11-D1", "released", 1), ("2025-11-D2", "draft", None)):
            values = {"period": period, "status": status, "number": number, "year": number and 2025}
            session.execute(text(A_BULLETIN), values)
    migrate(database)
    with database.transaction() as session:
        rows = session.execute(text("SELECT period, scope, form, document_prefix FROM bulletin ORDER BY period")).all()
        assert [tuple(row) for row in rows] == [("2025-11-D1", "", "briefing", ""), ("2025-11-D2", "", None, "")]
        session.execute(text(A_BULLETIN.replace("(area", "(scope, area").replace("('33", "('unit:a', '33")),
                        {"period": "2025-11-D1", "status": "draft", "number": None, "year": None})  # fmt: skip
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(text("UPDATE bulletin SET form = 'circular' WHERE status = 'released'"))
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(text(A_BULLETIN), {"period": "2025-11-D1", "status": "draft", "number": None, "year": None})
    database.close()


A_BULLETIN = """
INSERT INTO bulletin (area, area_path, period, figures_at, figures, status, number, year, created_at)
VALUES ('330000', '/330000/', :period, now(), '{}', :status, :number, :year, now())
"""
