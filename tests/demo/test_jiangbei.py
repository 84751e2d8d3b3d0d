"""The mid-term evaluation keeps the objects, phases and dates of docs/domain.md §2.4."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.demo.conftest import Filled
from workflow_service.demo import jiangbei
from workflow_service.domain.deadlines import CHINA
from workflow_service.services import audit
from workflow_service.services.business_clock import stored_moment
from workflow_service.store.database import Database
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Activity, Incident, ProcessInstance, Task

# phase → elements and the days between which the source has them
PHASES = {
    "set-up": (("set_up",), date(2023, 3, 1), date(2023, 3, 31)),
    "drafting": (("draft_report", "first_version", "refresh_data"), date(2023, 4, 1), date(2023, 6, 30)),
    "consultation": (
        ("give_comment", "summarise_comments", "final_version"),
        date(2023, 7, 1),
        date(2023, 9, 30),
    ),
    "review": (("report_to_government",), date(2023, 10, 1), date(2023, 11, 30)),
}


@pytest.fixture(scope="module")
def demo(filled: Filled) -> Iterator[Database]:
    with filled(jiangbei.build) as database:
        yield database


def test_the_objects_are_the_outline_and_seventeen_key_special_plans_all_issued(session: Session) -> None:
    found = session.scalars(select(Plan).order_by(Plan.id)).all()
    assert len(found) == len(jiangbei.objects()) == 18
    assert {plan.title for plan in found} == {one["title"] for one in jiangbei.objects()}
    assert [plan.tier for plan in found].count("1") == 1
    assert {plan.importance for plan in found} == {"key"}
    assert all(plan.issued_on is not None for plan in found)


def test_each_object_is_reported_on_by_its_own_unit(session: Session) -> None:
    reports = _tasks(session, "draft_report")
    assert len(reports) == 18
    assert {task.candidate_groups[0] for task in reports} == {
        f"{one['lead_unit']}:handler" for one in jiangbei.objects()
    }


@pytest.mark.parametrize("phase", PHASES)
def test_each_phase_keeps_to_its_months(session: Session, phase: str) -> None:
    elements, first, last = PHASES[phase]
    for element in elements:
        tasks = _tasks(session, element)
        assert tasks
        for task in tasks:
            assert first <= task.created_at.astimezone(CHINA).date() <= last
            assert task.ended_at is None or task.ended_at.astimezone(CHINA).date() <= last


def test_reports_were_due_at_the_end_of_may_and_late_units_got_a_notice_slip(session: Session) -> None:
    reports = _tasks(session, "draft_report")
    assert {task.due_at.astimezone(CHINA).date() for task in reports if task.due_at} == {date(2023, 5, 31)}
    late = {
        task.candidate_groups[0].partition(":")[0]
        for task in reports
        if task.ended_at and task.ended_at > task.due_at
    }  # type: ignore[operator]
    assert late == jiangbei.LATE_DRAFTS
    slips = [task.submission for task in _tasks(session, "notice_slip")]
    assert {unit for slip in slips if slip for unit in slip["units"]} == jiangbei.LATE_DRAFTS


def test_data_were_refreshed_after_the_half_year_closed_for_all_thirty_indicators(session: Session) -> None:
    first, refreshed = (_tasks(session, element)[0] for element in ("first_version", "refresh_data"))
    assert first.ended_at < refreshed.created_at  # type: ignore[operator]
    assert refreshed.created_at.astimezone(CHINA).date() == date(2023, 6, 30)
    assert refreshed.submission
    assert refreshed.submission["indicators"] == 30


def test_on_20_october_special_plans_are_being_reported_to_the_government(session: Session) -> None:
    assert stored_moment(session) == jiangbei.STANDS_AT
    reports = _tasks(session, "report_to_government")
    assert len(reports) == 17
    assert [task.status for task in reports].count("open") == 5
    waiting = session.scalars(
        select(Activity.element_id).join(ProcessInstance, ProcessInstance.id == Activity.instance_id).where(
            ProcessInstance.definition_key == "midterm_evaluation", Activity.status == "active"
        )
    )  # fmt: skip
    assert "party_review" not in set(waiting)


def test_four_reports_go_to_the_congress_as_annexes() -> None:
    annexes = [one["title"] for one in jiangbei.objects() if one["annex"]]
    assert [title.removeprefix("江北区").removesuffix("“十四五”规划") for title in annexes] == [
        "城市基础设施", "卫生健康事业发展", "农业农村发展", "应急管理事业发展",
    ]  # fmt: skip


def test_the_scheme_names_eight_focuses_and_nine_task_areas() -> None:
    assert (len(jiangbei.FOCUSES), len(jiangbei.TASK_AREAS)) == (8, 9)


def test_nothing_is_stuck_and_the_record_of_it_is_whole(session: Session) -> None:
    assert session.scalars(select(Incident.message)).all() == []
    assert audit.verify(session) == []


def _tasks(session: Session, element_id: str) -> list[Task]:
    statement = select(Task).join(ProcessInstance, ProcessInstance.id == Task.instance_id).where(
        Task.element_id == element_id, ProcessInstance.definition_key == "midterm_evaluation"
    )  # fmt: skip
    return list(session.scalars(statement.order_by(Task.id)))
