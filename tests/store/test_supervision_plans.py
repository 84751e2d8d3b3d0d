"""What sweeps and the ledger ask goes by index: no question reads a big table from end to end."""

import re
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from workflow_service.identity.actor import Actor
from workflow_service.scheduler import triggers
from workflow_service.services import digests, ledger, trends
from workflow_service.store import board_queries
from workflow_service.store.database import Database
from workflow_service.store.ledger_queries import Wanted

MANY = 12_000
NOW = datetime(2025, 11, 24, 1, 0, tzinfo=UTC)
BIG = ("plan", "plan_event", "task", "task_holder", "timer", "delivery", "notice")

FILL = f"""
INSERT INTO unit (code, name, short_name, level, area, area_path, path)
  SELECT 'u' || i, 'u' || i, 'u' || i, 'province', '330000', '/330000/', 'u' || i || '/' FROM generate_series(1, 500) i;
INSERT INTO post (unit_id, code, name, role) SELECT id, p, p, '' FROM unit, unnest(ARRAY['handler', 'leader']) p;
INSERT INTO user_account (username, name, created_at) SELECT 'p' || i, 'p' || i, now() FROM generate_series(1, 1000) i;
INSERT INTO membership (user_id, post_id, since)
  SELECT u.id, p.id, '2020-01-01' FROM (SELECT id, row_number() OVER (ORDER BY id) n FROM user_account) u
  JOIN (SELECT id, row_number() OVER (ORDER BY id) n FROM post) p USING (n);
INSERT INTO planning_cycle (name, first_year, last_year) VALUES ('十四五', 2021, 2025);
INSERT INTO plan (code, title, cycle_id, category, level, tier, importance, area, area_path, lead_unit_id, first_year, last_year,
    status, stage, registered_on, due_on, created_at)
  SELECT 'GH-' || i, 'p' || i, (SELECT id FROM planning_cycle), 'special', 'province', 'X', 'general', '330000', '/330000/', u.id,
    2021, 2025, 'active', 'drafting', '2021-01-01', date '2025-01-01' + i % 2000, now()
  FROM generate_series(1, {MANY}) i JOIN (SELECT id, row_number() OVER (ORDER BY id) n FROM unit) u ON u.n = 1 + i % 500;
INSERT INTO plan_event (plan_id, at, kind, data) SELECT id, '2021-01-01', 'registered', '{{}}' FROM plan;
INSERT INTO deployment (name, deployed_at) VALUES ('x', now());
INSERT INTO resource (deployment_id, name, content, sha256) SELECT id, 'x', '', '' FROM deployment;
INSERT INTO process_definition (key, version, name, deployment_id, resource_id, bundle, problems, called, deployed_at)
  SELECT 't', 1, 't', deployment_id, id, '{{}}', '[]', '{{}}', now() FROM resource;
INSERT INTO process_instance (definition_id, definition_key, business_key, plan_id, started_at, state)
  SELECT (SELECT id FROM process_definition), 't', id::text, id, '2021-01-01', '' FROM plan;
INSERT INTO task (instance_id, token, process_key, element_id, name, title, plan_id, area_path, unit_id, candidate_groups,
    due_at, created_at)
  SELECT i.id, gen_random_uuid(), 't', 'a', 'a', p.title, p.id, p.area_path, p.lead_unit_id, ARRAY[u.code || ':handler'],
    timestamptz '2025-11-20' + (p.id % 3000) * interval '1 day', '2021-01-02'
  FROM process_instance i JOIN plan p ON p.id = i.plan_id JOIN unit u ON u.id = p.lead_unit_id;
INSERT INTO task_holder (task_id, holder, due_at) SELECT id, 'g:' || candidate_groups[1], due_at FROM task;
INSERT INTO timer (instance_id, token, process_key, element_id, due_at, rule)
  SELECT id, gen_random_uuid(), 't', 'w', '2030-01-01', '' FROM process_instance;
INSERT INTO notice (user_id, kind, subject, body, dedup_key, created_at)
  SELECT id, 'digest', 's', '{{}}', 'daily:' || day, now() FROM user_account, generate_series(1, 30) day;
INSERT INTO delivery (notice_id, channel, address, message_id, status, next_attempt_at)
  SELECT id, 'email', 'a', 'm', 'sent', '2025-01-01' FROM notice;
"""


