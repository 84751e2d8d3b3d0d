"""Copies, circulations, receipts: read state with time, person and unit; in order or at once; nothing waits for a reader."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.people import NOW, SYSTEM, actor_of
from tests.services.house import House, user_task
from workflow_service.domain.circulations import CirculationKind, due_turns
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.services import audit, bulletins, circulations, processes
from workflow_service.services.circulations import Sending
from workflow_service.store import circulation_list
from workflow_service.store.operations import CirculationReader, TaskEvent
from workflow_service.store.records import AuditRecord
from workflow_service.store.runtime import Task
from workflow_service.store.supervision import Notice

ENERGY, PLANNER = "g:jb.energy:handler", "g:nb.drc:planner"


@pytest.fixture
def task(house: House) -> Task:
    house.deploy_chain(user_task("a", group="jb.drc:supervisor"), user_task("b", group="jb.drc:supervisor"))
    house.start()
    return house.open()[0]


def send(house: House, task: Task, *holders: str, kind: str = "read", **more: Any) -> int:
    sending = Sending(CirculationKind(kind), holders, **more)
    with house.database.transaction() as session:
        actor = house.actor("jb.supervisor")
        return circulations.circulate(session, actor, sending, instance_id=task.instance_id, now=NOW).id


def read(house: House, username: str, circulation_id: int, remark: str = "") -> int:
    with house.database.transaction() as session:
        return len(circulations.mark_read(session, house.actor(username), circulation_id, remark, now=NOW))


def unread(house: House, username: str) -> int:
    with house.database.transaction() as session:
        return circulation_list.count_unread(session, house.actor(username).groups)


def rows(house: House, circulation_id: int) -> list[CirculationReader]:
    with house.database.transaction() as session:
        return [one.reader for one in circulation_list.readers_of(session, [circulation_id])[circulation_id]]


def test_a_reader_is_told_and_his_reading_is_kept_with_time_person_and_unit(house: House, task: Task) -> None:
    found = send(house, task, ENERGY, f"u:{house.structure.people['jb.admin']}", note="请阅")
    assert (unread(house, "jb.handler"), unread(house, "jb.admin"), unread(house, "hs.handler")) == (1, 1, 0)
    assert read(house, "jb.handler", found) == 1 and unread(house, "jb.handler") == 0
    first, second = rows(house, found)
    assert (first.read_at, first.read_by, first.unit_id) == (
        NOW,
        house.structure.people["jb.handler"],
        house.structure.units["jb.energy"],
    )
    assert second.read_at is None
    assert read(house, "jb.handler", found) == 0
    with house.database.transaction() as session:
        notices = session.execute(select(Notice.user_id, Notice.link).where(Notice.kind == "circulation")).all()
        assert {row.user_id for row in notices} == {house.structure.people[one] for one in ("jb.handler", "jb.admin")}
        assert notices[0].link == f"/circulations/{found}"
        assert audit.verify(session) == []


def test_it_blocks_nothing(house: House, task: Task) -> None:
    send(house, task, ENERGY)
    house.complete("a", username="jb.supervisor")
    assert house.waiting() == ["b"]


def test_in_order_the_next_gets_it_when_the_one_before_has_read_it(house: House, task: Task) -> None:
    admin = f"u:{house.structure.people['jb.admin']}"
    found = send(house, task, ENERGY, admin, in_order=True)
    assert unread(house, "jb.admin") == 0
    with pytest.raises(Forbidden):
        read(house, "jb.admin", found)
    read(house, "jb.handler", found)
    assert unread(house, "jb.admin") == 1 and read(house, "jb.admin", found) == 1


@pytest.mark.parametrize(
    ("in_order", "done", "wanted"),
    [(False, [False, False], 2), (True, [False, False], 1), (True, [True, False, False], 2), (True, [True, True], 2)],
)
def test_whose_turn_it_is(in_order: bool, done: list[bool], wanted: int) -> None:
    assert len(due_turns(in_order, done)) == wanted


def test_who_got_it_may_see_the_run_of_another_government(house: House, task: Task) -> None:
    with house.database.transaction() as session:
        stranger = replace(actor_of(session, "hs.handler"), area_paths=("/330000/330200/330203/",))
        with pytest.raises(Forbidden):
            processes.visible_instance(session, stranger, task.instance_id)
    send(house, task, "g:hs.drc:handler")
    with house.database.transaction() as session:
        assert processes.visible_instance(session, stranger, task.instance_id).id == task.instance_id


def test_only_who_sees_a_run_sends_it_and_only_who_got_it_reads_it(house: House, task: Task) -> None:
    sending = Sending(CirculationKind.COPY, [ENERGY])
    with pytest.raises(Forbidden), house.database.transaction() as session:
        circulations.circulate(session, house.actor("hs.handler"), sending, instance_id=task.instance_id, now=NOW)
    found = send(house, task, ENERGY)
    for username in ("jb.admin", "hs.handler", "jb.supervisor"):
        with pytest.raises(Forbidden):
            read(house, username, found)


@pytest.mark.parametrize(
    ("holders", "more", "why"),
    [
        ((), {}, "1 到 200"),
        ((ENERGY, ENERGY), {}, "一次"),
        (("u:99999",), {}, "无人在岗"),
        ((ENERGY,), {"note": "长" * 2001}, "2000"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    house: House, task: Task, holders: tuple[str, ...], more: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        send(house, task, *holders, **more)


def test_what_is_to_be_dealt_with_needs_words(house: House, task: Task) -> None:
    found = send(house, task, ENERGY, kind="act")
    with pytest.raises(InvalidInput, match="办理情况"):
        read(house, "jb.handler", found)
    read(house, "jb.handler", found, "已按要求修改")
    assert rows(house, found)[0].remark == "已按要求修改"


def reminders(session: Any) -> list[bool]:
    """Each record of a reminder: whether it stands in the chain of a run."""
    found = select(AuditRecord.chain).where(AuditRecord.action == "circulation.remind")
    return [chain.startswith("i") for chain in session.scalars(found)]


def test_who_has_not_read_it_is_pushed_by_the_sender_once_an_hour(house: House, task: Task) -> None:
    found = send(house, task, ENERGY, f"u:{house.structure.people['jb.admin']}")
    read(house, "jb.admin", found)
    with house.database.transaction() as session:
        sender = house.actor("jb.supervisor")
        assert circulations.remind_readers(session, sender, found, now=NOW) == 1
        recorded = reminders(session)
        for minutes in (20, 59):
            with pytest.raises(Conflict, match="一小时"):
                circulations.remind_readers(session, sender, found, now=NOW + timedelta(minutes=minutes))
        assert reminders(session) == recorded == [True]
        assert circulations.remind_readers(session, sender, found, now=NOW + timedelta(hours=1)) == 1
        with pytest.raises(Forbidden):
            circulations.remind_readers(session, house.actor("jb.handler"), found, now=NOW)
    read(house, "jb.handler", found)
    with pytest.raises(Conflict), house.database.transaction() as session:
        circulations.remind_readers(session, house.actor("jb.supervisor"), found, now=NOW + timedelta(hours=3))


def test_the_diagram_names_who_gets_a_copy_when_a_step_is_finished(house: House) -> None:
    copies = 'approval:copyTo="jb.energy:handler, drc_above:planner, jb.nowhere:handler"'
    house.deploy_chain(user_task("a", more=copies), user_task("b"))
    instance_id = house.start(variables={"plan": {"jurisdiction": "330205"}})
    house.complete("a")
    assert house.waiting() == ["b"] and unread(house, "nb.planner") == unread(house, "jb.handler") == 1
    with house.database.transaction() as session:
        events = {one.kind: one for one in session.scalars(select(TaskEvent).where(TaskEvent.instance_id == instance_id))}
        assert events["circulated"].data["holders"] == [ENERGY, PLANNER]
        assert "jb.nowhere" in events["copy_failed"].reason


def test_a_bulletin_is_signed_for_by_each_unit_through_one_post(house: House) -> None:
    with house.database.transaction() as session:
        found = bulletins.draft_bulletin(session, "330205", "2025-11-D1", now=NOW)
        bulletins.release_bulletin(session, SYSTEM, found, now=NOW)
        (sent,) = circulation_list.of_link(session, f"/bulletins/{found.id}")
        holders = [one.reader.holder for one in circulation_list.readers_of(session, [sent.id])[sent.id]]
    assert sent.kind == "receipt" and ENERGY in holders and len(holders) == len({one.split(":")[1] for one in holders})
    assert read(house, "jb.handler", sent.id) == 1
    with house.database.transaction() as session:
        assert circulations.readable(session, house.actor("jb.supervisor"), sent.id)[0].id == sent.id
        with pytest.raises(Forbidden):
            circulations.readable(session, house.actor("hs.handler"), sent.id)
