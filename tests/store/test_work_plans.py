"""The lists of one's own work go by index among 100,000 tasks, whatever they are sorted by and searched for."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.store.test_supervision_plans import NOW, filled, scanned
from workflow_service.domain.search_keys import text_keys
from workflow_service.identity.names import match, search_keys
from workflow_service.store import inbox, work_lists
from workflow_service.store.database import Database
from workflow_service.store.inbox import NO_PLAN, SORTS, InboxFilter
from workflow_service.store.work_lists import DoneFilter

__all__ = ["filled"]
MANY = 100_000
FIRST = 1_000_000
ME = FIRST + 7
MINE = InboxFilter(user_id=ME, groups=frozenset({f"u:{ME}", "g:u1:handler", "g:u2:leader"}))
RARE, COMMON = "能耗双控", "同意"

CROWD = f"""
INSERT INTO user_account (id, username, name, created_at) OVERRIDING SYSTEM VALUE
  SELECT {FIRST} + i, 'q' || i, 'q' || i, now() FROM generate_series(0, 999) i;
INSERT INTO task (instance_id, token, process_key, element_id, name, title, plan_id, area_path, created_at, status, ended_at,
    completed_by, opinion, opinion_keys)
  SELECT i.id, gen_random_uuid(), 't', 'b', 'b', 'p' || i.id, i.plan_id, '/330000/', '2021-01-02', 'completed',
    timestamptz '2021-01-03' + n * interval '1 minute', {FIRST} + n % 1000, :common, CAST(:keys AS text[])
  FROM generate_series(1, {MANY}) n JOIN (SELECT id, plan_id, row_number() OVER (ORDER BY id) k FROM process_instance) i
    ON i.k = 1 + n % 12000;
UPDATE task SET opinion = :rare, opinion_keys = CAST(:rare_keys AS text[]) WHERE status = 'completed' AND id % 10000 = 0;
UPDATE plan SET keywords = CAST(:titles AS text[]) WHERE id % 500 = 1;
INSERT INTO task (instance_id, token, process_key, element_id, name, title, area_path, created_at, held, assignee_id)
  SELECT (SELECT min(id) FROM process_instance), gen_random_uuid(), 't', 'h', 'h', 'h', '/330000/', now(), true,
    {FIRST} + n % 1000
  FROM generate_series(1, 5000) n;
INSERT INTO task_draft (task_id, user_id, values, saved_at)
  SELECT id, {FIRST} + id % 1000, '{{}}', now() FROM task WHERE status = 'open';
INSERT INTO circulation (kind, title, sent_at) SELECT 'read', 'x', now() FROM generate_series(1, 20000);
INSERT INTO circulation_reader (circulation_id, holder, turn, delivered_at, read_at)
  SELECT id, 'u:' || ({FIRST} + id % 1000), 0, now(), CASE WHEN id % 3 > 0 THEN now() END FROM circulation;
