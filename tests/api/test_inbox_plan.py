"""The inbox among 100,000 open tasks: every page from index ranges, and the count stops at a thousand."""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from tests.api.callers import ApiHouse
from workflow_service.store import inbox

ROWS = 100_000
BIG = {"task", "task_holder"}
TASKS = r"""
INSERT INTO task (instance_id, token, process_key, element_id, name, kind, area_path, title, candidate_groups, due_at, created_at)
SELECT :instance_id, gen_random_uuid(), 'p' || n % 7, 'a', '任务', 'check', '/330000/', '规划' || n,
  ARRAY['unit' || n % 500 || '\:handler'], CASE WHEN n % 9 > 0 THEN now() + n * interval '1 minute' END, now()
FROM generate_series(1, :rows) AS n
"""
HOLDERS = r"""
INSERT INTO task_holder (task_id, holder, due_at, claimed_by)
SELECT id, 'g\:' || candidate_groups[1], coalesce(due_at, 'infinity'), CASE WHEN id % 11 = 0 THEN 1 END FROM task
WHERE process_key <> 'p'
"""
MINE = frozenset({"u:1", "g:unit1:handler", "g:unit2:handler", "g:unit3:handler"})


@pytest.fixture
def crowd(api: ApiHouse) -> ApiHouse:
    """100,000 open tasks of 500 groups."""
    api.deploy_five_tasks()
    instance_id = api.house.start()
    with api.house.database.transaction() as session:
        session.execute(text(TASKS), {"instance_id": instance_id, "rows": ROWS})
        session.execute(text(HOLDERS))
    with api.house.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE task, task_holder")
    return api


def wanted(**more: Any) -> inbox.InboxFilter:
    return inbox.InboxFilter(user_id=1, groups=MINE, **more)


def scans(api: ApiHouse, question: Any) -> set[str]:
    """Which big tables a question reads from end to end."""
    plans: list[dict[str, Any]] = []

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
        cursor.connection.cursor().execute("SELECT 1")
        found = cursor.connection.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters).fetchone()[0]
        plans.append(json.loads(found) if isinstance(found, str) else found)

    with api.house.database.transaction() as session:
        event.listen(api.house.database.engine, "before_cursor_execute", explain)
        try:
            question(session)
        finally:
            event.remove(api.house.database.engine, "before_cursor_execute", explain)
    assert plans
    return {name for plan in plans for name in sequential(plan[0]["Plan"])} & BIG


def sequential(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for below in node.get("Plans", []):
        yield from sequential(below)


def test_pages_and_counts_never_read_a_whole_table(crowd: ApiHouse) -> None:
    late = datetime.fromisoformat("2025-11-24T09:00:00+08:00")
    for filters in ({}, {"process_key": "p1"}, {"due_before": late}, {"kind": "check"}, {"holder": "groups"}):
        asked = wanted(**filters)
        assert scans(crowd, partial(inbox.inbox_page, wanted=asked)) == set(), filters
        assert scans(crowd, partial(inbox.inbox_page, wanted=asked, after=(late, 5))) == set(), filters
        assert scans(crowd, partial(inbox.count_inbox, wanted=asked)) == set(), filters


def test_the_pages_together_give_every_task_once_in_order(crowd: ApiHouse) -> None:
    seen: list[tuple[Any, int]] = []
    after = None
    with crowd.house.database.transaction() as session:
        while rows := inbox.inbox_page(session, wanted(), after=after, limit=97):
            seen += [(row.task.due_at, row.task.id) for row in rows]
            after = seen[-1]
        total = inbox.count_inbox(session, wanted())
    ids = [task_id for _due, task_id in seen]
    assert len(ids) == len(set(ids)) == total > 500
    dated = [due for due, _id in seen if due is not None]
    assert dated == sorted(dated)
    assert [due for due, _id in seen[len(dated) :]] == [None] * (len(seen) - len(dated))


def test_the_count_stops_at_a_thousand_and_one(crowd: ApiHouse) -> None:
    everything = frozenset(f"g:unit{number}:handler" for number in range(20))
    with crowd.house.database.transaction() as session:
        assert inbox.count_inbox(session, inbox.InboxFilter(user_id=1, groups=everything)) == inbox.COUNT_LIMIT + 1
