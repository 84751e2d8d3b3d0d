"""Return, retrieve, withdraw, jump and reopen through the whole command: rows, holders, history, notices, records."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.engine.xml_drawing import draw
from tests.people import NOW, SYSTEM, actor_of
from tests.services.house import AGREE, House, user_task
from workflow_service.domain.approvals import Resubmission, ReturnNotAllowed
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.domain.rounds import Relation
from workflow_service.services import interventions, navigation, people, processes, rounds, tasks, transfers
from workflow_service.services.navigation import ReturnAsked
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.services.recipients import Asked
from workflow_service.services.rounds import RoundAsked
from workflow_service.services.transfers import TransferAsked
from workflow_service.store import people_queries
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.operations import TaskEvent
from workflow_service.store.people import User
from workflow_service.store.records import AuditRecord
from workflow_service.store.runtime import ProcessInstance, Task, TaskHolder
from workflow_service.store.supervision import Notice

START, END = '<startEvent id="start"/>', '<endEvent id="end"/>'


def parallel(house: House, more: str = "") -> int:
    """start > a > (b > c | d) > e > end."""
    nodes = START + END + '<parallelGateway id="f"/><parallelGateway id="j"/>'
    nodes += "".join(user_task(key, more=more) for key in "abcde")
    house.deploy(
        draw(
            nodes,
            "start -> a",
            "a -> f",
            "f -> b",
            "b -> c",
            "f -> d",
            "c -> j",
            "d -> j",
            "j -> e",
            "e -> end",
        )
    )
    return house.start()


def find(house: House, element_id: str) -> Task:
    return next(task for task in house.open() if task.element_id == element_id)


def send_back(house: House, element_id: str, to: str, username: str = "jb.handler", **more: Any) -> None:
    asked = ReturnAsked(to, more.pop("reason", "数据有误，请核对。"), **more)
    with house.database.transaction() as session:
        navigation.return_task(session, house.actor(username), find(house, element_id).id, asked, now=NOW)


def rows(house: House, statement: Any) -> list[Any]:
    with house.database.transaction() as session:
        return list(session.scalars(statement))


def test_a_return_ends_the_siblings_and_puts_the_step_before_who_did_it_with_what_he_wrote(
    house: House,
) -> None:
    instance_id = parallel(house, 'approval:returnTargets="a b"')
    house.complete("a", {"outcome": "agree", "opinion": "第一稿"})
    house.complete("b")
    send_back(house, "c", "a", points=["补充附表", "统一口径"])
    again = find(house, "a")
    user_id = house.structure.people["jb.handler"]
    assert house.waiting() == ["a"] and again.prefill == {"outcome": "agree", "opinion": "第一稿"}
    assert house.holders(again.id) == {"g:jb.energy:handler": user_id, f"u:{user_id}": None}
    returned, cancelled = rows(
        house, select(Task).where(Task.element_id.in_(["c", "d"])).order_by(Task.element_id)
    )
    assert (returned.status, returned.outcome, returned.opinion) == (
        "completed",
        "returned",
        "数据有误，请核对。",
    )
    assert returned.submission["points"] == ["补充附表", "统一口径"] and cancelled.status == "cancelled"
    assert set(house.history(instance_id)[-3:]) == {("c", "returned"), ("d", "cancelled"), ("a", "started")}
    (event,) = rows(house, select(TaskEvent).where(TaskEvent.kind == "returned"))
    assert event.data["to"] == "a" and event.reason == "数据有误，请核对。"
    assert rows(house, select(AuditRecord.action).order_by(AuditRecord.id.desc()).limit(1)) == ["task.return"]
    for key in "abcde":
        house.complete(key)
    assert house.instance(instance_id).status == "completed"


def test_who_held_a_sibling_is_told_that_it_ended_and_why(house: House) -> None:
    nodes = (
        START + END + '<parallelGateway id="f"/><parallelGateway id="j"/>' + user_task("a") + user_task("b")
    )
    nodes += user_task("d", group="jb.drc:supervisor")
    house.deploy(draw(nodes, "start -> a", "a -> f", "f -> b", "f -> d", "b -> j", "d -> j", "j -> end"))
    house.start()
    house.complete("a")
    send_back(house, "b", "a")
    told = rows(house, select(Notice).where(Notice.kind == "task_ended"))
    assert [one.user_id for one in told] == [house.structure.people["jb.supervisor"]]
    assert "流程已退回前面的环节" in told[0].subject


def test_a_try_says_what_would_happen_and_changes_nothing(house: House) -> None:
    parallel(house, 'approval:returnTargets="a b"')
    house.complete("a")
    house.complete("b")
    house.complete("c")
    before = rows(house, select(Task.revision).order_by(Task.id))
    with house.database.transaction() as session:
        actor, task = house.actor("jb.handler"), find(house, "d")
        row = session.get_one(ProcessInstance, task.instance_id)
        options = navigation.return_options(session, actor, task, row, now=NOW)
        effect = navigation.effect_of_return(session, actor, task.id, ReturnAsked("a", "x"), now=NOW)
    assert [target.element_id for target in options] == ["a"]
    assert (
        effect.ends == ()
        and effect.begins == ("a",)
        and set(effect.undone) == {"b", "c"}
        and effect.joins == ()
    )
    assert rows(house, select(Task.revision).order_by(Task.id)) == before and house.waiting() == ["d"]


def test_a_try_tells_of_those_who_were_asked_on_behalf_of_what_ends(house: House) -> None:
    parallel(house, 'approval:returnTargets="a"')
    house.complete("a")
    who = [Asked(f"u:{house.structure.people[one]}") for one in ("jb.supervisor", "jb.admin")]
    with house.database.transaction() as session:
        for key, asked in zip("bd", who, strict=True):
            wanted = RoundAsked(Relation.CO_HANDLE, [asked])
            rounds.begin_round(session, house.actor("jb.handler"), find(house, key).id, wanted, now=NOW)
    sides = {one.id for one in house.open() if one.round_id is not None}
    with house.database.transaction() as session:
        actor, task = house.actor("jb.handler"), find(house, "b")
        effect = navigation.effect_of_return(session, actor, task.id, ReturnAsked("a", "x"), now=NOW)
    assert {one.task_id for one in effect.ends} == sides | {find(house, "d").id}
    assert {one.holders for one in effect.ends if one.task_id in sides} == {("区发展改革局·督办",), ("区发展改革局·管理员",)}
    send_back(house, "b", "a")
    assert house.waiting() == ["a"]


def test_from_behind_the_join_one_branch_is_done_again_and_the_other_stands(house: House) -> None:
    parallel(house, 'approval:returnTargets="b"')
    for key in "abcd":
        house.complete(key)
    send_back(house, "e", "b")
    assert house.waiting() == ["b"]
    house.complete("b")
    house.complete("c")
    assert house.waiting() == ["e"]


def test_where_the_designer_says_nothing_the_previous_step_and_the_first_are_allowed(house: House) -> None:
    house.deploy_chain(*(user_task(key) for key in "abcd"))
    house.start()
    for key in "abc":
        house.complete(key)
    with house.database.transaction() as session:
        task, actor = find(house, "d"), house.actor("jb.handler")
        row = session.get_one(ProcessInstance, task.instance_id)
        options = navigation.return_options(session, actor, task, row, now=NOW)
    assert [(one.element_id, one.person) for one in options] == [
        ("c", "区能源局·经办"),
        ("a", "区能源局·经办"),
    ]
    with pytest.raises(ReturnNotAllowed):
        send_back(house, "d", "b")
    with pytest.raises(InvalidInput, match="理由"):
        send_back(house, "d", "a", reason=" ")
    assert house.waiting() == ["d"]


def test_handed_in_again_directly_it_comes_straight_back_and_nothing_else_ends(house: House) -> None:
    parallel(house, 'approval:resubmit="direct" approval:returnTargets="a"')
    house.complete("a", {"outcome": "agree", "opinion": "一"})
    house.complete("b")
    send_back(house, "c", "a")
    assert [task.name for task in house.open() if not task.held] == ["d", "a"]
    held = find(house, "c")
    assert held.held and house.holders(held.id) == {}
    with pytest.raises(Conflict):
        house.complete("c")
    house.complete("a", {"outcome": "agree", "opinion": "二"})
    assert house.waiting() == ["c", "d"] and not find(house, "c").held
    with house.database.transaction() as session:
        row = session.get_one(ProcessInstance, held.instance_id)
        assert processes.variables_of(session, row, now=NOW)["a"] == {"outcome": "agree", "opinion": "二"}
    for key in "cde":
        house.complete(key)
    assert house.instance(held.instance_id).status == "completed"


def test_who_returns_chooses_only_where_the_designer_lets_him(house: House) -> None:
    house.deploy_chain(user_task("a"), user_task("b", more='approval:resubmit="choose"'), user_task("c"))
    house.start()
    house.complete("a")
    with house.database.transaction() as session:
        task, actor = find(house, "b"), house.actor("jb.handler")
        row = session.get_one(ProcessInstance, task.instance_id)
        assert navigation.resubmissions(session, actor, task, row, now=NOW) == list(Resubmission)
    send_back(house, "b", "a", resubmission=Resubmission.DIRECT)
    house.complete("a")
    house.complete("b")
    with pytest.raises(InvalidInput, match="流程规定"):
        send_back(house, "c", "b", resubmission=Resubmission.DIRECT)


def test_who_is_not_asked_cannot_return(house: House) -> None:
    house.deploy_chain(user_task("a"), user_task("b"))
    house.start()
    house.complete("a")
    with pytest.raises(Forbidden):
        send_back(house, "b", "a", username="hs.handler")


def retrieve(house: House, element_id: str, username: str = "jb.handler") -> None:
    with house.database.transaction() as session:
        done = session.scalars(
            select(Task).where(Task.element_id == element_id, Task.status == "completed")
        ).one()
        navigation.retrieve_task(session, house.actor(username), done.id, now=NOW)


def test_a_task_is_taken_back_while_nobody_has_opened_what_came_of_it(house: House) -> None:
    parallel(house)
    house.complete("a", {"outcome": "agree", "opinion": "写错了"})
    with pytest.raises(Forbidden):
        retrieve(house, "a", "hs.handler")
    retrieve(house, "a")
    assert house.waiting() == ["a"] and find(house, "a").prefill == {"outcome": "agree", "opinion": "写错了"}
    house.complete("a")
    with house.database.transaction() as session:
        tasks.note_opened(session, house.actor("jb.handler"), find(house, "d").id, now=NOW)
    with pytest.raises(Conflict, match="已经打开"), house.database.transaction() as session:
        last = session.scalars(
            select(Task).where(Task.element_id == "a").order_by(Task.id.desc()).limit(1)
        ).one()
        navigation.retrieve_task(session, house.actor("jb.handler"), last.id, now=NOW)


def test_what_was_acted_upon_cannot_be_taken_back(house: House) -> None:
    parallel(house)
    house.complete("a")
    house.complete("d")
    with pytest.raises(Conflict, match="已经办理"):
        retrieve(house, "a")


def test_what_the_next_handed_on_cannot_be_taken_back(house: House) -> None:
    house.deploy_chain(user_task("a"), user_task("b", group="jb.drc:supervisor"))
    house.start()
    house.complete("a")
    with house.database.transaction() as session:
        tasks.note_opened(session, house.actor("jb.supervisor"), find(house, "b").id, now=NOW)
    with house.database.transaction() as session:
        asked = TransferAsked(f"u:{house.structure.people['jb.admin']}")
        transfers.transfer_task(session, house.actor("jb.supervisor"), find(house, "b").id, asked, now=NOW)
    assert find(house, "b").opened_at is None
    with pytest.raises(Conflict, match="转给他人"):
        retrieve(house, "a")
    assert house.waiting() == ["b"]


def test_who_started_may_withdraw_until_somebody_else_agreed(house: House) -> None:
    house.deploy_chain(user_task("a"), user_task("b", group="jb.drc:supervisor"), user_task("c"))

    def start() -> int:
        with house.database.transaction() as session:
            actor = house.actor("jb.handler")
            return processes.start_process(
                session, actor, "p", variables={}, area_path="/330000/330200/330205/", now=NOW
            ).id  # fmt: skip

    def withdraw(instance_id: int, username: str) -> None:
        with house.database.transaction() as session:
            interventions.withdraw_instance(session, house.actor(username), instance_id, "重新起草", now=NOW)

    first = start()
    house.complete("a")
    with pytest.raises(Forbidden):
        withdraw(first, "jb.supervisor")
    withdraw(first, "jb.handler")
    assert house.instance(first).status == "terminated" and house.open() == []
    second = start()
    house.complete("a")
    house.complete("b", username="jb.supervisor")
    with pytest.raises(Conflict, match="已有人同意"):
        withdraw(second, "jb.handler")


def test_a_supervisor_puts_a_token_elsewhere_and_sees_before_what_that_does(house: House) -> None:
    instance_id = parallel(house)
    house.complete("a")
    supervisor, token = house.actor("jb.supervisor"), find(house, "b").token
    with house.database.transaction() as session:
        effect = interventions.effect_of_jump(session, supervisor, instance_id, token, "e", now=NOW)
    assert {one.name for one in effect.ends} == {"b", "d"} and effect.begins == ("e",)
    with pytest.raises(Forbidden), house.database.transaction() as session:
        interventions.jump(session, house.actor("jb.handler"), instance_id, token, "e", "x", now=NOW)
    with house.database.transaction() as session:
        interventions.jump(session, supervisor, instance_id, token, "e", "已在专题会上议定", now=NOW)
    assert house.waiting() == ["e"]
    with house.database.transaction() as session:
        assert session.scalars(select(TaskHolder.task_id).distinct()).all() == [find(house, "e").id]


def test_a_finished_run_is_taken_up_again_at_a_step_and_a_terminated_one_as_it_stood(house: House) -> None:
    instance_id = parallel(house)
    for key in "abcde":
        house.complete(key)
    supervisor = house.actor("jb.supervisor")
    with house.database.transaction() as session:
        row = session.get_one(ProcessInstance, instance_id)
        assert {
            one.element_id for one in interventions.reopen_options(session, supervisor, row, now=NOW)
        } == set("abcde")
    with house.database.transaction() as session:
        interventions.reopen_instance(session, supervisor, instance_id, "c", "复核发现错漏", now=NOW)
    assert house.instance(instance_id).status == "active" and house.waiting() == ["c"]
    house.complete("c")
    with house.database.transaction() as session:
        processes.terminate_instance(session, supervisor, instance_id, "暂不办", now=NOW)
    assert house.open() == []
    with house.database.transaction() as session:
        interventions.reopen_instance(session, supervisor, instance_id, "", "继续办", now=NOW)
    assert house.waiting() == ["e"]
    house.complete("e")
    assert house.instance(instance_id).status == "completed"


def test_a_terminated_run_comes_back_with_who_had_what_and_until_when(house: House) -> None:
    instance_id, supervisor = parallel(house), house.actor("jb.supervisor")
    house.complete("a")
    handler, day = house.structure.people["jb.handler"], NOW + timedelta(days=30)
    with house.database.transaction() as session:
        tasks.claim_task(session, house.actor("jb.handler"), find(house, "b").id, now=NOW)
        asked = TransferAsked("g:jb.drc:registry", "请分办")
        add_person(session, SYSTEM, PersonFacts(username="jb.desk", name="收发"), [("jb.drc", "registry")], now=NOW)
        transfers.transfer_task(session, house.actor("jb.handler"), find(house, "d").id, asked, now=NOW)
        tasks.set_due(session, supervisor, find(house, "d").id, day, "会议延期", now=NOW)
    with house.database.transaction() as session:
        processes.terminate_instance(session, supervisor, instance_id, "暂不办", now=NOW)
    with house.database.transaction() as session:
        interventions.reopen_instance(session, supervisor, instance_id, "", "继续办", now=NOW)
    b, d = find(house, "b"), find(house, "d")
    assert b.assignee_id == handler and house.holders(b.id)[f"u:{handler}"] is None
    assert (d.candidate_groups, d.due_at, set(house.holders(d.id))) == (["jb.drc:registry"], day, {"g:jb.drc:registry"})
    with house.database.transaction() as session:
        changes = session.scalars(select(DeadlineChange).where(DeadlineChange.task_id == d.id))
        assert [one.reason for one in changes] == ["会议延期"]


def test_what_somebody_had_who_has_left_comes_back_to_the_post(house: House) -> None:
    instance_id, supervisor = parallel(house), house.actor("jb.supervisor")
    with house.database.transaction() as session:
        tasks.claim_task(session, house.actor("jb.handler"), find(house, "a").id, now=NOW)
    with house.database.transaction() as session:
        processes.terminate_instance(session, supervisor, instance_id, "暂不办", now=NOW)
        session.get_one(User, house.structure.people["jb.handler"]).active = False
    with house.database.transaction() as session:
        interventions.reopen_instance(session, supervisor, instance_id, "", "继续办", now=NOW)
    assert find(house, "a").assignee_id is None and house.holders(find(house, "a").id) == {"g:jb.energy:handler": None}


def test_one_dissent_returns_the_whole_countersignature_where_the_designer_says_so(house: House) -> None:
    signers = '<multiInstanceLoopCharacteristics camunda:collection="units" camunda:elementVariable="one"/>'
    form = b'{"type": "object", "properties": {"outcome": {"type": "string"}, "opinion": {"type": "string"}}}'
    ask = (
        '<userTask id="ask" name="ask" camunda:formKey="free" camunda:candidateGroups="${one.unit}:${one.post}" '
        f'approval:dissent="return">{signers}</userTask>'
    )
    house.deploy(
        draw(START + END + user_task("a") + ask, "start -> a", "a -> ask", "ask -> end"),
        files={"free.json": form},
    )
    house.start(
        variables={
            "units": [{"unit": "jb.energy", "post": "handler"}, {"unit": "jb.drc", "post": "supervisor"}]
        }
    )
    house.complete("a")
    first = next(one for one in house.open() if one.candidate_groups == ["jb.energy:handler"])
    with house.database.transaction() as session:
        tasks.complete_task(
            session, house.actor("jb.handler"), first.id, {"outcome": "disagree", "opinion": "不妥"}, now=NOW
        )  # fmt: skip
    assert house.waiting() == ["a"]
    (done,) = rows(house, select(Task).where(Task.element_id == "ask", Task.status == "completed"))
    assert (done.outcome, done.opinion) == ("disagree", "不妥")
    house.complete("a", AGREE)
    assert house.waiting() == ["ask", "ask"]


def change_post(house: House, username: str, *, to: tuple[str, str] | None) -> None:
    """A person leaves his posts, for another or for good."""
    with house.database.transaction() as session:
        user_id = house.structure.people[username]
        if to is None:
            people.deactivate_person(session, SYSTEM, user_id, now=NOW)
            return
        (held,) = people_queries.memberships_of(session, [user_id], NOW.date())
        people.transfer_person(session, SYSTEM, held.id, *to, now=NOW)
        session.flush()
        house.actors[username] = actor_of(session, username)


@pytest.mark.parametrize("to", [None, ("jb.ecology", "handler")])
def test_what_is_returned_after_its_drafter_left_lies_before_his_post(house: House, to: tuple[str, str] | None) -> None:
    house.deploy_chain(user_task("a"), user_task("b", group="jb.drc:supervisor"))
    house.start()
    house.complete("a", {"outcome": "agree", "opinion": "第一稿"})
    change_post(house, "jb.handler", to=to)
    send_back(house, "b", "a", username="jb.supervisor")
    again = find(house, "a")
    assert (again.assignee_id, again.prefill) == (None, {"outcome": "agree", "opinion": "第一稿"})
    assert house.holders(again.id) == {"g:jb.energy:handler": None}


def test_who_left_the_post_takes_nothing_back(house: House) -> None:
    house.deploy_chain(user_task("a"), user_task("b", group="jb.drc:supervisor"))
    house.start()
    house.complete("a")
    change_post(house, "jb.handler", to=("jb.ecology", "handler"))
    with pytest.raises(Conflict, match="原岗位"):
        retrieve(house, "a")
    assert house.waiting() == ["b"]


def test_who_had_it_by_transfer_gets_it_again_while_he_is_in_the_unit(house: House) -> None:
    house.deploy_chain(user_task("a", group="jb.drc:supervisor"), user_task("b"))
    house.start()
    admin = house.structure.people["jb.admin"]
    with house.database.transaction() as session:
        asked = TransferAsked(f"u:{admin}")
        transfers.transfer_task(session, house.actor("jb.supervisor"), find(house, "a").id, asked, now=NOW)
    house.complete("a", username="jb.admin")
    send_back(house, "b", "a")
    assert find(house, "a").assignee_id == admin


def test_put_right_straight_away_it_goes_to_the_post_where_the_drafter_left(house: House) -> None:
    house.deploy_chain(user_task("a"), user_task("b", group="jb.drc:supervisor", more='approval:resubmit="direct"'))
    house.start()
    house.complete("a")
    change_post(house, "jb.handler", to=("jb.ecology", "handler"))
    with pytest.raises(InvalidInput, match="无人在岗"):
        send_back(house, "b", "a", username="jb.supervisor")
    with house.database.transaction() as session:
        people.assign_post(session, SYSTEM, house.structure.people["jb.admin"], "jb.energy", "handler", now=NOW)
    send_back(house, "b", "a", username="jb.supervisor")
    side = next(one for one in house.open() if one.round_id is not None)
    assert house.holders(side.id) == {"g:jb.energy:handler": None}
