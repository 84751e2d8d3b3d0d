"""What pages ask goes by index: no list reads a big table from end to end, however many rows there are."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.store.test_supervision_plans import NOW, filled, scanned
from workflow_service.identity.names import matches, search_keys
from workflow_service.store import bell, inbox, instance_view, notice_list, plan_list, work_lists
from workflow_service.store.database import Database
from workflow_service.store.inbox import InboxFilter
from workflow_service.store.plan_list import PlanFilter
from workflow_service.store.plans import Plan

__all__ = ["filled"]
MINE = InboxFilter(user_id=1, groups=frozenset({"u:1", "g:u1:handler", "g:u2:leader"}))
PROVINCE = PlanFilter(areas=("/330000/",), own_units=frozenset({1}))
QUESTIONS: dict[str, Callable[[Session], Any]] = {
    "the inbox": lambda session: inbox.inbox_page(session, MINE),
    "the inbox further down": lambda session: inbox.inbox_page(session, MINE, after=(NOW, 5)),
    "the inbox of one process": lambda session: inbox.inbox_page(session, InboxFilter(1, MINE.groups, process_key="t")),
    "how much waits": lambda session: inbox.count_inbox(session, MINE),
    "how much is due": lambda session: inbox.count_due(session, MINE, NOW, NOW + timedelta(days=1)),
    "the counts of the frame": lambda session: bell.counts(session, 1, MINE.groups),
    "what was done": lambda session: work_lists.done_page(session, work_lists.DoneFilter(1)),
    "what was started": lambda session: work_lists.started_page(session, 1),
    "plans": lambda session: plan_list.plan_page(session, PROVINCE),
    "plans further down": lambda session: plan_list.plan_page(session, PROVINCE, after=(date(2026, 1, 1), 3)),
    "plans without a date": lambda session: plan_list.plan_page(session, PROVINCE, after=(plan_list.FAR_OFF, 3)),
    "open tasks of a plan": lambda session: plan_list.open_tasks_of(session, 7),
    "events of a plan": lambda session: plan_list.events_of(session, 7),
    "steps of a run": lambda session: instance_view.steps_of(session, 7),
    "incidents": lambda session: instance_view.open_incidents(session, ("/330000/",)),
    "notices": lambda session: notice_list.notices_of(session, 1, unread=True),
}




def test_no_list_reads_a_big_table_from_end_to_end(filled: Database) -> None:
    assert {name: found for name, question in QUESTIONS.items() if (found := scanned(filled, question))} == {}


def test_a_search_goes_by_its_keys(filled: Database) -> None:
    with filled.transaction() as session:
        session.execute(update(Plan).where(Plan.title.like("p1%")).values(keywords=search_keys("能源规划")))
    wanted = PlanFilter(areas=None, words=matches(Plan.keywords, "nygh"))
    assert scanned(filled, lambda session: plan_list.count_plans(session, wanted)) == set()


def test_pages_of_plans_join_without_a_gap_where_dates_end(filled: Database) -> None:
    with filled.transaction() as session:
        kept = [f"p{number}" for number in range(1, 41)]
        session.execute(update(Plan).where(Plan.id % 3 > 0).values(due_on=None))
        session.execute(update(Plan).where(Plan.title.not_in(kept)).values(status="withdrawn"))
        seen: list[int] = []
        after = None
        while page := plan_list.plan_page(session, PROVINCE, after=after, limit=7):
            seen += [plan.id for plan in page]
            after = plan_list.cursor_of(page[-1])
        assert seen == [plan.id for plan in plan_list.plan_page(session, PROVINCE, limit=None)]
        assert len(seen) == len(set(seen)) == 40
