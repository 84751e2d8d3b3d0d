"""Somebody is transferred while he holds a countersignature, a substitution and a listed matter (docs/domain.md §7)."""

from __future__ import annotations

import json
from datetime import date

import pytest
from sqlalchemy import select

from tests.people import NOW, PASSWORD, SYSTEM, TODAY, actor_of
from tests.services.house import House
from tests.services.test_listing import FILES, matter_of, put_on_list
from tests.services.test_rhythms import delivered
from tests.services.test_signing import FORM, signers
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.services import (
    answerable,
    audit,
    deployments,
    handover,
    listing,
    people,
    substitutions,
    tasks,
)
from workflow_service.services.handover import HandOver
from workflow_service.services.people import PersonFacts
from workflow_service.services.substitutions import SubstituteAsked
from workflow_service.store import listed_list, people_queries
from workflow_service.store.operations import Substitution
from workflow_service.store.runtime import Task
from workflow_service.store.supervision import Notice

SIGNER = 'camunda:candidateGroups="${one}:handler"'
AGREE = {"outcome": "agree", "opinion": "同意。"}


@pytest.fixture
def busy(house: House) -> House:
    """The energy bureau's handler has claimed his turn of a countersignature, stands in for a leader, answers for a matter."""
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "acting", delivered(*FILES), now=NOW)
        for name, post in (("jb.heir", ("jb.energy", "handler")), ("jb.boss", ("jb.energy", "leader"))):
            added = people.add_person(session, SYSTEM, PersonFacts(username=name, name=name), [post], now=NOW, password=PASSWORD)
            house.structure.people[name] = added.user.id
    house.deploy(signers("", SIGNER), files={"free.json": json.dumps(FORM).encode()})
    house.start(variables={"units": ["jb.energy", "jb.ecology"]})
    house.complete("a")
    ids = house.structure.people
    with house.database.transaction() as session:
        asked = SubstituteAsked(ids["jb.boss"], ids["jb.handler"], TODAY, date(2026, 1, 1), may_decide=True)
        substitutions.name_substitute(session, SYSTEM, asked, now=NOW)
        tasks.claim_task(session, house.actor("jb.handler"), turn(house).id, now=NOW)
    put_on_list(house, responsible_id=ids["jb.handler"])
    return house


def turn(house: House) -> Task:
    return next(one for one in house.open() if one.element_id == "ask" and "jb.energy:handler" in one.candidate_groups)


def transfer(house: House) -> None:
    with house.database.transaction() as session:
        (held,) = people_queries.memberships_of(session, [house.structure.people["jb.handler"]], TODAY)
        people.transfer_person(session, SYSTEM, held.id, "jb.ecology", "handler", now=NOW)
        assert audit.verify(session) == []
    house.actors.clear()


def pass_on(house: House) -> int:
    with house.database.transaction() as session:
        return answerable.pass_on_from_leavers(session, now=NOW)


def test_his_turn_stays_with_the_post_and_is_not_his_any_more(busy: House) -> None:
    transfer(busy)
    mine = turn(busy)
    assert mine.assignee_id is None and busy.holders(mine.id) == {"g:jb.energy:handler": None}
    with busy.database.transaction() as session, pytest.raises((Forbidden, NotFound)):
        tasks.complete_task(session, actor_of(session, "jb.handler"), mine.id, AGREE, now=NOW)
    with busy.database.transaction() as session:
        tasks.complete_task(session, actor_of(session, "jb.heir"), mine.id, AGREE, now=NOW)
    (other,) = [one for one in busy.open() if one.element_id == "ask"]
    with busy.database.transaction() as session:
        tasks.complete_task(session, actor_of(session, "jb.handler"), other.id, AGREE, now=NOW)
    assert [one.element_id for one in busy.open() if one.process_key == "p"] == ["z"]


def test_he_stands_in_for_nobody_any_more(busy: House) -> None:
    with busy.database.transaction() as session:
        assert [one.name for one in actor_of(session, "jb.handler").stand_ins] == ["jb.boss"]
    transfer(busy)
    with busy.database.transaction() as session:
        assert not actor_of(session, "jb.handler").stand_ins


