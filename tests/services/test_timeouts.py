"""A task whose time is over: reminded, told or handed to the superior, counted as no comment; once, and never while it stands."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from tests.people import NOW, PASSWORD, SYSTEM
from tests.services.house import FORM, House, user_task
from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.rounds import Relation
from workflow_service.jobs import queue
from workflow_service.jobs.tasks import Work
from workflow_service.notify.stub import StubChannel
from workflow_service.scheduler import triggers
from workflow_service.services import audit, people, processes, rounds, tasks, timeouts
from workflow_service.services.people import PersonFacts
from workflow_service.services.recipients import Asked
from workflow_service.services.timeouts import silent_values
from workflow_service.store import board_queries
from workflow_service.store.database import Database
from workflow_service.store.operations import Circulation, TaskEvent
from workflow_service.store.runtime import Task
from workflow_service.store.supervision import Notice

LATE = datetime(2025, 11, 28, 9, 0, tzinfo=NOW.tzinfo)
OPINION: dict[str, Any] = FORM | {
    "properties": FORM["properties"]
    | {"outcome": {"type": "string", "oneOf": [{"const": "object"}, {"const": "agree"}, {"const": "no_comment"}]}}
}


def begin(house: House, action: str, kind: str = "opinion", leader: bool = True, form: dict[str, Any] = OPINION) -> Task:
    more = f'approval:kind="{kind}" approval:timeout="P2D" approval:timeoutAction="{action}"'
    files = {"answer.json": json.dumps(form).encode()}
    house.deploy(chain(user_task("a", more=more), user_task("b", group="jb.drc:supervisor")), files=files)
    if leader:
        with house.database.transaction() as session:
            people.add_person(
                session, SYSTEM, PersonFacts(username="jb.leader", name="区能源局·局长"), [("jb.energy", "leader")], now=NOW,
                password=PASSWORD,
            )  # fmt: skip
    house.start()
    return house.open()[0]


def chain(*nodes: str) -> bytes:
    from tests.engine import xml_drawing

    return xml_drawing.chain(*nodes)


def fire(house: House, task: Task, at: datetime = LATE) -> bool:
    with house.database.transaction() as session:
        return timeouts.fire_timeout(session, task.id, now=at)


def told(house: House) -> set[str]:
    with house.database.transaction() as session:
        rows = session.execute(
            select(people.User.username).join(Notice, Notice.user_id == people.User.id).where(Notice.kind == "timed_out")
        )
        return {row[0] for row in rows}


def happened(house: House) -> list[dict[str, Any]]:
    with house.database.transaction() as session:
        assert audit.verify(session) == []
        return [one.data for one in session.scalars(select(TaskEvent).where(TaskEvent.kind == "timed_out"))]


def test_it_is_due_after_working_days_and_fires_once(house: House) -> None:
    task = begin(house, "remind")
    assert task.timeout_at is not None and task.timeout_at.astimezone(NOW.tzinfo).date().isoformat() == "2025-11-26"
    assert not fire(house, task, NOW)
    with house.database.transaction() as session:
        assert timeouts.due_timeouts(session, NOW) == [] and timeouts.due_timeouts(session, LATE) == [task.id]
    assert fire(house, task) and not fire(house, task)
    assert told(house) == {"jb.handler"} and len(happened(house)) == 1
    assert house.waiting() == ["a"]


def test_the_superior_is_told_and_the_task_stays(house: House) -> None:
    task = begin(house, "escalate")
    fire(house, task)
    assert told(house) == {"jb.handler", "jb.leader"}
    assert house.holders(task.id) == {"g:jb.energy:handler": None}


def test_the_superior_gets_it_and_history_says_so(house: House) -> None:
    task = begin(house, "transfer")
    fire(house, task)
    assert house.holders(task.id) == {"g:jb.energy:leader": None}
    with house.database.transaction() as session:
        moved = session.scalars(select(TaskEvent).where(TaskEvent.kind == "timeout_transfer")).one()
        assert moved.actor_id is None and moved.data["to"] == "g:jb.energy:leader"
        before = board_queries.former_holders(session, [task.id], moved.at - timedelta(seconds=1))
        assert before[task.id]["groups"] == ["jb.energy:handler"]
        assert board_queries.former_holders(session, [task.id], moved.at + timedelta(seconds=1)) == {}
    house.complete("a", username="jb.leader")
    assert house.waiting() == ["b"]


def test_where_nobody_is_superior_the_handler_is_reminded_and_keeps_it(house: House) -> None:
    task = begin(house, "transfer", leader=False)
    fire(house, task)
    assert house.holders(task.id) == {"g:jb.energy:handler": None} and told(house) == {"jb.handler"}
    assert happened(house) == [{"action": "transfer", "superior": ""}]


def test_a_consultation_that_nobody_answered_counts_as_no_comment(house: House) -> None:
    task = begin(house, "no_comment")
    fire(house, task)
    assert house.waiting() == ["b"]
    with house.database.transaction() as session:
        done = session.get_one(Task, task.id)
        assert (done.status, done.outcome, done.completed_by) == ("completed", "no_comment", None)
        assert done.opinion == "逾期未反馈，视为无意见。"
    assert happened(house) == [{"action": "no_comment"}]


@pytest.mark.parametrize("kind", ["confirm", "decide"])
def test_no_clock_confirms_or_decides_even_if_a_row_says_so(house: House, kind: str) -> None:
    task = begin(house, "remind", kind=kind)
    with house.database.transaction() as session:
        session.get_one(Task, task.id).timeout_action = "no_comment"
    fire(house, task)
    assert house.waiting() == ["a"] and told(house) == {"jb.handler"}


def test_a_form_that_needs_more_than_an_outcome_is_left_to_a_person(house: House) -> None:
    form = OPINION | {"properties": OPINION["properties"] | {"why": {"type": "string"}}, "required": ["outcome", "why"]}
    fire(house, begin(house, "no_comment", form=form))
    assert house.waiting() == ["a"] and told(house) == {"jb.handler"}


def test_silence_is_no_comment_and_never_agrees() -> None:
    assert silent_values({"properties": {"outcome": {"enum": ["agree", "no_comment"]}}})["outcome"] == "no_comment"
    for choices in (["disagree", "agree", "abstain"], ["object", "later"]):
        with pytest.raises(InvalidInput):
            silent_values({"properties": {"outcome": {"enum": choices}}})


def test_a_form_without_a_no_comment_is_left_to_a_person(house: House) -> None:
    task = begin(house, "no_comment", form=FORM)
    fire(house, task)
    assert house.waiting() == ["a"] and told(house) == {"jb.handler"}


def test_a_suspended_run_gets_its_days_back(house: House) -> None:
    task = begin(house, "no_comment")
    supervisor = house.actor("jb.supervisor")
    with house.database.transaction() as session:
        processes.suspend_instance(session, supervisor, task.instance_id, "等政策", now=NOW + timedelta(days=1))
    assert not fire(house, task)
    with house.database.transaction() as session:
        assert timeouts.due_timeouts(session, LATE) == []
        processes.resume_instance(session, supervisor, task.instance_id, "继续", now=LATE)
    assert not fire(house, task)
    assert fire(house, task, LATE + timedelta(days=5))


def test_a_task_that_waits_for_others_does_not_time_out(house: House) -> None:
    task = begin(house, "no_comment")
    asked = rounds.RoundAsked(Relation.BEFORE, [Asked(f"u:{house.structure.people['jb.admin']}")])
    with house.database.transaction() as session:
        rounds.begin_round(session, house.actor("jb.handler"), task.id, asked, now=NOW)
    assert not fire(house, task)
    with house.database.transaction() as session:
        assert timeouts.due_timeouts(session, LATE) == []


def asked_of(house: House, relation: Relation, username: str = "jb.admin") -> None:
    asked = rounds.RoundAsked(relation, [Asked(f"u:{house.structure.people[username]}")])
    with house.database.transaction() as session:
        main = next(one for one in house.open() if one.round_id is None)
        rounds.begin_round(session, house.actor("jb.handler"), main.id, asked, now=NOW)


def answered(house: House, values: dict[str, Any], at: datetime, username: str = "jb.admin") -> None:
    side = next(one for one in house.open() if one.round_id is not None)
    with house.database.transaction() as session:
        tasks.complete_task(session, house.actor(username), side.id, values, now=at)


def test_the_time_in_which_others_acted_is_given_back(house: House) -> None:
    task = begin(house, "no_comment")
    asked_of(house, Relation.DELEGATE)
    answered(house, {"outcome": "agree", "opinion": "受托人的意见"}, LATE)
    assert not fire(house, task)
    with house.database.transaction() as session:
        assert timeouts.due_timeouts(session, LATE) == []
        back = session.get_one(Task, task.id)
        assert (back.status, back.held, back.prefill) == ("open", False, {"outcome": "agree", "opinion": "受托人的意见"})
        assert task.timeout_at is not None and back.timeout_at is not None and back.timeout_at > LATE
    assert fire(house, task, LATE + timedelta(days=5))


@pytest.mark.parametrize("relation", [Relation.TOGETHER, Relation.CO_HANDLE])
def test_whoever_is_asked_beside_an_open_task_is_not_cut_off(house: House, relation: Relation) -> None:
    task = begin(house, "no_comment")
    asked_of(house, relation)
    with house.database.transaction() as session:
        assert timeouts.due_timeouts(session, LATE) == []
    assert not fire(house, task) and len(house.open()) == 2
    outcome = "agree" if relation is Relation.TOGETHER else "done"
    answered(house, {"outcome": outcome, "opinion": "已核"}, LATE)
    assert not fire(house, task)
    assert fire(house, task, LATE + timedelta(days=5)) and house.waiting() == ["b"]


def test_a_question_that_blocks_nothing_does_not_hold_the_clock(house: House) -> None:
    task = begin(house, "no_comment")
    asked_of(house, Relation.CONSULT)
    assert fire(house, task) and house.waiting() == ["b"]


def test_a_pause_while_others_act_is_given_back_once(house: House) -> None:
    task = begin(house, "no_comment")
    asked_of(house, Relation.DELEGATE)
    supervisor = house.actor("jb.supervisor")
    with house.database.transaction() as session:
        processes.suspend_instance(session, supervisor, task.instance_id, "等政策", now=NOW + timedelta(days=1))
    with house.database.transaction() as session:
        processes.resume_instance(session, supervisor, task.instance_id, "继续", now=NOW + timedelta(days=3))
    answered(house, {"outcome": "agree", "opinion": "好"}, LATE)
    with house.database.transaction() as session:
        moved = session.get_one(Task, task.id).timeout_at
        assert moved is not None and moved.astimezone(NOW.tzinfo).date().isoformat() == "2025-11-30"


def test_what_is_counted_as_no_comment_is_copied_as_the_diagram_says(house: House) -> None:
    more = 'approval:kind="opinion" approval:timeout="P2D" approval:timeoutAction="no_comment" '
    more += 'approval:copyTo="jb.drc:supervisor"'
    house.deploy(chain(user_task("a", more=more), user_task("b")), files={"answer.json": json.dumps(OPINION).encode()})
    house.start()
    assert fire(house, house.open()[0])
    with house.database.transaction() as session:
        (kind,) = session.scalars(select(Circulation.kind))
        assert kind == "copy"


def test_two_schedulers_and_two_workers_fire_it_once(house: House) -> None:
    task = begin(house, "no_comment")
    databases = [house.database, Database(house.database.url, house.database.options)]
    with ThreadPoolExecutor(2) as pool:
        for at in (NOW, LATE):
            list(pool.map(lambda one, at=at: triggers.tick(one, lambda: at), databases))
        with house.database.transaction() as session:
            jobs = session.scalars(text("SELECT task_name FROM procrastinate_jobs")).all()
        assert jobs == [queue.FIRE_TIMEOUTS]
        works = [Work(one, {"email": StubChannel}, "", lambda: LATE) for one in databases]
        list(pool.map(lambda one: one.fire_due_timeouts(), works * 3))
    databases[1].close()
    assert house.waiting() == ["b"] and len(happened(house)) == 1
    assert house.instance(task.instance_id).status == "active"


@pytest.mark.parametrize(("asked", "superiors"), [("jb.handler", {"jb.leader"}), ("jb.leader", set())])
def test_what_was_asked_of_a_person_by_name_goes_to_his_unit_s_leader_but_not_from_him_to_himself(
    house: House, asked: str, superiors: set[str]
) -> None:
    with house.database.transaction() as session:
        people.add_person(
            session, SYSTEM, PersonFacts(username="jb.leader", name="区能源局·局长"), [("jb.energy", "leader")], now=NOW
        )
    house.deploy(chain(
        f'<userTask id="a" name="a" camunda:formKey="answer" camunda:assignee="{asked}" approval:timeout="P2D" '
        'approval:timeoutAction="transfer"/>'
    ))  # fmt: skip
    house.start()
    (task,) = house.open()
    assert fire(house, task)
    (after,) = house.open()
    assert after.candidate_groups == ["jb.energy:leader"] * len(superiors) and bool(after.assignee_id) is not bool(superiors)
