"""Others asked on behalf of a task: each relation and each order, what it does to the asking task, and dissent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.people import NOW, PASSWORD, SYSTEM
from tests.services.house import AGREE, House, user_task
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.domain.rounds import Relation, RoundMode
from workflow_service.services import (
    interventions,
    navigation,
    people,
    processes,
    rounds,
    taking_out,
    tasks,
    transfers,
)
from workflow_service.services.navigation import ReturnAsked
from workflow_service.services.people import PersonFacts
from workflow_service.services.recipients import Asked
from workflow_service.services.rounds import RoundAsked
from workflow_service.services.transfers import TransferAsked
from workflow_service.store.operations import TaskEvent, TaskRound
from workflow_service.store.people import User
from workflow_service.store.runtime import Task
from workflow_service.store.supervision import Notice

YES, NO = {"outcome": "agree", "opinion": "可以"}, {"outcome": "disagree", "opinion": "不妥"}


@pytest.fixture
def task(house: House) -> Task:
    house.deploy_chain(user_task("a"), user_task("b"), user_task("c"))
    house.start()
    house.complete("a")
    return main(house)


def main(house: House) -> Task:
    return next(one for one in house.open() if one.round_id is None)


def sides(house: House) -> list[Task]:
    return [one for one in house.open() if one.round_id is not None]


def person(house: House, username: str) -> Asked:
    return Asked(f"u:{house.structure.people[username]}")


def ask(
    house: House, relation: Relation, *usernames: str, mode: RoundMode = RoundMode.PARALLEL, **more: Any
) -> TaskRound:
    asked = RoundAsked(relation, [person(house, one) for one in usernames], mode, **more)
    with house.database.transaction() as session:
        return rounds.begin_round(session, house.actor("jb.handler"), main(house).id, asked, now=NOW)


def answer(house: House, username: str, values: dict[str, Any] = YES) -> None:
    side = next(one for one in sides(house) if one.assignee_id == house.structure.people[username])
    with house.database.transaction() as session:
        tasks.complete_task(session, house.actor(username), side.id, values, now=NOW)


def test_signers_added_before_hold_the_task_until_all_have_signed(house: House, task: Task) -> None:
    ask(house, Relation.BEFORE, "jb.supervisor", "jb.admin", note="请把关")
    assert main(house).held and house.holders(task.id) == {} and len(sides(house)) == 2
    with pytest.raises(Conflict, match="等其他人"):
        house.complete("b")
    answer(house, "jb.supervisor")
    assert main(house).held
    answer(house, "jb.admin", NO)
    held = main(house)
    assert not held.held and held.assignee_id == house.structure.people["jb.handler"]
    house.complete("b")
    assert house.waiting() == ["c"]


def test_in_order_the_next_is_asked_when_the_one_before_has_signed(house: House, task: Task) -> None:
    ask(house, Relation.BEFORE, "jb.supervisor", "jb.admin", mode=RoundMode.SEQUENCE)
    assert [one.turn for one in sides(house)] == [0]
    answer(house, "jb.supervisor")
    assert [one.turn for one in sides(house)] == [1]
    answer(house, "jb.admin")
    assert sides(house) == [] and not main(house).held


def test_of_any_one_the_first_is_enough_and_the_others_are_told(house: House, task: Task) -> None:
    ask(house, Relation.BEFORE, "jb.supervisor", "jb.admin", mode=RoundMode.ANY)
    answer(house, "jb.admin")
    assert sides(house) == [] and not main(house).held
    with house.database.transaction() as session:
        told = session.scalars(select(Notice.user_id).where(Notice.kind == "task_ended")).all()
    assert told == [house.structure.people["jb.supervisor"]]


def test_signers_added_after_sign_when_it_was_handed_in_and_then_it_goes_on_as_his_work(
    house: House, task: Task
) -> None:
    ask(house, Relation.AFTER, "jb.supervisor", "jb.admin", mode=RoundMode.SEQUENCE)
    assert sides(house) == [] and not main(house).held
    house.complete("b", {"outcome": "agree", "opinion": "我的意见"})
    assert house.waiting() == ["b", "b"] and main(house).held
    answer(house, "jb.supervisor")
    answer(house, "jb.admin")
    assert house.waiting() == ["c"]
    with house.database.transaction() as session:
        done = session.get_one(Task, task.id)
        assert (done.status, done.completed_by, done.opinion) == (
            "completed",
            house.structure.people["jb.handler"],
            "我的意见",
        )


def test_a_dissent_after_it_was_handed_in_brings_it_back_with_what_was_written(
    house: House, task: Task
) -> None:
    ask(house, Relation.AFTER, "jb.supervisor")
    house.complete("b", {"outcome": "agree", "opinion": "我的意见"})
    answer(house, "jb.supervisor", NO)
    back = main(house)
    assert (back.id, back.held, back.submission, back.prefill) == (
        task.id,
        False,
        None,
        {"outcome": "agree", "opinion": "我的意见"},
    )
    house.complete("b")
    assert house.waiting() == ["c"]


@pytest.mark.parametrize("handler_first", [True, False])
def test_signers_who_sign_together_with_the_handler_are_waited_for(
    house: House, task: Task, handler_first: bool
) -> None:
    ask(house, Relation.TOGETHER, "jb.supervisor")
    assert not main(house).held
    if handler_first:
        house.complete("b")
        assert main(house).held
        answer(house, "jb.supervisor")
    else:
        answer(house, "jb.supervisor")
        house.complete("b")
    assert house.waiting() == ["c"]


def test_a_delegate_fills_the_form_and_the_task_comes_back_with_his_result(house: House, task: Task) -> None:
    ask(house, Relation.DELEGATE, "jb.supervisor", note="请代拟")
    (side,) = sides(house)
    assert (side.form_key, side.name) == (task.form_key, task.name) and main(house).held
    answer(house, "jb.supervisor", {"outcome": "agree", "opinion": "代拟的意见"})
    assert main(house).prefill == {"outcome": "agree", "opinion": "代拟的意见"} and not main(house).held
    house.complete("b")
    assert house.waiting() == ["c"]


@pytest.mark.parametrize("blocking", [True, False])
def test_co_handlers_have_their_own_deadlines_and_are_waited_for_or_not(
    house: House, task: Task, blocking: bool
) -> None:
    due = NOW + timedelta(days=3)
    who = [Asked(f"u:{house.structure.people['jb.supervisor']}", due), Asked("g:jb.energy:handler")]
    with house.database.transaction() as session:
        asked = RoundAsked(Relation.CO_HANDLE, who, blocking=blocking)
        rounds.begin_round(session, house.actor("jb.handler"), task.id, asked, now=NOW)
    assert [one.due_at for one in sides(house)] == [due, task.due_at]
    house.complete("b")
    if blocking:
        assert main(house).held
        answer(house, "jb.supervisor", {"outcome": "done", "opinion": "已提供数据"})
        group = next(one for one in sides(house))
        with house.database.transaction() as session:
            tasks.complete_task(
                session, house.actor("jb.handler"), group.id, {"outcome": "done", "opinion": "好"}, now=NOW
            )
    assert house.waiting() == ["c"] and sides(house) == []


@pytest.mark.parametrize(
    ("relation", "values"),
    [(Relation.CONSULT, {"opinion": "以 2025 年为准"}), (Relation.CO_HANDLE, {"outcome": "done", "opinion": "好"})],
)
def test_who_was_consulted_by_somebody_asked_is_asked_no_more_once_that_one_has_answered(
    house: House, task: Task, relation: Relation, values: dict[str, Any]
) -> None:
    ask(house, relation, "jb.supervisor")
    (side,) = sides(house)
    asked = RoundAsked(Relation.CONSULT, [person(house, "jb.admin")])
    with house.database.transaction() as session:
        rounds.begin_round(session, house.actor("jb.supervisor"), side.id, asked, now=NOW)
    answer(house, "jb.supervisor", values)
    assert sides(house) == [] and task.id
    with house.database.transaction() as session:
        assert session.scalars(select(TaskRound).where(TaskRound.ended_at.is_(None))).all() == []


def test_a_question_blocks_nothing_and_ends_with_the_task(house: House, task: Task) -> None:
    ask(house, Relation.CONSULT, "jb.supervisor", note="数据以哪年为准？")
    assert not main(house).held and len(sides(house)) == 1
    house.complete("b")
    assert house.waiting() == ["c"] and sides(house) == []


def test_only_who_has_not_acted_can_be_taken_out_and_only_by_who_asked(house: House, task: Task) -> None:
    ask(house, Relation.BEFORE, "jb.supervisor", "jb.admin")
    answer(house, "jb.supervisor")
    (left,) = sides(house)
    with pytest.raises(Forbidden), house.database.transaction() as session:
        taking_out.remove_signer(session, house.actor("hs.handler"), left.id, now=NOW)
    with house.database.transaction() as session:
        done = session.scalars(
            select(Task).where(Task.round_id == left.round_id, Task.status == "completed")
        ).one()
    with pytest.raises(Conflict), house.database.transaction() as session:
        taking_out.remove_signer(session, house.actor("jb.handler"), done.id, now=NOW)
    with house.database.transaction() as session:
        taking_out.remove_signer(session, house.actor("jb.handler"), left.id, now=NOW)
    assert sides(house) == [] and not main(house).held


def take_out(house: House, found: TaskRound, turn: int, username: str = "jb.handler") -> None:
    with house.database.transaction() as session:
        taking_out.remove_turn(session, house.actor(username), found.id, turn, now=NOW)


def test_in_order_somebody_is_taken_out_before_his_turn_has_come(house: House, task: Task) -> None:
    found = ask(house, Relation.BEFORE, "jb.supervisor", "jb.admin", "hs.admin", mode=RoundMode.SEQUENCE)
    with pytest.raises(Forbidden):
        take_out(house, found, 1, "hs.handler")
    take_out(house, found, 1)
    assert [one.assignee_id for one in sides(house)] == [house.structure.people["jb.supervisor"]]
    answer(house, "jb.supervisor")
    assert [one.assignee_id for one in sides(house)] == [house.structure.people["hs.admin"]]
    with pytest.raises(Conflict):
        take_out(house, found, 0)
    with pytest.raises(Conflict):
        take_out(house, found, 5)
    take_out(house, found, 1)
    assert sides(house) == [] and not main(house).held


def test_who_is_to_sign_after_the_handler_is_taken_out_before_it_is_handed_in(house: House, task: Task) -> None:
    found = ask(house, Relation.AFTER, "jb.supervisor", "jb.admin")
    take_out(house, found, 0)
    assert sides(house) == []
    with house.database.transaction() as session:
        (left,) = session.get_one(TaskRound, found.id).people
        (event,) = session.scalars(select(TaskEvent).where(TaskEvent.kind == "remove_signer"))
    assert left["holder"] == person(house, "jb.admin").holder and event.data["people"] == [person(house, "jb.supervisor").holder]
    take_out(house, found, 0)
    house.complete("b")
    assert house.waiting() == ["c"]


def leave(house: House, username: str) -> None:
    with house.database.transaction() as session:
        people.deactivate_person(session, SYSTEM, house.structure.people[username], now=NOW)


def told_of(house: House, words: str) -> set[int]:
    with house.database.transaction() as session:
        rows = session.execute(select(Notice.user_id, Notice.subject).where(Notice.kind == "given_back"))
        return {user_id for user_id, subject in rows if words in subject}


def test_whoever_left_before_his_turn_is_passed_over_and_the_handler_told(house: House, task: Task) -> None:
    ask(house, Relation.BEFORE, "jb.supervisor", "jb.admin", mode=RoundMode.SEQUENCE)
    leave(house, "jb.admin")
    answer(house, "jb.supervisor")
    assert sides(house) == [] and not main(house).held
    assert told_of(house, "区发展改革局·管理员") == {house.structure.people["jb.handler"]}
    house.complete("b")
    assert house.waiting() == ["c"]


def test_where_all_who_were_to_sign_after_have_left_the_task_goes_on(house: House, task: Task) -> None:
    ask(house, Relation.AFTER, "jb.supervisor", "jb.admin")
    leave(house, "jb.supervisor")
    leave(house, "jb.admin")
    house.complete("b")
    assert house.waiting() == ["c"]


def test_after_a_transfer_the_new_handler_is_told_and_takes_people_out(house: House, task: Task) -> None:
    with house.database.transaction() as session:
        facts = PersonFacts(username="jb.second", name="区能源局·同事")
        people.add_person(session, SYSTEM, facts, [("jb.energy", "handler")], now=NOW, password=PASSWORD)
        second = session.scalars(select(User.id).where(User.username == "jb.second")).one()
    ask(house, Relation.AFTER, "jb.admin", "hs.handler")
    with house.database.transaction() as session:
        asked = TransferAsked(f"u:{second}")
        transfers.transfer_task(session, house.actor("jb.handler"), task.id, asked, now=NOW)
    house.complete("b", username="jb.second")
    answer(house, "jb.admin", NO)
    (left,) = sides(house)
    with pytest.raises(Forbidden), house.database.transaction() as session:
        taking_out.remove_signer(session, house.actor("jb.handler"), left.id, now=NOW)
    with house.database.transaction() as session:
        taking_out.remove_signer(session, house.actor("jb.second"), left.id, now=NOW)
    assert main(house).submission is None and told_of(house, "已办完") == {second}


def test_from_a_suspended_run_nobody_is_taken_out(house: House, task: Task) -> None:
    ask(house, Relation.AFTER, "jb.supervisor")
    house.complete("b")
    (side,) = sides(house)
    supervisor = house.actor("jb.supervisor")
    with house.database.transaction() as session:
        processes.suspend_instance(session, supervisor, task.instance_id, "等政策", now=NOW)
    with pytest.raises(Conflict, match="暂停"), house.database.transaction() as session:
        taking_out.remove_signer(session, house.actor("jb.handler"), side.id, now=NOW)
    assert house.waiting() == ["b", "b"]
    with house.database.transaction() as session:
        processes.resume_instance(session, supervisor, task.instance_id, "继续", now=NOW)
    with house.database.transaction() as session:
        taking_out.remove_signer(session, house.actor("jb.handler"), side.id, now=NOW)
    assert house.waiting() == ["c"]


def test_a_return_of_the_asking_task_ends_what_was_asked_on_its_behalf(house: House, task: Task) -> None:
    ask(house, Relation.TOGETHER, "jb.supervisor")
    with house.database.transaction() as session:
        navigation.return_task(session, house.actor("jb.handler"), task.id, ReturnAsked("a", "重拟"), now=NOW)
    assert house.waiting() == ["a"] and sides(house) == []


def test_when_the_branch_ends_what_was_asked_on_its_behalf_ends_too(house: House, task: Task) -> None:
    ask(house, Relation.BEFORE, "jb.supervisor")
    supervisor = house.actor("jb.supervisor")
    with house.database.transaction() as session:
        interventions.jump(session, supervisor, task.instance_id, task.token, "c", "不再需要", now=NOW)
    assert house.waiting() == ["c"] and sides(house) == []


def test_a_signer_may_delegate_in_turn(house: House, task: Task) -> None:
    ask(house, Relation.BEFORE, "jb.supervisor")
    (side,) = sides(house)
    asked = RoundAsked(Relation.DELEGATE, [person(house, "jb.admin")])
    with house.database.transaction() as session:
        rounds.begin_round(session, house.actor("jb.supervisor"), side.id, asked, now=NOW)
    answer(house, "jb.admin")
    answer(house, "jb.supervisor")
    assert not main(house).held and sides(house) == []


@pytest.mark.parametrize(
    ("relation", "people", "why"),
    [
        (Relation.BEFORE, [], "1 到 50"),
        (Relation.BEFORE, ["u:999999"], "无人在岗"),
        (Relation.BEFORE, ["g:jb.energy:nobody"], "无人在岗"),
        (Relation.BEFORE, ["x"], "写法不对"),
        (Relation.DELEGATE, ["g:jb.energy:handler", "g:jb.drc:supervisor"], "一人"),
        (Relation.BEFORE, ["g:jb.energy:handler", "g:jb.energy:handler"], "只能选一次"),
    ],
)
def test_people_who_cannot_be_asked_are_named(
    house: House, task: Task, relation: Relation, people: list[str], why: str
) -> None:
    asked = RoundAsked(relation, [Asked(one) for one in people])
    with pytest.raises(InvalidInput, match=why), house.database.transaction() as session:
        rounds.begin_round(session, house.actor("jb.handler"), task.id, asked, now=NOW)
    assert sides(house) == [] and main(house).assignee_id is None


def test_each_step_of_a_round_stands_in_the_history(house: House, task: Task) -> None:
    ask(house, Relation.BEFORE, "jb.supervisor", note="请把关")
    answer(house, "jb.supervisor")
    with house.database.transaction() as session:
        (event,) = session.scalars(select(TaskEvent).where(TaskEvent.kind == "before"))
        assert event.reason == "请把关" and event.data["people"] == [
            f"u:{house.structure.people['jb.supervisor']}"
        ]
        (told,) = session.scalars(select(Notice).where(Notice.kind == "given_back"))
        assert told.user_id == house.structure.people["jb.handler"]
    assert AGREE


def test_a_delegate_who_is_taken_out_leaves_the_task_with_its_handler(house: House, task: Task) -> None:
    ask(house, Relation.DELEGATE, "jb.supervisor")
    (side,) = sides(house)
    with house.database.transaction() as session:
        taking_out.remove_signer(session, house.actor("jb.handler"), side.id, now=NOW)
    assert sides(house) == [] and not main(house).held and main(house).prefill is None
    house.complete("b")
    assert house.waiting() == ["c"]
