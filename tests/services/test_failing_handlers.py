"""A service task that fails after having written leaves nothing of it; the next try starts as if it had never run."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.api.test_statements import counting
from tests.people import SYSTEM
from tests.services.catalogue import Catalogue
from tests.services.house import House, user_task
from workflow_service import signals
from workflow_service.domain.errors import InvalidInput
from workflow_service.engine.facts import ServiceWork
from workflow_service.services import processes, topics
from workflow_service.services.execution import Execution
from workflow_service.services.plans import plan_facts
from workflow_service.services.topics import Result
from workflow_service.store.database import send_after_commit
from workflow_service.store.plans import CodeSeries, Plan, PlanEvent

HALF = '<serviceTask id="half" name="half" camunda:type="external" camunda:topic="test.half"/>'
fails = {"now": True}


@pytest.fixture
def half(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bool]]:
    """A handler that writes into three tables, changes the plan, queues a signal, and then may fail."""

    def run(execution: Execution, work: ServiceWork) -> Result:
        plan = execution.plan
        assert plan is not None
        execution.note_plan("issued", {"number": "1号"})
        plan.document_number, plan.stage = "1号", "issue"
        execution.session.merge(CodeSeries(name="half", last=7))
        execution.session.flush()
        send_after_commit(execution.session, signals.plan_issued, plan_id=plan.id)
        if fails["now"]:
            raise InvalidInput("写到一半失败")
        return Result({"number": "1号"})

    topics.known_topics()
    monkeypatch.setitem(topics._handlers, "test.half", run)
    fails["now"] = True
    yield fails


def start(house: House) -> tuple[int, int]:
    house.deploy_chain(user_task("a"), HALF, user_task("b"))
    with house.database.transaction() as session:
        plan = Catalogue.again(session).plan("能源规划", "jb.energy", house.now.date(), level="county")
        run = processes.start_process(
            session, SYSTEM, "p", variables={"plan": plan_facts(plan)}, plan_id=plan.id, now=house.now
        )
        return plan.id, run.id


def written(session: Session, plan_id: int) -> tuple[int, int, str, str]:
    events = session.scalar(select(func.count()).select_from(PlanEvent).where(PlanEvent.kind == "issued")) or 0
    series = session.scalar(select(func.count()).select_from(CodeSeries).where(CodeSeries.name == "half")) or 0
    plan = session.get_one(Plan, plan_id)
    return events, series, plan.document_number, plan.stage


def test_nothing_of_a_failed_handler_stays_and_the_step_before_it_does(house: House, half: dict[str, bool]) -> None:
    plan_id, run = start(house)
    told: list[int] = []
    receiver = signals.plan_issued.connect(lambda sender, plan_id: told.append(plan_id), weak=False)
    try:
        done = house.complete("a")
        assert (done.status, [one.message for one in house.incidents()]) == ("completed", ["写到一半失败"])
        with house.database.transaction() as session:
            assert written(session, plan_id) == (0, 0, "", "drafting")
        assert told == []
        half["now"] = False
        with house.database.transaction() as session:
            processes.retry_incident(session, SYSTEM, house.incidents()[0].id, now=house.now)
        with house.database.transaction() as session:
            assert written(session, plan_id) == (1, 1, "1号", "issue")
        assert told == [plan_id]
    finally:
        signals.plan_issued.disconnect(receiver)
    assert house.waiting() == ["b"] and house.history(run)[-1][0] == "b"


def test_only_a_step_with_a_handler_that_writes_pays_for_the_safety(house: House, half: dict[str, bool]) -> None:
    start(house)
    half["now"] = False

    def savepoints(element: str) -> int:
        with counting(house.database) as found:
            house.complete(element)
        return sum("SAVEPOINT" in statement.upper() for statement in found.statements)

    assert savepoints("a") > 0
    assert savepoints("b") == 0
