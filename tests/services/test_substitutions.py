"""Substitutes: whoever acts first wins, history says for whom, deciding only where granted, no circles, ends of themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from tests.people import NOW, PASSWORD, SYSTEM, TODAY, actor_of
from tests.services.house import AGREE, House, user_task
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.domain.rounds import Relation
from workflow_service.identity.access import actor_for, keys_of, standings_of
from workflow_service.services import (
    audit,
    digests,
    navigation,
    people,
    processes,
    rounds,
    substitutions,
    tasks,
    transfers,
)
from workflow_service.services.context import Actor
from workflow_service.services.people import PersonFacts
from workflow_service.services.recipients import Asked
from workflow_service.services.substitutions import SubstituteAsked
from workflow_service.store import bell, inbox, instance_view
from workflow_service.store.operations import Substitution, TaskEvent
from workflow_service.store.records import AuditRecord
from workflow_service.store.runtime import Task
from workflow_service.store.supervision import Notice

MONTH = TODAY + timedelta(days=30)


@pytest.fixture
def task(house: House) -> Task:
    house.deploy_chain(
        user_task("a"), user_task("sign", more='approval:kind="decide"'), user_task("c", group="jb.drc:supervisor")
    )
    house.start()
    return house.open()[0]


def name(house: House, principal: str, substitute: str, by: str = "", **more: Any) -> int:
    who = house.structure.people
    wanted = {"since": TODAY, "until": MONTH} | more
    with house.database.transaction() as session:
        actor = SYSTEM if by == "system" else house.actor(by or principal)
        asked = SubstituteAsked(who[principal], who[substitute], **wanted)
        found = substitutions.name_substitute(session, actor, asked, now=NOW).id
    house.actors.clear()
    return found


def complete(house: House, username: str, task: Task, values: dict[str, Any] = AGREE) -> Task:
    with house.database.transaction() as session:
        return tasks.complete_task(session, house.actor(username), task.id, values, now=NOW)


def test_what_a_substitute_does_is_said_to_be_for_whom(house: House, task: Task) -> None:
    with pytest.raises(Forbidden):
        complete(house, "jb.admin", task)
    name(house, "jb.handler", "jb.admin")
    complete(house, "jb.admin", task)
    handler, admin = (house.structure.people[one] for one in ("jb.handler", "jb.admin"))
    with house.database.transaction() as session:
        done = session.get_one(Task, task.id)
        assert (done.completed_by, done.acted_for, done.completed_unit_id) == (
            admin,
            handler,
            house.structure.units["jb.energy"],
        )
        step = instance_view.steps_of(session, done.instance_id)[0]
        assert step.signature == "区发展改革局·管理员（代区能源局·经办）"
        assert "区发展改革局·管理员（代区能源局·经办）" in {
            person for _one, person in instance_view.activities_of(session, done.instance_id)
        }
        record = session.scalars(select(AuditRecord).where(AuditRecord.action == "task.complete")).one()
        assert record.actor_name == step.signature and record.data["acted_for"] == handler
        assert audit.verify(session) == []
        assert {handler, admin} <= instance_view.participants_of(session, done.instance_id)[1]


def test_both_see_it_marked_and_whoever_acts_first_wins(house: House, task: Task) -> None:
    name(house, "jb.handler", "jb.admin")
    for username, marked in (("jb.handler", ""), ("jb.admin", "区能源局·经办")):
        assert listed(house, username) == [(task.id, marked)]
        assert counted(house, username) == 1
    complete(house, "jb.handler", task)
    with pytest.raises(Conflict, match="区能源局·经办"):
        complete(house, "jb.admin", task)


def listed(house: House, username: str, **more: Any) -> list[tuple[int, str]]:
    actor = house.actor(username)
    wanted = inbox.InboxFilter(user_id=actor.user_id or 0, groups=actor.groups, standings=standings_of(actor), **more)
    with house.database.transaction() as session:
        rows = inbox.inbox_page(session, wanted)
        assert inbox.count_inbox(session, wanted) == len(rows)
        return [(row.task.id, row.for_whom) for row in rows]


def counted(house: House, username: str) -> int:
    actor = house.actor(username)
    with house.database.transaction() as session:
        return bell.counts(session, actor.user_id, actor.groups, standings_of(actor)).tasks


def test_a_filter_tells_what_is_ones_own_from_what_is_anothers(house: House, task: Task) -> None:
    name(house, "jb.handler", "jb.admin")
    assert listed(house, "jb.admin", holder="substitute") == [(task.id, "区能源局·经办")]
    assert listed(house, "jb.admin", holder="own") == listed(house, "jb.admin", holder="groups") == []


def test_signing_and_deciding_only_where_it_was_granted_expressly(house: House, task: Task) -> None:
    grant = name(house, "jb.handler", "jb.admin")
    complete(house, "jb.admin", task)
    (sign,) = house.open()
    with pytest.raises(Forbidden):
        complete(house, "jb.admin", sign)
    with house.database.transaction() as session:
        assert tasks.visible_task(session, house.actor("jb.admin"), sign.id)[0].id == sign.id
        substitutions.revoke_substitute(session, house.actor("jb.handler"), grant, now=NOW)
    name(house, "jb.handler", "jb.admin", may_decide=True)
    complete(house, "jb.admin", sign)
    assert house.waiting() == ["c"]


def test_a_grant_for_some_routes_covers_no_other(house: House, task: Task) -> None:
    house.deploy(*[], files={"q.bpmn": _other_route()})
    name(house, "jb.handler", "jb.admin", processes=["q"])
    assert listed(house, "jb.admin") == [] and counted(house, "jb.admin") == 0
    with pytest.raises(Forbidden):
        complete(house, "jb.admin", task)
    house.start("q", business_key="b2")
    other = next(one for one in house.open() if one.id != task.id)
    assert listed(house, "jb.admin") == [(other.id, "区能源局·经办")] and counted(house, "jb.admin") == 1
    complete(house, "jb.admin", other)


def _other_route() -> bytes:
    from tests.engine import xml_drawing

    return xml_drawing.chain(user_task("a")).replace(b'"p"', b'"q"')


def test_a_claim_is_the_principals_so_that_it_stays_when_the_grant_ends(house: House, task: Task) -> None:
    grant = name(house, "jb.handler", "jb.admin")
    with house.database.transaction() as session:
        tasks.claim_task(session, house.actor("jb.admin"), task.id, now=NOW)
    handler = house.structure.people["jb.handler"]
    assert house.holders(task.id) == {"g:jb.energy:handler": handler, f"u:{handler}": None}
    with house.database.transaction() as session:
        claimed = session.scalars(select(TaskEvent).where(TaskEvent.kind == "claimed")).one()
        assert claimed.acted_for == handler and claimed.actor_id == house.structure.people["jb.admin"]
        substitutions.revoke_substitute(session, house.actor("jb.admin"), grant, now=NOW)
    house.actors.clear()
    with pytest.raises(Forbidden):
        complete(house, "jb.admin", task)
    complete(house, "jb.handler", task)


def test_what_a_colleague_took_stays_his(house: House, task: Task) -> None:
    with house.database.transaction() as session:
        colleague = people.add_person(
            session, SYSTEM, PersonFacts(username="jb.second", name="区能源局·乙"), [("jb.energy", "handler")], now=NOW,
            password=PASSWORD,
        ).user.id  # fmt: skip
    name(house, "jb.handler", "jb.admin")
    with house.database.transaction() as session:
        tasks.claim_task(session, actor_of(session, "jb.second"), task.id, now=NOW)
    with pytest.raises(Conflict, match="区能源局·乙"):
        complete(house, "jb.admin", task)
    assert f"u:{colleague}" in house.holders(task.id)


def test_a_substitute_does_not_hand_on_to_his_own_substitute(house: House, task: Task) -> None:
    name(house, "jb.handler", "jb.admin")
    name(house, "jb.admin", "jb.supervisor")
    assert listed(house, "jb.supervisor") == []
    with pytest.raises(Forbidden):
        complete(house, "jb.supervisor", task)


def test_no_circle_however_long_but_one_after_the_other_is_none(house: House) -> None:
    house.deploy_chain(user_task("a"))
    name(house, "jb.handler", "jb.admin")
    name(house, "jb.admin", "jb.supervisor")
    for principal, substitute in (("jb.admin", "jb.handler"), ("jb.supervisor", "jb.handler")):
        with pytest.raises(Conflict, match="循环"):
            name(house, principal, substitute)
    name(house, "jb.supervisor", "jb.handler", since=MONTH, until=MONTH + timedelta(days=5))


@pytest.mark.parametrize(
    ("principal", "substitute", "more", "error", "why"),
    [
        ("jb.handler", "jb.handler", {}, InvalidInput, "自己"),
        ("jb.handler", "hs.handler", {}, InvalidInput, "本级政府"),
        ("jb.handler", "jb.admin", {"until": TODAY}, InvalidInput, "期限"),
        ("jb.handler", "jb.admin", {"until": TODAY + timedelta(days=400)}, InvalidInput, "期限"),
        ("jb.handler", "jb.admin", {"processes": ["none"]}, InvalidInput, "没有流程"),
        ("jb.handler", "jb.supervisor", {"by": "jb.supervisor"}, Forbidden, "本人"),
        ("jb.handler", "jb.admin", {"by": "jb.admin"}, Forbidden, "自己"),
        ("jb.handler", "jb.supervisor", {"by": "hs.admin"}, Forbidden, "管理员"),
    ],
)
def test_what_cannot_be_granted_is_refused_in_words(
    house: House, principal: str, substitute: str, more: dict[str, Any], error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        name(house, principal, substitute, **more)
    with house.database.transaction() as session:
        assert session.scalars(select(Substitution)).all() == []


def test_an_administrator_names_one_and_both_are_told(house: House) -> None:
    grant = name(house, "jb.handler", "jb.supervisor", by="jb.admin")
    with pytest.raises(Conflict, match="已经授权"):
        name(house, "jb.handler", "jb.supervisor", by="jb.admin")
    with house.database.transaction() as session:
        told = set(session.scalars(select(Notice.user_id).where(Notice.kind == "substitute")))
        assert told == {house.structure.people[one] for one in ("jb.handler", "jb.supervisor")}
        (shown,) = substitutions.grants_of(session, house.actor("jb.admin"), house.structure.people["jb.handler"], now=NOW)
        assert (shown.grant.id, shown.principal, shown.substitute, shown.state) == (
            grant,
            "区能源局·经办",
            "区发展改革局·督办",
            "running",
        )
        with pytest.raises(NotFound):
            substitutions.revoke_substitute(session, house.actor("jb.admin"), grant + 1, now=NOW)
        with pytest.raises(Forbidden):
            substitutions.revoke_substitute(session, house.actor("hs.admin"), grant, now=NOW)


def today_of(house: House, username: str, day: date) -> Actor:
    with house.database.transaction() as session:
        return actor_for(session, house.structure.people[username], "web", "", day)


def test_it_begins_and_ends_on_its_days(house: House) -> None:
    name(house, "jb.handler", "jb.admin", since=TODAY + timedelta(days=2), until=TODAY + timedelta(days=4))
    stands = {ahead: bool(today_of(house, "jb.admin", TODAY + timedelta(days=ahead)).stand_ins) for ahead in range(6)}
    assert stands == {0: False, 1: False, 2: True, 3: True, 4: False, 5: False}


@pytest.mark.parametrize("who", ["jb.handler", "jb.supervisor"])
@pytest.mark.parametrize("ahead", [0, 3])
def test_leaving_a_post_ends_it_on_that_day(house: House, who: str, ahead: int) -> None:
    name(house, "jb.handler", "jb.supervisor")
    day = TODAY + timedelta(days=ahead)
    with house.database.transaction() as session:
        held = people.people_queries.memberships_of(session, [house.structure.people[who]], TODAY)
        people.end_membership(session, house.actor("zj.admin"), held[0].id, now=NOW, until=day)
    if ahead:
        assert today_of(house, "jb.supervisor", day - timedelta(days=1)).stand_ins
    assert not today_of(house, "jb.supervisor", day).stand_ins


def test_who_is_nobodys_substitute_is_read_in_one_statement(house: House) -> None:
    name(house, "jb.handler", "jb.admin")
    for username, wanted in (("jb.supervisor", 1), ("jb.admin", 2)):
        seen: list[str] = []
        with house.database.transaction() as session:
            connection = session.connection()
            event.listen(connection, "before_cursor_execute", lambda *given, seen=seen: seen.append(given[2]))
            actor_for(session, house.structure.people[username], "web", "", TODAY)
        assert len(seen) == wanted, seen


def test_return_transfer_rounds_and_retrieval_say_for_whom(house: House, task: Task) -> None:
    name(house, "jb.handler", "jb.admin", may_decide=True)
    admin, handler = house.actor("jb.admin"), house.structure.people["jb.handler"]
    complete(house, "jb.admin", task)
    with house.database.transaction() as session:
        navigation.retrieve_task(session, admin, task.id, now=NOW)
    (again,) = house.open()
    assert again.assignee_id == handler and house.holders(again.id)[f"u:{handler}"] is None
    complete(house, "jb.admin", again)
    (sign,) = house.open()
    with house.database.transaction() as session:
        navigation.return_task(session, admin, sign.id, navigation.ReturnAsked("a", "重拟"), now=NOW)
        returned = session.scalars(select(TaskEvent).where(TaskEvent.kind == "returned")).one()
        assert returned.acted_for == handler
    (redone,) = house.open()
    assert f"u:{handler}" in house.holders(redone.id)
    supervisor = Asked(f"u:{house.structure.people['jb.supervisor']}")
    with house.database.transaction() as session:
        asked = rounds.RoundAsked(Relation.CONSULT, [supervisor], note="？")
        found = rounds.begin_round(session, admin, redone.id, asked, now=NOW)
        assert found.created_by == handler and session.get_one(Task, redone.id).assignee_id == handler
        consult = session.scalars(select(TaskEvent).where(TaskEvent.kind == "consult")).one()
        assert consult.acted_for == handler
    with house.database.transaction() as session:
        wanted = transfers.TransferAsked("g:jb.energy:handler")
        transfers.transfer_task(session, admin, redone.id, wanted, now=NOW)
        moved = session.scalars(select(TaskEvent).where(TaskEvent.kind == "transfer")).one()
        assert moved.acted_for == handler


def test_a_substitute_sees_the_run_of_another_government_only_while_it_lies_before_his_principal(house: House) -> None:
    house.deploy_chain(user_task("a", group="nb.drc:planner"))
    instance_id = house.start()
    with house.database.transaction() as session:
        people.add_person(
            session, SYSTEM, PersonFacts(username="nb.office", name="市府办"), [("nb.office", "registry")], now=NOW,
            password=PASSWORD,
        )  # fmt: skip
    with house.database.transaction() as session:
        office = replace(actor_of(session, "nb.office"), area_paths=("/elsewhere/",))
        with pytest.raises(Forbidden):
            processes.visible_instance(session, office, instance_id)
    with house.database.transaction() as session:
        who = session.scalars(select(people.User.id).where(people.User.username == "nb.office")).one()
        asked = SubstituteAsked(house.structure.people["nb.planner"], who, TODAY, MONTH)
        substitutions.name_substitute(session, actor_of(session, "nb.planner"), asked, now=NOW)
        office = replace(actor_of(session, "nb.office"), area_paths=("/elsewhere/",))
        assert processes.visible_instance(session, office, instance_id).id == instance_id
        assert "g:nb.drc:planner" in keys_of(office)


def test_the_digest_of_who_is_away_goes_to_the_substitute_as_well(house: House, task: Task) -> None:
    with house.database.transaction() as session:
        tasks.set_due(session, house.actor("jb.supervisor"), task.id, NOW + timedelta(hours=3), "急件", now=NOW)
    name(house, "jb.handler", "jb.admin")
    name(house, "jb.handler", "jb.supervisor", since=TODAY + timedelta(days=5))
    with house.database.transaction() as session:
        found = {one.person: [(each.task_id, each.for_whom) for each in one.own] for one in digests.digests_at(session, NOW)}
    assert found == {"区能源局·经办": [(task.id, "")], "区发展改革局·管理员": [(task.id, "区能源局·经办")]}
