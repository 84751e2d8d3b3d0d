"""All of a person's work to another in one step: his own tasks, what he claimed, his posts on a day, his grants."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from tests.people import NOW, PASSWORD, SYSTEM, TODAY, actor_of
from tests.services.house import House, user_task
from workflow_service.domain.errors import Forbidden, InvalidInput
from workflow_service.domain.rounds import Relation, RoundMode
from workflow_service.services import audit, handover, people, rounds, substitutions, tasks
from workflow_service.services.handover import HandOver, Report
from workflow_service.services.people import PersonFacts
from workflow_service.services.recipients import Asked
from workflow_service.services.substitutions import SubstituteAsked
from workflow_service.store import people_queries
from workflow_service.store.operations import Substitution, TaskEvent
from workflow_service.store.runtime import Task


@pytest.fixture
def heir(house: House) -> int:
    with house.database.transaction() as session:
        facts = PersonFacts(username="jb.heir", name="区能源局·接任")
        return people.add_person(session, SYSTEM, facts, [("jb.energy", "registry")], now=NOW, password=PASSWORD).user.id


def begin(house: House) -> tuple[Task, Task, Task]:
    """A task of his own, one that he claimed, one that lies before his post only."""
    house.deploy_chain(user_task("a"))
    for number in range(3):
        house.start(business_key=f"b{number}")
    named, claimed, posts = house.open()
    handler = house.structure.people["jb.handler"]
    with house.database.transaction() as session:
        asked = rounds.RoundAsked(Relation.CONSULT, [Asked(f"u:{handler}")])
        tasks.claim_task(session, house.actor("jb.handler"), claimed.id, now=NOW)
        rounds.begin_round(session, house.actor("jb.handler"), named.id, asked, now=NOW)
    own = next(one for one in house.open() if one.round_id is not None)
    return own, claimed, posts


def give(house: House, heir: int, by: str = "jb.admin", **more: object) -> Report:
    wanted = HandOver(house.structure.people["jb.handler"], heir, **more)  # type: ignore[arg-type]
    with house.database.transaction() as session:
        report = handover.hand_over(session, house.actor(by), wanted, now=NOW)
        assert audit.verify(session) == []
        return report


def test_what_is_his_goes_what_is_the_posts_stays(house: House, heir: int) -> None:
    own, claimed, posts = begin(house)
    wanted = HandOver(house.structure.people["jb.handler"], heir)
    with house.database.transaction() as session:
        items = handover.preview_hand_over(session, house.actor("jb.admin"), wanted, now=NOW)
    assert sorted(one.kind for one in items) == ["claimed", "claimed", "post", "task"]
    report = give(house, heir)
    assert report.refused == 0 and sorted(one.item.kind for one in report.results) == sorted(one.kind for one in items)
    assert house.holders(own.id) == {f"u:{heir}": None}
    assert house.holders(claimed.id) == {"g:jb.energy:handler": heir, f"u:{heir}": None}
    assert house.holders(posts.id) == {"g:jb.energy:handler": None}
    with house.database.transaction() as session:
        held = people_queries.memberships_of(session, [heir], TODAY)
        assert {one.post.code for one in held} == {"registry", "handler"}
        assert people_queries.memberships_of(session, [house.structure.people["jb.handler"]], TODAY) == []
        events = session.scalars(select(TaskEvent.task_id).where(TaskEvent.kind == "handed_over")).all()
        assert set(events) >= {own.id, claimed.id}


def test_without_the_post_what_he_claimed_goes_back_to_it(house: House, heir: int) -> None:
    _own, claimed, _posts = begin(house)
    report = give(house, heir, with_posts=False)
    assert {one.item.id: one.done for one in report.results}[claimed.id] == "已放回岗位"
    assert house.holders(claimed.id) == {"g:jb.energy:handler": None}


def test_a_turn_that_has_not_come_is_the_successors(house: House, heir: int) -> None:
    house.deploy_chain(user_task("a", group="jb.drc:supervisor"))
    house.start()
    (main,) = house.open()
    who = [Asked(f"u:{house.structure.people[one]}") for one in ("jb.admin", "jb.handler")]
    with house.database.transaction() as session:
        asked = rounds.RoundAsked(Relation.BEFORE, who, RoundMode.SEQUENCE)
        rounds.begin_round(session, house.actor("jb.supervisor"), main.id, asked, now=NOW)
    report = give(house, heir)
    assert [(one.item.kind, one.done) for one in report.results if one.item.kind == "turn"] == [("turn", "已移交")]
    side = next(one for one in house.open() if one.round_id is not None)
    with house.database.transaction() as session:
        tasks.complete_task(session, house.actor("jb.admin"), side.id, {"outcome": "agree", "opinion": "可以"}, now=NOW)
    side = next(one for one in house.open() if one.round_id is not None)
    assert house.holders(side.id) == {f"u:{heir}": None}


def test_what_a_colleague_took_in_that_very_moment_stays_his(house: House, heir: int) -> None:
    _own, claimed, _posts = begin(house)
    with house.database.transaction() as session:
        facts = PersonFacts(username="jb.colleague", name="同岗位")
        people.add_person(session, SYSTEM, facts, [("jb.energy", "handler")], now=NOW)

    def meanwhile(_connection: object, _name: object) -> None:
        with house.database.transaction() as session:
            tasks.unclaim_task(session, house.actor("jb.handler"), claimed.id, now=NOW)
            tasks.claim_task(session, house.actor("jb.colleague"), claimed.id, now=NOW)

    with house.database.transaction() as session:
        event.listen(session.connection(), "savepoint", meanwhile, once=True)
        wanted = HandOver(house.structure.people["jb.handler"], heir, with_posts=False)
        report = handover.hand_over(session, house.actor("jb.admin"), wanted, now=NOW)
    (refused,) = (one for one in report.results if one.refused)
    assert refused.item.id == claimed.id and "不在本人名下" in refused.refused
    assert house.holders(claimed.id)[f"u:{house.actor('jb.colleague').user_id}"] is None


def test_posts_go_on_the_day_that_was_named(house: House, heir: int) -> None:
    begin(house)
    day = TODAY + timedelta(days=10)
    give(house, heir, on=day)
    handler = house.structure.people["jb.handler"]
    with house.database.transaction() as session:
        for ahead, his in ((0, True), (9, True), (10, False)):
            held = people_queries.memberships_of(session, [handler], TODAY + timedelta(days=ahead))
            new = people_queries.memberships_of(session, [heir], TODAY + timedelta(days=ahead))
            assert bool(held) is his and ("handler" in {one.post.code for one in new}) is not his


def test_grants_that_he_gave_end_and_those_he_got_go_on_without_deciding(house: House, heir: int) -> None:
    who = house.structure.people
    with house.database.transaction() as session:
        for principal, substitute in (("jb.handler", "jb.supervisor"), ("jb.admin", "jb.handler")):
            asked = SubstituteAsked(who[principal], who[substitute], TODAY, TODAY + timedelta(days=9), may_decide=True)
            substitutions.name_substitute(session, actor_of(session, principal), asked, now=NOW)
    assert give(house, heir, by="zj.admin").refused == 0
    with house.database.transaction() as session:
        running = session.scalars(select(Substitution).where(Substitution.revoked_at.is_(None))).one()
        assert (running.principal_id, running.substitute_id, running.may_decide) == (who["jb.admin"], heir, False)


def test_one_item_that_is_refused_holds_up_no_other(house: House, heir: int) -> None:
    own, _claimed, _posts = begin(house)
    with house.database.transaction() as session:
        circle = SubstituteAsked(heir, house.structure.people["jb.admin"], TODAY, TODAY + timedelta(days=9))
        who = house.structure.people
        got = SubstituteAsked(who["jb.admin"], who["jb.handler"], TODAY, TODAY + timedelta(days=9))
        for one in (circle, got):
            substitutions.name_substitute(session, SYSTEM, one, now=NOW)
    report = give(house, heir, by="zj.admin")
    (refused,) = [one for one in report.results if one.refused]
    assert refused.item.kind == "grant_got" and "循环" in refused.refused
    assert house.holders(own.id) == {f"u:{heir}": None}
    with house.database.transaction() as session:
        kept = select(Substitution).where(Substitution.substitute_id == house.structure.people["jb.handler"])
        assert session.scalars(kept).one().principal_id == house.structure.people["jb.admin"]


@pytest.mark.parametrize("username", ["jb.handler", "jb.supervisor", "hs.admin"])
def test_only_an_administrator_of_the_area_does_it(house: House, heir: int, username: str) -> None:
    with pytest.raises((Forbidden, people.NotFound)):
        give(house, heir, by=username)


def test_to_himself_or_into_the_past_nothing_is_handed_over(house: House, heir: int) -> None:
    with pytest.raises(InvalidInput):
        give(house, house.structure.people["jb.handler"])
    with pytest.raises(InvalidInput):
        give(house, heir, on=TODAY - timedelta(days=1))
