"""Urging: by whom, how often, and where it is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.people import NOW, SYSTEM
from tests.services.house import House, user_task
from workflow_service.domain.errors import Conflict, Forbidden
from workflow_service.services import processes, urging
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.store.records import AuditRecord
from workflow_service.store.runtime import ProcessInstance


def started(house: House, group: str, by: str = "jb.admin") -> int:
    """A run of one step, started by somebody who does nothing in it; gives the task."""
    house.deploy_chain(user_task("a", group=group))
    with house.database.transaction() as session:
        processes.start_process(
            session, house.actor(by), "p", variables={}, business_key="b", area_path="/330000/330200/330205/", now=NOW
        )
    return house.open()[0].id


def urge(house: House, username: str, task_id: int, minutes: int = 0) -> int:
    with house.database.transaction() as session:
        return urging.urge_task(session, house.actor(username), task_id, "请尽快", now=NOW + timedelta(minutes=minutes))


def offered(house: House, username: str) -> bool:
    (task,) = house.open()
    with house.database.transaction() as session:
        row = session.get_one(ProcessInstance, task.instance_id)
        return urging.may_urge(session, house.actor(username), task, row)


def test_the_starter_and_supervisors_urge_once_an_hour_and_it_stands_in_the_runs_chain(house: House) -> None:
    task_id = started(house, "jb.energy:handler")
    assert [offered(house, one) for one in ("jb.admin", "jb.supervisor", "hs.handler", "hs.admin")] == [True, True, False, False]
    with pytest.raises(Forbidden):
        urge(house, "hs.handler", task_id)
    assert urge(house, "jb.admin", task_id) == 1
    with pytest.raises(Conflict, match="一小时"):
        urge(house, "jb.supervisor", task_id, 59)
    assert urge(house, "jb.supervisor", task_id, 61) == 1
    with house.database.transaction() as session:
        chains = session.scalars(select(AuditRecord.chain).where(AuditRecord.action == "task.urge")).all()
    assert len(chains) == 2 and all(one.startswith("i") for one in chains)


def test_upwards_only_the_office_or_the_registry_urges(house: House) -> None:
    task_id = started(house, "nb.drc:planner")
    with house.database.transaction() as session:
        facts = PersonFacts(username="jb.desk", name="收发")
        add_person(session, SYSTEM, facts, [("jb.drc", "registry"), ("jb.drc", "supervisor")], now=NOW)
    for username in ("jb.admin", "jb.supervisor"):
        assert not offered(house, username)
        with pytest.raises(Forbidden, match="收发"):
            urge(house, username, task_id)
    assert offered(house, "jb.desk") and urge(house, "jb.desk", task_id) == 1
