"""What a person does with a task, and what he is refused."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.people import NOW
from tests.services.house import AGREE, House, user_task
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.services import people, tasks
from workflow_service.services.forms import FormErrors
from workflow_service.store.people_queries import memberships_of
from workflow_service.store.runtime import Task, TaskDraft


@pytest.fixture
def task(house: House) -> Task:
    house.deploy_chain(user_task("a", more='approval:deadline="5 working days"'), user_task("b"))
    house.start()
    return house.open()[0]


def test_a_task_is_due_at_the_close_of_its_last_working_day(task: Task) -> None:
    assert (
        task.due_at is not None
        and f"{task.due_at.astimezone(NOW.tzinfo):%Y-%m-%d %H:%M}" == "2025-12-01 17:30"
    )


def test_a_claimed_task_shows_its_group_who_took_it_and_can_be_put_back(house: House, task: Task) -> None:
    actor = house.actor("jb.handler")
    with house.database.transaction() as session:
        tasks.claim_task(session, actor, task.id, now=NOW)
    assert house.holders(task.id) == {"g:jb.energy:handler": actor.user_id, f"u:{actor.user_id}": None}
    with house.database.transaction() as session:
        tasks.unclaim_task(session, actor, task.id, now=NOW)
    assert house.holders(task.id) == {"g:jb.energy:handler": None}


def test_who_is_not_asked_may_neither_claim_nor_finish(house: House, task: Task) -> None:
    stranger = house.actor("hs.handler")
    for command in (
        lambda session: tasks.claim_task(session, stranger, task.id, now=NOW),
        lambda session: tasks.complete_task(session, stranger, task.id, AGREE, now=NOW),
        lambda session: tasks.save_draft(session, stranger, task.id, {}, now=NOW),
    ):
        with pytest.raises(Forbidden), house.database.transaction() as session:
            command(session)


def test_values_that_do_not_fit_are_named_field_by_field_and_nothing_moves(house: House, task: Task) -> None:
    with pytest.raises(FormErrors) as refused, house.database.transaction() as session:
        tasks.complete_task(session, house.actor("jb.handler"), task.id, {"outcome": "?", "x": 1}, now=NOW)
    assert {one["field"] for one in refused.value.details["fields"]} == {"x", "outcome"}
    assert house.waiting() == ["a"]


def test_the_second_to_finish_is_told_who_was_first_and_when(house: House, task: Task) -> None:
    house.complete("a")
    with (
        pytest.raises(Conflict, match="区能源局·经办于2025-11-24 09:00"),
        house.database.transaction() as session,
    ):
        tasks.complete_task(session, house.actor("jb.handler"), task.id, AGREE, now=NOW)


def test_two_at_once_give_one_success_and_one_conflict(house: House, task: Task) -> None:
    house.actor("jb.handler")
    barrier, results = threading.Barrier(2), []

    def finish() -> None:
        barrier.wait()
        try:
            with house.database.transaction() as session:
                tasks.complete_task(session, house.actor("jb.handler"), task.id, AGREE, now=NOW)
            results.append("done")
        except Conflict:
            results.append("conflict")

    threads = [threading.Thread(target=finish) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["conflict", "done"] and house.waiting() == ["b"]


def test_a_draft_is_kept_for_its_writer_alone_and_goes_with_the_task(house: House, task: Task) -> None:
    actor = house.actor("jb.handler")
    with house.database.transaction() as session:
        tasks.save_draft(session, actor, task.id, {"opinion": "写到一半"}, now=NOW)
        tasks.save_draft(session, actor, task.id, {"opinion": "又写了些"}, now=NOW + timedelta(minutes=1))
    with house.database.transaction() as session:
        draft = tasks.draft_of(session, actor, task.id)
        assert draft is not None and draft.values == {"opinion": "又写了些"}
        assert tasks.draft_of(session, house.actor("hs.handler"), task.id) is None
    house.complete("a")
    with house.database.transaction() as session:
        assert session.scalars(select(TaskDraft)).all() == []


def test_a_deadline_set_by_hand_needs_a_reason_a_supervisor_and_a_moment_to_come(
    house: House, task: Task
) -> None:
    supervisor, later = house.actor("jb.supervisor"), NOW + timedelta(days=30)
    with house.database.transaction() as session:
        tasks.set_due(session, supervisor, task.id, later, "等待上级文件", now=NOW)
    assert house.open()[0].due_at == later
    for actor, moment, reason, error in (
        (supervisor, later, " ", InvalidInput),
        (supervisor, NOW - timedelta(days=1), "x", InvalidInput),
        (house.actor("jb.handler"), later, "x", Forbidden),
    ):
        with pytest.raises(error), house.database.transaction() as session:
            tasks.set_due(session, actor, task.id, moment, reason, now=NOW)


@pytest.mark.parametrize("leaving", ["end_membership", "deactivate_person", "transfer_person"])
def test_who_leaves_a_post_leaves_its_tasks_to_the_post(house: House, task: Task, leaving: str) -> None:
    user_id = house.structure.people["jb.handler"]
    with house.database.transaction() as session:
        tasks.claim_task(session, house.actor("jb.handler"), task.id, now=NOW)
        (held,) = memberships_of(session, [user_id], NOW.date())
        arguments = {
            "end_membership": (held.id,),
            "deactivate_person": (user_id,),
            "transfer_person": (held.id, "jb.ecology", "handler"),
        }
        getattr(people, leaving)(session, house.actor("jb.admin"), *arguments[leaving], now=NOW)
    assert house.holders(task.id) == {"g:jb.energy:handler": None}


def test_a_task_asked_by_name_stays_with_the_person_who_leaves_a_post(house: House) -> None:
    house.deploy_chain(user_task("a", group="", more='camunda:assignee="jb.handler"'))
    house.start()
    user_id = house.structure.people["jb.handler"]
    with house.database.transaction() as session:
        (held,) = memberships_of(session, [user_id], NOW.date())
        people.end_membership(session, house.actor("jb.admin"), held.id, now=NOW)
    assert house.holders(house.open()[0].id) == {f"u:{user_id}": None}
