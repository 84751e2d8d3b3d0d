"""The small demo shows everybody something to do, today."""

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import docx
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.demo.conftest import Filled
from workflow_service.app import create_app
from workflow_service.config import Settings
from workflow_service.demo import registry, small
from workflow_service.domain.deadlines import CHINA
from workflow_service.domain.plans import COMMON_ITEMS
from workflow_service.domain.rhythms import Rhythm, RhythmSettings, runs_between
from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.identity.access import actor_by_username
from workflow_service.identity.passwords import verify_password
from workflow_service.services import audit, ledger
from workflow_service.services.context import Actor
from workflow_service.services.files import FileShelf
from workflow_service.store.database import Database
from workflow_service.store.people import User
from workflow_service.store.plans import LibraryResult, Meeting, Plan
from workflow_service.store.runtime import Attachment, Incident, ProcessInstance, Task, TaskHolder
from workflow_service.store.supervision import Bulletin, Notice
from workflow_service.web.formats import plan_light

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


@pytest.mark.parametrize("shift", range(0, 60))
def test_whenever_it_is_filled_the_newest_bulletin_alone_waits_and_one_before_it_is_out(shift: int) -> None:
    calendar = WorkingCalendar.published()
    today = date(2026, 9, 14) + timedelta(days=shift)
    since, newest = small._bulletin_days(calendar, today)
    first, now = datetime.combine(since, datetime.min.time(), CHINA), datetime.combine(today, datetime.max.time(), CHINA)
    runs = [run.due_at.date() for run in runs_between(Rhythm.TEN_DAY, first, now, calendar, RhythmSettings())]
    drafted = [day for day in runs if day < today]
    assert drafted[-1] == newest and len(drafted) >= 2


def test_every_issued_plan_has_its_notice_and_its_text_in_the_library(demo: Database) -> None:
    with demo.transaction() as session:
        issued = set(session.scalars(select(Plan.id).where(Plan.issued_on.is_not(None), Plan.importance != "filed")))
        rows = session.scalars(select(LibraryResult)).all()
        kept = {(row.plan_id, row.kind): row.attachment_id for row in rows}
        shelf = FileShelf.of(session)
        assert issued and {(plan, kind) for plan in issued for kind in ("notice", "plan")} <= set(kept)
        for plan_id in issued:
            for kind in ("notice", "plan"):
                file = session.get_one(Attachment, kept[plan_id, kind])
                assert docx.Document(str(shelf.path_of(file.sha256))).paragraphs, file.name


def test_plans_before_a_decision_have_every_item_of_their_dossier_as_a_file(session: Session) -> None:
    past = select(Task.plan_id).where(Task.element_id == "settle_form")
    for plan_id in set(session.scalars(past)):
        items = session.scalars(select(Attachment.dossier_item).where(Attachment.plan_id == plan_id))
        assert {item.value for item in COMMON_ITEMS} <= set(items)


def test_the_lists_of_plans_and_the_ledger_show_one_light(demo: Database) -> None:
    app = create_app(Settings(secret_key="only-for-tests"), demo, lambda: NOW)
    with app.test_request_context(), demo.transaction() as session:
        lines = ledger.ledger_rows(session, Actor.system("cli"), ledger.LedgerFilter(), as_of=NOW, limit=None).rows
        shown = {line.plan_id: line.light.light if line.light else "none" for line in lines}
        listed = {plan.id: str(plan_light(plan).light) for plan in session.scalars(select(Plan).where(Plan.id.in_(shown)))}
        waiting = select(Plan.id).where(Plan.id.in_(shown), Plan.paused_for != "")
        assert {listed[plan_id] for plan_id in session.scalars(waiting)} == {"grey"}
    assert listed == {plan_id: str(light) for plan_id, light in shown.items()}


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
