"""Who leaves on a day named before leaves his post's tasks on that day."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.people import NOW, SYSTEM
from tests.services.house import House, user_task
from workflow_service.services import tasks
from workflow_service.services.leavers import release_ended_posts
from workflow_service.services.people import end_membership
from workflow_service.store.people import Membership
from workflow_service.store.runtime import Task


def test_a_claimed_task_goes_back_to_the_post_on_the_day_that_its_holder_leaves(house: House) -> None:
    house.deploy_chain(user_task("a"))
    house.start()
    (task,) = house.open()
    leaver, tomorrow = house.actor("jb.handler"), NOW + timedelta(days=1)
    with house.database.transaction() as session:
        tasks.claim_task(session, leaver, task.id, now=NOW)
        held = session.scalars(select(Membership).where(Membership.user_id == leaver.user_id)).one()
        end_membership(session, SYSTEM, held.id, now=NOW, until=tomorrow.date())
    with house.database.transaction() as session:
        assert release_ended_posts(session, now=NOW) == 0
        assert release_ended_posts(session, now=tomorrow) == 1
        assert release_ended_posts(session, now=tomorrow) == 0
    assert house.holders(task.id) == {"g:jb.energy:handler": None}


def test_a_task_that_goes_to_another_while_it_is_put_back_stays_with_him(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.deploy_chain(user_task("a"))
    house.start()
    (task,) = house.open()
    leaver, other = house.actor("jb.handler"), house.actor("jb.supervisor")
    with house.database.transaction() as session:
        tasks.claim_task(session, leaver, task.id, now=NOW)
    lock = tasks.lock_task

    def meanwhile(session: Any, task_id: int, *more: Any) -> Any:
        with house.database.transaction() as another:
            another.get_one(Task, task_id).assignee_id = other.user_id
        return lock(session, task_id, *more)

    monkeypatch.setattr(tasks, "lock_task", meanwhile)
    with house.database.transaction() as session:
        assert tasks.release_tasks(session, SYSTEM, int(leaver.user_id or 0), (), now=NOW) == 0
    assert house.open()[0].assignee_id == other.user_id