@pytest.fixture
def filled(database: Database) -> Iterator[Database]:
    with database.engine.begin() as connection:
        for statement in FILL.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement.replace("%", "%%"))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    yield database


def scanned(database: Database, question: Callable[[Session], object], big: Collection[str] = BIG) -> set[str]:
    """The big tables that a question reads from end to end."""
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        asked.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    with database.transaction() as session:
        question(session)
    event.remove(database.engine, "before_cursor_execute", note)
    found: set[str] = set()
    with database.engine.connect() as connection:
        for statement, parameters in asked:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))
                found |= set(re.findall(r"Seq Scan on (\w+)", plan)) & set(big)
    return found


def test_a_page_of_the_present_ledger_goes_by_due_date(filled: Database) -> None:
    actor = Actor.system("cli")
    assert scanned(filled, lambda session: ledger.ledger_rows(session, actor, as_of=NOW)) == set()
    after = (date(2026, 6, 1), 0)
    assert scanned(filled, lambda session: ledger.ledger_rows(session, actor, as_of=NOW, after=after)) == set()


def test_the_daily_sweep_reads_what_is_due(filled: Database) -> None:
    assert scanned(filled, lambda session: digests.digests_at(session, NOW)) == set()


def test_a_tick_reads_the_heads_of_indexes(filled: Database) -> None:
    waiting = {"now": NOW}
    assert scanned(filled, lambda session: session.execute(triggers._WAITING, waiting)) == set()


def test_late_tasks_of_the_board_go_by_due_moment(filled: Database) -> None:
    from workflow_service.store import late_queries

    until = NOW + timedelta(microseconds=1)
    assert scanned(filled, lambda session: late_queries.late_tasks(session, None, until, 50, counted=1001)) == set()


def test_the_board_of_a_place_and_its_trend_go_by_counters(filled: Database) -> None:
    with filled.transaction() as session:
        while ledger.add_up_counters(session, now=NOW):
            pass
    with filled.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    until = ledger.AsOf.of(NOW).asked
    asked: dict[str, Callable[[Session], object]] = {
        "places": lambda session: board_queries.places(session, until, Wanted(areas=("/330000/",)), "/330000/"),
        "topmost": lambda session: board_queries.places(session, until, Wanted(), "/"),
        "trend": lambda session: trends.trend_of(session, ("/330000/",), "level", ("province",), NOW.date()),
        "unit": lambda session: trends.trend_of(session, ("/330000/",), "unit", ("u7",), NOW.date()),
        "moves": lambda session: board_queries.deadline_histories(session, [1, 2], NOW),
        "stages": lambda session: board_queries.stages_entered(session, [1, 2], NOW),
    }
    big = (*BIG, "plan_count_past")
    assert {name: found for name, question in asked.items() if (found := scanned(filled, question, big))} == {}


def test_the_sweep_s_work_follows_what_is_due(filled: Database) -> None:
    with filled.transaction() as session:
        soon = {"soon": NOW + timedelta(days=3)}
        due = session.scalar(text("SELECT count(*) FROM task WHERE due_at < :soon"), soon)
        plans = session.scalar(text("SELECT count(*) FROM plan WHERE due_on < :soon AND issued_on IS NULL"), soon)
        lines = [line for one in digests.digests_at(session, NOW) for line in one.own]
    assert sum(line.task_id is not None for line in lines) <= (due or 0)
    assert 0 < len({(line.plan_id, line.stage) for line in lines if line.plan_id is not None}) <= (plans or 0)
