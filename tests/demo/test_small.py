"""The small demo shows everybody something to do, today."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.demo.conftest import Filled
from workflow_service.demo import registry, small
from workflow_service.domain.deadlines import CHINA
from workflow_service.identity.access import actor_by_username
from workflow_service.identity.passwords import verify_password
from workflow_service.services import audit
from workflow_service.store.database import Database
from workflow_service.store.people import User
from workflow_service.store.plans import Meeting, Plan
from workflow_service.store.runtime import Incident, ProcessInstance, Task, TaskHolder
from workflow_service.store.supervision import Bulletin, Notice

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=CHINA)
LONGEST_SECONDS = 15.0
NO_TASKS_OF_THEIR_OWN = {"zj.drc.designer", "jb.drc.admin"}
took: list[float] = []


@pytest.fixture(scope="module")
def demo(filled: Filled) -> Iterator[Database]:
    began = time.process_time()
    with filled(lambda database: small.build(database, NOW)) as database:
        took.append(time.process_time() - began)
        yield database


def test_it_is_filled_in_seconds(demo: Database) -> None:
    assert took[0] < LONGEST_SECONDS


def test_plans_stand_in_all_stages_and_have_taken_every_route(session: Session) -> None:
    stages = set(session.scalars(select(Plan.stage)))
    assert {"registration", "drafting", "consultation", "coordination", "review", "approval", "issue", "filing",
            "implementation", "closed"} <= stages  # fmt: skip
    routes = set(session.scalars(select(ProcessInstance.definition_key)))
    assert {"people_congress", "government_executive_meeting", "departmental_self_issue", "filing"} <= routes
    outcomes = set(session.scalars(select(Plan.status)))
    assert {"applied", "pending", "active", "issued", "refused", "merged"} <= outcomes


def test_every_level_of_government_has_a_plan(session: Session) -> None:
    assert set(session.scalars(select(Plan.level))) == {"province", "city", "county", "town"}


@pytest.mark.parametrize("username", [name for name, _post, _does in small.SIGN_IN])
def test_everybody_who_is_named_can_sign_in_and_has_something_to_do(session: Session, username: str) -> None:
    user = session.scalars(select(User).where(User.username == username)).one()
    assert user.constructed
    assert verify_password(user.password_hash, registry.PASSWORD)
    actor = actor_by_username(session, username, "web", "", NOW.date())
    held = select(func.count()).select_from(TaskHolder).where(TaskHolder.holder.in_(actor.groups))
    assert session.scalars(held).one() > 0 or username in NO_TASKS_OF_THEIR_OWN


def test_some_tasks_are_due_today_and_some_are_overdue(session: Session) -> None:
    due = session.scalars(select(Task.due_at).where(Task.status == "open", Task.due_at.is_not(None))).all()
    days = [moment.astimezone(CHINA).date() for moment in due if moment]
    assert NOW.date() in days
    assert min(days) < NOW.date() - timedelta(days=1)
    assert max(days) > NOW.date()


def test_meetings_are_planned_and_a_bulletin_waits_for_its_release(session: Session) -> None:
    planned = session.scalars(select(Meeting.kind).where(Meeting.status == "planned")).all()
    assert set(planned) == {"executive_meeting", "people_congress"}
    assert session.scalars(
        select(Task.id).where(Task.element_id == "release_bulletin", Task.status == "open")
    ).first()
    released = session.scalars(select(Bulletin.period).where(Bulletin.status == "released")).all()
    assert set(released) == {"2026-05-D3"}


def test_people_have_been_told(session: Session) -> None:
    assert {"digest", "bulletin", "weekly_ledger"} <= set(session.scalars(select(Notice.kind)))


def test_nothing_is_stuck_and_nothing_lies_in_the_future(session: Session) -> None:
    assert session.scalars(select(Incident.message)).all() == []
    assert session.scalars(select(func.max(ProcessInstance.started_at))).one() <= NOW
    assert session.scalars(select(func.max(Task.ended_at))).one() <= NOW


def test_the_record_of_it_is_whole(session: Session) -> None:
    assert audit.verify(session) == []