"""


@pytest.fixture
def crowd(filled: Database) -> Iterator[Database]:
    values = {
        "common": "同意。", "keys": text_keys("同意。"), "rare": f"{RARE}目标偏高", "rare_keys": text_keys(f"{RARE}目标偏高"),
        "titles": search_keys("能源规划", "GH-2021-330200-ZX-0001"),
    }  # fmt: skip
    with filled.engine.begin() as connection:
        for statement in CROWD.split(";\n"):
            if statement.strip():
                _run(connection, statement, values)
    with filled.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    yield filled


def _run(connection: Any, statement: str, values: dict[str, Any]) -> None:
    from sqlalchemy import text

    asked = text(statement)
    connection.execute(asked, {name: value for name, value in values.items() if f":{name}" in statement})


def searched(typed: str, sort: str = "due") -> InboxFilter:
    return InboxFilter(MINE.user_id, MINE.groups, match=match(typed), typed=typed, sort=sort)


def done(typed: str = "") -> DoneFilter:
    return DoneFilter(ME, match=match(typed), typed=typed)


QUESTIONS: dict[str, Callable[[Session], Any]] = {
    **{f"the inbox by {sort}": partial(inbox.inbox_page, wanted=InboxFilter(ME, MINE.groups, sort=sort)) for sort in SORTS},
    "the inbox by arrival, further down": partial(
        inbox.inbox_page, wanted=InboxFilter(ME, MINE.groups, sort="arrival"), after=(5000, 5000)
    ),
    "the inbox by plan, backwards": partial(
        inbox.inbox_page, wanted=InboxFilter(ME, MINE.groups, sort="plan"), after=(NO_PLAN, 5000), backwards=True
    ),
    "a rare word in the inbox": partial(inbox.inbox_page, wanted=searched(RARE)),
    "a common word in the inbox": partial(inbox.inbox_page, wanted=searched(COMMON, "arrival")),
    "a title in the inbox": partial(inbox.inbox_page, wanted=searched("nygh", "plan")),
    "how many have the word": partial(inbox.count_inbox, wanted=searched(COMMON)),
    "what was done": partial(work_lists.done_page, wanted=done()),
    "what was done, further down": partial(work_lists.done_page, wanted=done(), after=(NOW, 5)),
    "how much was done": partial(work_lists.count_done, wanted=done()),
    "a rare opinion among what was done": partial(work_lists.done_page, wanted=done(RARE)),
    "a common opinion among what was done": partial(work_lists.done_page, wanted=done(COMMON)),
    "a plan code among what was done": partial(work_lists.count_done, wanted=done("GH-2021-330200-ZX-0001")),
    "what waits for others": lambda session: work_lists.held_page(session, ME),
    "drafts": lambda session: work_lists.drafts_page(session, ME),
    "the counts of the tabs": lambda session: work_lists.tab_counts(session, ME, MINE.groups),
    "what was started": lambda session: work_lists.started_page(session, ME, status="active", match=match("nygh")),
}
BIG = {"plan", "task", "task_holder", "task_draft", "process_instance", "circulation", "circulation_reader"}


def test_no_list_of_one_s_own_work_reads_a_big_table_from_end_to_end(crowd: Database) -> None:
    found = {name: read for name, question in QUESTIONS.items() if (read := scanned(crowd, question, BIG))}
    assert found == {}


def test_searches_find_and_sorts_follow_one_another_without_a_gap(crowd: Database) -> None:
    with crowd.transaction() as session:
        assert {row.task.completed_by for row in work_lists.done_page(session, done(COMMON))} == {ME}
        assert work_lists.count_done(session, done(COMMON)) == 100
        for sort in SORTS:
            wanted = InboxFilter(ME, MINE.groups, sort=sort)
            whole = [row.task.id for row in inbox.inbox_page(session, wanted, limit=None)]
            seen: list[int] = []
            after = None
            while page := inbox.inbox_page(session, wanted, after=after, limit=7):
                seen += [row.task.id for row in page]
                after = inbox.cursor_of(page[-1], sort)
            assert seen == whole and len(set(whole)) == len(whole) == inbox.count_inbox(session, wanted) > 20, sort
            middle = inbox.inbox_page(session, wanted, limit=9)[8]
            before = inbox.inbox_page(session, wanted, after=inbox.cursor_of(middle, sort), limit=1, backwards=True)
            assert before[0].task.id == whole[7], sort


def test_what_is_due_before_several_moments_is_counted_as_for_each_alone(crowd: Database) -> None:
    with crowd.transaction() as session:
        due = [row.task.due_at for row in inbox.inbox_page(session, MINE, limit=None) if row.task.due_at is not None]
        moments = [due[0], due[len(due) // 2], due[-1] + timedelta(days=1)]
        alone = [inbox.count_inbox(session, InboxFilter(ME, MINE.groups, due_before=moment)) for moment in moments]
        assert inbox.count_due(session, MINE, *moments) == alone
        assert inbox.count_due(session, InboxFilter(ME, frozenset(), holder="substitute"), *moments) == [0] * 3
    assert alone[0] == 0 < alone[1] < alone[2] == len(due)
