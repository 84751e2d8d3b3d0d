"""What a command to a run would do, told before it is done; a try writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from tests.people import NOW, SYSTEM, actor_of
from tests.services.house import AGREE, House, user_task
from tests.services.test_navigation import find, parallel
from workflow_service.domain.approvals import ReturnNotAllowed
from workflow_service.domain.errors import Conflict, Forbidden
from workflow_service.domain.rounds import Relation, RoundMode
from workflow_service.services import interventions, navigation, people, processes, rounds, tasks, trials
from workflow_service.services.moves import Effect
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.services.recipients import Asked
from workflow_service.services.rounds import RoundAsked
from workflow_service.store.base import Base
from workflow_service.store.runtime import ProcessInstance, Task, TaskDraft

HOLDERS = ("江北区能源局·经办",)
LATER = NOW + timedelta(days=7)


def everything(house: House) -> dict[str, list[Any]]:
    """Every row of every table."""
    with house.database.transaction() as session:
        names = [one.name for one in Base.metadata.sorted_tables]
        return {one: sorted(map(str, session.execute(text(f"SELECT t::text FROM {one} t")).scalars())) for one in names}


def effect(house: House, instance_id: int, command: str, to: str = "", username: str = "jb.supervisor", now: Any = NOW) -> Effect:
    before = everything(house)
    with house.database.transaction() as session:
        found = trials.effect_of(session, house.actor(username), instance_id, command, to, now=now)
    assert everything(house) == before
    return found


def act(house: House, instance_id: int, command: str, username: str = "jb.supervisor", now: Any = NOW) -> None:
    acts: dict[str, Callable[..., Any]] = {
        "suspend": processes.suspend_instance, "resume": processes.resume_instance, "terminate": processes.terminate_instance,
        "withdraw": interventions.withdraw_instance,
        "reopen": lambda session, actor, one, *why, now: interventions.reopen_instance(session, actor, one, "", *why, now=now),
    }  # fmt: skip
    with house.database.transaction() as session:
        acts[command](session, house.actor(username), instance_id, "有原因", now=now)


def second(house: House) -> None:
    """One more person, at the desk of the reform commission."""
    with house.database.transaction() as session:
        user = add_person(session, SYSTEM, PersonFacts(username="jb.second", name="收发"), [("jb.drc", "registry")], now=NOW)
        session.flush()
        house.structure.people["jb.second"] = user.user.id
        house.actors["jb.second"] = actor_of(session, "jb.second")


def ask(house: House, element_id: str, relation: Relation, *usernames: str, mode: RoundMode = RoundMode.PARALLEL) -> None:
    people_asked = [Asked(f"u:{house.structure.people[one]}") for one in usernames]
    with house.database.transaction() as session:
        asked = RoundAsked(relation, people_asked, mode, "请看")
        rounds.begin_round(session, house.actor("jb.handler"), find(house, element_id).id, asked, now=NOW)


def draft(house: House, task_id: int, username: str, values: dict[str, Any]) -> None:
    with house.database.transaction() as session:
        tasks.save_draft(session, house.actor(username), task_id, values, now=NOW)


def drafts(house: House) -> dict[tuple[int, int], Any]:
    with house.database.transaction() as session:
        return {(one.task_id, one.user_id): one.values for one in session.scalars(select(TaskDraft))}


def sides(house: House) -> list[Task]:
    return [one for one in house.open() if one.round_id is not None]


def started_by(house: House, instance_id: int, username: str) -> None:
    with house.database.transaction() as session:
        session.get_one(ProcessInstance, instance_id).started_by = house.structure.people[username]


@pytest.mark.parametrize("command", ["terminate", "withdraw"])
def test_an_end_tells_first_what_ends_and_with_whom(house: House, command: str) -> None:
    instance_id = parallel(house)
    started_by(house, instance_id, "jb.supervisor")
    ask(house, "a", Relation.CONSULT, "jb.supervisor")
    found = effect(house, instance_id, command)
    names = {one.name: one.holders for one in found.ends}
    assert set(names) == {"a", "沟通：a"} and len(names["沟通：a"]) == 1
    act(house, instance_id, command)
    assert house.open() == []


def test_a_suspension_tells_which_tasks_stop_and_a_resumption_how_far_their_dates_move(house: House) -> None:
    house.deploy_chain(user_task("a", more='approval:deadline="P10D"'))
    instance_id = house.start()
    due = find(house, "a").due_at
    (stands,) = effect(house, instance_id, "suspend").stands
    assert due is not None and (stands.name, stands.holders, stands.due_at) == ("a", HOLDERS, due)
    act(house, instance_id, "suspend")
    (moves,) = effect(house, instance_id, "resume", now=LATER).moved
    assert moves.before == due and moves.working_days > 0
    act(house, instance_id, "resume", now=LATER)
    assert find(house, "a").due_at == moves.after > due


def test_timers_that_wait_through_a_suspension_are_named_and_so_are_those_that_fire_after_it(house: House) -> None:
    rule = "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>"
    house.deploy_chain(f'<intermediateCatchEvent id="t" name="等一天">{rule}</intermediateCatchEvent>')
    instance_id = house.start()
    assert [one.name for one in effect(house, instance_id, "suspend").timers] == ["等一天"]
    act(house, instance_id, "suspend")
    assert effect(house, instance_id, "resume").timers == ()
    assert [one.name for one in effect(house, instance_id, "resume", now=LATER).timers] == ["等一天"]


def test_taking_up_tells_before_whom_things_will_lie(house: House) -> None:
    instance_id = parallel(house)
    for key in "abcde":
        house.complete(key)
    found = effect(house, instance_id, "reopen", "c")
    (back,) = found.comes_back
    assert found.begins == ("c",) and (back.name, len(back.holders)) == ("c", 1)
    with pytest.raises(ReturnNotAllowed):
        effect(house, instance_id, "reopen", "nowhere")


def test_a_try_is_refused_where_the_act_would_be(house: House) -> None:
    instance_id = parallel(house)
    for command in ("terminate", "suspend", "withdraw"):
        with pytest.raises(Forbidden):
            effect(house, instance_id, command, username="jb.handler")
    for command in ("resume", "reopen"):
        with pytest.raises(Conflict):
            effect(house, instance_id, command)
    started_by(house, instance_id, "jb.supervisor")
    house.complete("a")
    with pytest.raises(Conflict):
        effect(house, instance_id, "withdraw")


def test_a_retrieval_tells_what_ends_until_it_is_too_late(house: House) -> None:
    parallel(house)
    done = house.complete("a")
    before = everything(house)
    with house.database.transaction() as session:
        found = navigation.effect_of_retrieve(session, house.actor("jb.handler"), done.id, now=NOW)
    assert everything(house) == before
    assert ({(one.name, one.holders) for one in found.ends}, found.begins) == ({("b", HOLDERS), ("d", HOLDERS)}, ("a",))
    house.complete("b")
    with house.database.transaction() as session, pytest.raises(Conflict, match="已经办理"):
        navigation.effect_of_retrieve(session, house.actor("jb.handler"), done.id, now=NOW)


def test_what_people_had_begun_to_write_and_whom_they_had_asked_comes_back_with_a_terminated_run(house: House) -> None:
    instance_id = parallel(house)
    ask(house, "a", Relation.CONSULT, "jb.supervisor")
    handler, supervisor = (house.structure.people[one] for one in ("jb.handler", "jb.supervisor"))
    draft(house, find(house, "a").id, "jb.handler", {"opinion": "写了一半"})
    draft(house, sides(house)[0].id, "jb.supervisor", {"opinion": "答了一半"})
    act(house, instance_id, "terminate")
    found = effect(house, instance_id, "reopen").comes_back
    assert len(found) == 1 and len(found[0].drafts) == len(found[0].asked) == 1
    act(house, instance_id, "reopen")
    a, (side,) = find(house, "a"), sides(house)
    assert drafts(house) == {(a.id, handler): {"opinion": "写了一半"}, (side.id, supervisor): {"opinion": "答了一半"}}
    assert (a.held, a.rounds, side.assignee_id) == (False, 1, supervisor)
    house.complete("a")
    assert sides(house) == []


def test_a_task_that_lay_still_for_signers_lies_still_again_and_goes_on_when_they_have_signed(house: House) -> None:
    second(house)
    instance_id = parallel(house)
    ask(house, "a", Relation.BEFORE, "jb.supervisor", "jb.second", mode=RoundMode.SEQUENCE)
    first = sides(house)[0]
    with house.database.transaction() as session:
        tasks.complete_task(session, house.actor("jb.supervisor"), first.id, AGREE, now=NOW)
    act(house, instance_id, "terminate")
    act(house, instance_id, "reopen")
    a, (side,) = find(house, "a"), sides(house)
    assert a.held and house.holders(a.id) == {} and side.assignee_id == house.structure.people["jb.second"]
    with house.database.transaction() as session:
        tasks.complete_task(session, house.actor("jb.second"), side.id, AGREE, now=NOW)
    assert not find(house, "a").held and house.holders(find(house, "a").id)
    house.complete("a")
    assert house.waiting() == ["b", "d"]


def test_a_task_that_was_handed_in_and_waited_for_signers_waits_again(house: House) -> None:
    instance_id = parallel(house)
    ask(house, "a", Relation.TOGETHER, "jb.supervisor")
    house.complete("a")
    assert find(house, "a").held
    act(house, instance_id, "terminate")
    act(house, instance_id, "reopen")
    assert find(house, "a").held
    with house.database.transaction() as session:
        tasks.complete_task(session, house.actor("jb.supervisor"), sides(house)[0].id, AGREE, now=NOW)
    assert house.waiting() == ["b", "d"]


def test_who_has_left_meanwhile_finds_no_draft_and_is_not_asked_again(house: House) -> None:
    second(house)
    instance_id = parallel(house)
    ask(house, "a", Relation.BEFORE, "jb.second")
    act(house, instance_id, "terminate")
    with house.database.transaction() as session:
        people.deactivate_person(session, SYSTEM, house.structure.people["jb.second"], now=NOW)
    assert effect(house, instance_id, "reopen").comes_back[0].asked == ()
    act(house, instance_id, "reopen")
    assert sides(house) == [] and not find(house, "a").held and house.holders(find(house, "a").id)