def test_another_of_the_post_answers_for_the_matter_and_both_sides_are_told(busy: House) -> None:
    (matter,) = matters(busy)
    assert pass_on(busy) == 0, "while he holds the post it is his"
    transfer(busy)
    assert pass_on(busy) == 1 and pass_on(busy) == 0
    ids = busy.structure.people
    assert matter_of(busy, matter).responsible_id == ids["jb.heir"]
    with busy.database.transaction() as session:
        assert [note.kind for note, *_names in listed_list.notes_of(session, matter)] == ["listed", "responsible"]
        told = set(session.scalars(select(Notice.user_id).where(Notice.subject.contains("更换责任人"))))
        assert audit.verify(session) == []
    assert told == {ids["jb.heir"], ids["jb.supervisor"]}


def test_where_nobody_or_several_hold_the_post_nobody_answers_until_one_is_named(busy: House) -> None:
    (matter,) = matters(busy)
    ids = busy.structure.people
    with busy.database.transaction() as session:
        (held,) = people_queries.memberships_of(session, [ids["jb.heir"]], TODAY)
        people.end_membership(session, SYSTEM, held.id, now=NOW)
    transfer(busy)
    assert pass_on(busy) == 1
    assert matter_of(busy, matter).responsible_id is None
    with busy.database.transaction() as session:
        supervisor = actor_of(session, "jb.supervisor")
        with pytest.raises(InvalidInput):
            answerable.name_responsible(session, supervisor, matter, ids["jb.handler"], now=NOW)
        with pytest.raises(Forbidden):
            answerable.name_responsible(session, actor_of(session, "jb.boss"), matter, ids["jb.boss"], now=NOW)
        assert answerable.name_responsible(session, supervisor, matter, ids["jb.boss"], now=NOW).responsible_id == ids["jb.boss"]


def test_whoever_answers_now_cannot_confirm_and_who_left_can(busy: House) -> None:
    """The confirmation requires somebody else than the new holder."""
    (matter,) = matters(busy)
    transfer(busy)
    pass_on(busy)
    with busy.database.transaction() as session:
        found = listing.visible_matter(session, actor_of(session, "jb.supervisor"), matter)
        with pytest.raises(Forbidden):
            listing.strike_off(session, actor_of(session, "jb.heir"), found, "属实", now=NOW)
        listing.strike_off(session, actor_of(session, "jb.supervisor"), found, "属实", now=NOW)
    with busy.database.transaction() as session, pytest.raises(Conflict):
        answerable.name_responsible(
            session, actor_of(session, "jb.supervisor"), matter, busy.structure.people["jb.boss"], now=NOW
        )


def test_a_hand_over_passes_all_three_to_the_successor(busy: House) -> None:
    (matter,) = matters(busy)
    ids = busy.structure.people
    wanted = HandOver(ids["jb.handler"], ids["jb.heir"])
    with busy.database.transaction() as session:
        report = handover.hand_over(session, busy.actor("jb.admin"), wanted, now=NOW)
    assert {one.item.kind: one.refused for one in report.results}["matter"] == ""
    assert matter_of(busy, matter).responsible_id == ids["jb.heir"]
    assert turn(busy).assignee_id == ids["jb.heir"]
    grant = substitutions_of(busy, "jb.heir")
    assert [(one.principal_id, one.may_decide) for one in grant] == [(ids["jb.boss"], False)]


def test_a_matter_is_not_handed_to_somebody_who_does_not_work_there(busy: House) -> None:
    (matter,) = matters(busy)
    ids = busy.structure.people
    wanted = HandOver(ids["jb.handler"], ids["jb.supervisor"], with_posts=False)
    with busy.database.transaction() as session:
        report = handover.hand_over(session, busy.actor("jb.admin"), wanted, now=NOW)
    refused = {one.item.kind: one.refused for one in report.results}
    assert "责任人不在责任单位任职" in refused["matter"]
    assert matter_of(busy, matter).responsible_id == ids["jb.handler"]


def matters(house: House) -> list[int]:
    with house.database.transaction() as session:
        return [one.id for one in answerable.matters_of(session, house.structure.people["jb.handler"])]


def substitutions_of(house: House, username: str) -> list[Substitution]:
    with house.database.transaction() as session:
        running = Substitution.substitute_id == house.structure.people[username], Substitution.revoked_at.is_(None)
        return list(session.scalars(select(Substitution).where(*running)))
