"""Later dates asked for, granted and refused, and tasks put before the superior: by whom it may be, with reason, recorded."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.people import SYSTEM
from tests.services.house import House, user_task
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.services import audit, batches, escalating, extensions, people
from workflow_service.services.batches import BatchAction, BatchAsked
from workflow_service.services.people import PersonFacts
from workflow_service.store import deadlines, extension_list
from workflow_service.store.acting import Extension
from workflow_service.store.extension_list import ExtensionFilter
from workflow_service.store.operations import TaskEvent
from workflow_service.store.records import AuditRecord
from workflow_service.store.runtime import Task
from workflow_service.store.supervision import Notice


@pytest.fixture
def at_work(house: House) -> House:
    """A task of the energy bureau due in five working days; the bureau's leader and the commission's are there."""
    with house.database.transaction() as session:
        for name, unit in (("energy.leader", "jb.energy"), ("drc.leader", "jb.drc")):
            made = people.add_person(
                session, SYSTEM, PersonFacts(username=name, name=name), [(unit, "leader")], now=house.now
            )
            house.structure.people[name] = made.user.id
    house.deploy_chain(user_task("fill", more='approval:deadline="5 working days"'))
    house.start()
    return house


def task_of(house: House) -> Task:
    (task,) = house.open()
    return task


def due_of(house: House) -> datetime:
    due = task_of(house).due_at
    assert due is not None
    return due


def ask(house: House, username: str = "jb.handler", days: int = 7, reason: str = "等待省里数据。") -> int:
    task = task_of(house)
    with house.database.transaction() as session:
        wanted = due_of(house) + timedelta(days=days)
        return extensions.ask_for_extension(
            session, house.actor(username), task.id, wanted, reason, now=house.now
        ).id


def history(house: House) -> list[tuple[str, str]]:
    with house.database.transaction() as session:
        return [
            (one.kind, one.reason)
            for one, _person in deadlines.changes_of(session, task_id=task_of(house).id)
        ]


def test_what_is_asked_moves_nothing_until_it_is_granted_and_both_stand_in_the_history(
    at_work: House,
) -> None:
    before = due_of(at_work)
    request = ask(at_work)
    assert due_of(at_work) == before and history(at_work) == [("asked", "等待省里数据。")]
    with at_work.database.transaction() as session:
        extensions.grant_extension(
            session, at_work.actor("jb.supervisor"), request, "同意。", now=at_work.now
        )
    assert due_of(at_work) == before + timedelta(days=7)
    assert history(at_work) == [("asked", "等待省里数据。"), ("extended", "同意。")]
    with at_work.database.transaction() as session:
        changes = [one for one, _person in deadlines.changes_of(session, task_id=task_of(at_work).id)]
        assert (changes[1].due_before, changes[1].due_after) == (before, before + timedelta(days=7))
        told = set(session.scalars(select(Notice.user_id).where(Notice.subject.startswith("同意延期"))))
        assert told == {at_work.structure.people["jb.handler"]} and not list(audit.verify(session))


def test_a_refusal_needs_a_reason_and_leaves_the_date(at_work: House) -> None:
    before, request = due_of(at_work), ask(at_work)
    with at_work.database.transaction() as session, pytest.raises(InvalidInput):
        extensions.refuse_extension(session, at_work.actor("jb.supervisor"), request, " ", now=at_work.now)
    with at_work.database.transaction() as session:
        extensions.refuse_extension(
            session, at_work.actor("jb.supervisor"), request, "不宜再拖。", now=at_work.now
        )
    assert due_of(at_work) == before and history(at_work)[-1] == ("refused", "不宜再拖。")
    with at_work.database.transaction() as session, pytest.raises(Conflict):
        extensions.grant_extension(session, at_work.actor("jb.supervisor"), request, now=at_work.now)
    assert ask(at_work) > request  # asking again is allowed


def test_one_request_at_a_time_and_only_for_a_later_date(at_work: House) -> None:
    with pytest.raises(InvalidInput):
        ask(at_work, days=0)
    with pytest.raises(InvalidInput):
        ask(at_work, reason=" ")
    ask(at_work)
    with pytest.raises(Conflict):
        ask(at_work)


@pytest.mark.parametrize("username", ["jb.supervisor", "hs.handler"])
def test_only_the_handler_asks(at_work: House, username: str) -> None:
    with pytest.raises(Forbidden):
        ask(at_work, username)


@pytest.mark.parametrize("username", ["jb.handler", "jb.admin", "hs.handler", "nb.planner"])
def test_only_supervisors_and_lead_units_decide(at_work: House, username: str) -> None:
    request = ask(at_work)
    with at_work.database.transaction() as session, pytest.raises(Forbidden):
        extensions.grant_extension(session, at_work.actor(username), request, now=at_work.now)


def test_nobody_grants_his_own_request(at_work: House) -> None:
    with at_work.database.transaction() as session:
        made = session.get_one(Extension, extensions_id) if (extensions_id := ask(at_work)) else None
        assert made is not None
        made.asked_by = at_work.structure.people["jb.supervisor"]
    with at_work.database.transaction() as session, pytest.raises(Forbidden):
        extensions.grant_extension(session, at_work.actor("jb.supervisor"), extensions_id, now=at_work.now)


def test_the_list_shows_what_one_decides_or_asked(at_work: House) -> None:
    request = ask(at_work)

    def seen(username: str) -> list[int]:
        actor = at_work.actor(username)
        areas = tuple(path for role, path in actor.roles if role == "supervisor")
        with at_work.database.transaction() as session:
            wanted = ExtensionFilter(areas, actor.unit_ids, actor.user_id)
            return [row.extension.id for row in extension_list.rows(session, wanted)]

    assert seen("jb.supervisor") == seen("jb.handler") == [request] and seen("hs.handler") == []


def escalate(house: House, username: str = "jb.supervisor", reason: str = "多次催办无果。") -> int:
    with house.database.transaction() as session:
        return escalating.escalate_task(
            session, house.actor(username), task_of(house).id, reason, now=house.now
        )


def test_an_escalated_task_is_told_to_the_leader_with_the_reason_and_moves_nothing(at_work: House) -> None:
    before = task_of(at_work)
    assert escalate(at_work) == 1
    with at_work.database.transaction() as session:
        notice = session.scalars(select(Notice).where(Notice.kind == "escalated")).one()
        assert (
            notice.user_id == at_work.structure.people["energy.leader"]
            and notice.body["text"] == "多次催办无果。"
        )
        event = session.scalars(select(TaskEvent).where(TaskEvent.kind == "escalated")).one()
        assert (event.reason, event.task_id) == ("多次催办无果。", before.id)
    assert task_of(at_work).candidate_groups == before.candidate_groups
    with pytest.raises(Conflict):
        escalate(at_work)
    at_work.now += timedelta(days=2)
    assert escalate(at_work) == 1


def test_of_two_who_escalate_at_once_one_is_told_that_it_went_up(at_work: House) -> None:
    there, refused, told = threading.Barrier(2), list[Conflict](), list[int]()

    def try_it() -> None:
        there.wait()
        try:
            told.append(escalate(at_work))
        except Conflict as error:
            refused.append(error)

    both = [threading.Thread(target=try_it) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert told == [1] and len(refused) == 1
    with at_work.database.transaction() as session:
        (record,) = session.scalars(select(AuditRecord).where(AuditRecord.action == "task.escalate"))
        assert record.chain == f"i{task_of(at_work).instance_id}"


def test_what_lies_before_the_leader_goes_to_the_commissions_leader(at_work: House) -> None:
    at_work.deploy_chain(user_task("sign", group="jb.energy:leader"))
    run = at_work.start()
    (task,) = at_work.open(run)
    with at_work.database.transaction() as session:
        assert escalating.superiors_of(session, task, at_work.now) == [at_work.structure.people["drc.leader"]]


@pytest.mark.parametrize("username", ["jb.handler", "jb.admin", "hs.handler"])
def test_only_supervisors_escalate(at_work: House, username: str) -> None:
    with pytest.raises(Forbidden):
        escalate(at_work, username)


def test_escalating_needs_a_reason(at_work: House) -> None:
    with pytest.raises(InvalidInput):
        escalate(at_work, reason=" ")


@pytest.mark.parametrize(
    "action",
    [
        BatchAction.ESCALATE,
        BatchAction.EXTEND,
        BatchAction.REASSIGN,
        BatchAction.SUSPEND,
        BatchAction.TERMINATE,
    ],
)
def test_a_batch_from_the_board_acts_on_each_and_refuses_each_on_its_own(
    at_work: House, action: BatchAction
) -> None:
    task = task_of(at_work)
    asked = BatchAsked(
        action,
        [task.id, 99_999],
        holder=f"u:{at_work.structure.people['energy.leader']}",
        note="督办要求。",
        due_at=due_of(at_work) + timedelta(days=7),
    )
    done = batches.run_batch(
        at_work.database.transaction, at_work.actor("jb.supervisor"), asked, now=at_work.now
    )
    assert [one.refusal is None for one in done] == [True, False]
    refused = batches.run_batch(
        at_work.database.transaction, at_work.actor("jb.handler"), asked, now=at_work.now
    )
    assert all(one.refusal is not None for one in refused)
    with at_work.database.transaction() as session:
        row = session.get_one(Task, task.id)
        status = at_work.instance(row.instance_id).status
        assert {
            BatchAction.EXTEND: row.due_at == asked.due_at,
            BatchAction.REASSIGN: row.assignee_id == at_work.structure.people["energy.leader"],
            BatchAction.SUSPEND: status == "suspended", BatchAction.TERMINATE: status == "terminated",
        }.get(action, True)  # fmt: skip
