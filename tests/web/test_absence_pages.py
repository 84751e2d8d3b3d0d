"""The pages of absence, and where others see that somebody is away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from tests.people import NOW, SYSTEM
from tests.services.catalogue import Catalogue
from tests.services.house import House, user_task
from tests.web.conftest import Person
from workflow_service.domain.errors import Forbidden
from workflow_service.services import absences, substitutions
from workflow_service.services import people as use
from workflow_service.services.absences import AbsenceAsked
from workflow_service.services.plans import plan_facts
from workflow_service.services.processes import start_process
from workflow_service.services.substitutions import SubstituteAsked
from workflow_service.store.absences import Absence
from workflow_service.store.operations import Substitution
from workflow_service.store.runtime import Task

Visit = Callable[[str], Person]
TODAY = NOW.date()
DAY = timedelta(days=1)
LAST = TODAY + timedelta(days=4)
MARK = f"请假至 {LAST.month}月{LAST.day}日"
OWN = "/people/me/absences"


def away(house: House, username: str) -> None:
    with house.database.transaction() as session:
        asked = AbsenceAsked(house.structure.people[username], "leave", TODAY, LAST)
        absences.enter_absence(session, SYSTEM, asked, now=NOW)


def form(**more: object) -> dict[str, str]:
    given = {"kind": "trip", "since": TODAY, "last": LAST, "remark": "赴省里开会"} | more
    return {name: str(value) for name, value in given.items()}


def test_one_enters_an_absence_with_a_substitute_and_ends_it_early(house: House, person: Visit) -> None:
    handler, admin_id = person("jb.handler"), house.structure.people["jb.admin"]
    assert OWN in handler.get("/tasks").text
    told = handler.get(OWN).text
    assert "即将到期、今天到期和逾期的任务从当天起告知上级" in told and "有人在岗的不告知" in told
    refused = handler.post(OWN, form(last=TODAY - timedelta(days=1)))
    assert refused.status_code == 422 and "不能早于" in refused.text and "赴省里开会" in refused.text
    assert handler.post(OWN, form(since="")).status_code == 422
    done = handler.post(OWN, form(substitute=admin_id), follow_redirects=True)
    assert all(words in done.text for words in ("已授权代办人", "外出中", "赴省里开会", "区发展改革局·管理员"))
    with house.database.transaction() as session:
        (grant,) = session.scalars(select(Substitution)).all()
        assert (grant.substitute_id, grant.since, grant.until) == (admin_id, TODAY, LAST + timedelta(days=1))
        absence_id = session.scalars(select(Absence.id)).one()
    again = handler.post(OWN, form())
    assert again.status_code == 409 and "已经登记出差" in again.text
    ended = handler.post(f"/people/absences/{absence_id}/end", seen=OWN, follow_redirects=True)
    assert "照常督促" in ended.text and "已提前结束" in ended.text


def test_nothing_is_kept_where_the_substitute_is_refused(house: House, person: Visit) -> None:
    handler = person("jb.handler")
    handler.post(OWN, form(substitute=house.structure.people["jb.admin"]))
    with house.database.transaction() as session:
        absences.end_absence(session, SYSTEM, session.scalars(select(Absence.id)).one(), now=NOW)
    refused = handler.post(OWN, form(substitute=house.structure.people["jb.admin"]))
    assert refused.status_code == 409 and "已经授权给" in refused.text
    with house.database.transaction() as session:
        assert len(session.scalars(select(Absence)).all()) == 1


def test_an_administrator_enters_it_for_a_person_on_whose_page_it_stands(house: House, person: Visit) -> None:
    admin, user_id = person("jb.admin"), house.structure.people["jb.handler"]
    address = f"/people/{user_id}/absences"
    assert address in admin.get(f"/people/{user_id}").text
    assert admin.post(address, form(), follow_redirects=True).status_code == 200
    page = person("jb.admin").get(f"/people/{user_id}").text
    assert "外出登记" in page and "赴省里开会" in page
    assert person("jb.supervisor").get(address).status_code == 403
    assert "已登记您出差" in person("jb.handler").get("/notices").text


def test_whoever_may_only_see_the_person_reads_neither_remarks_nor_what_is_over(house: House, person: Visit) -> None:
    """The administrator of one county, of a person who has posts in two, as the interface has it."""
    user_id, today = house.structure.people["jb.handler"], NOW
    with house.database.transaction() as session:
        for since, last, remark in ((TODAY, LAST, "赴省里开会"), (LAST + DAY, LAST + DAY, "住院")):
            asked = AbsenceAsked(user_id, "leave", since, last, remark)
            made = absences.enter_absence(session, SYSTEM, asked, now=today)
        absences.end_absence(session, SYSTEM, made.id, now=today)
    mine = person("jb.admin").get(f"/people/{user_id}").text
    assert "赴省里开会" in mine and "住院" in mine and "已提前结束" in mine
    with house.database.transaction() as session:
        use.assign_post(session, SYSTEM, user_id, "hs.drc", "handler", now=today)
    for username in ("jb.admin", "jb.supervisor", "hs.admin"):
        page = person(username).get(f"/people/{user_id}").text
        assert "外出中" in page and "外出登记" in page, username
        assert "赴省里开会" not in page and "住院" not in page and "已提前结束" not in page
        with house.database.transaction() as session, pytest.raises(Forbidden):
            absences.absences_of(session, house.actor(username), user_id, now=today)


def test_whoever_looks_at_a_task_urges_it_or_gives_it_away_sees_who_is_away(house: House, person: Visit) -> None:
    house.deploy_chain(user_task("a"), user_task("b"))
    house.start()
    (task,), supervisor = house.open(), person("jb.supervisor")
    places = [f"/tasks/{task.id}", f"/tasks/{task.id}/urge", f"/tasks/{task.id}/reassign", f"/supervision/act?task={task.id}"]
    assert [address for address in places if "请假至" in supervisor.get(address).text] == []
    away(house, "jb.handler")
    assert [address for address in places if MARK not in supervisor.get(address).text] == []
    assert "等回岗后才看到" in supervisor.get(places[1]).text
    ticked = [("action", "urge"), ("task", str(task.id))]
    assert MARK in supervisor.post("/tasks/batch", ticked).text
    with house.database.transaction() as session:
        absences.end_absence(session, SYSTEM, session.scalars(select(Absence.id)).one(), now=NOW)
    assert [address for address in places if "请假至" in supervisor.get(address).text] == []


def test_the_page_of_urging_warns_only_where_neither_he_nor_a_substitute_is_there(house: House, person: Visit) -> None:
    house.deploy_chain(user_task("a"), user_task("b"))
    house.start()
    address, supervisor = f"/tasks/{house.open()[0].id}/urge", person("jb.supervisor")
    away(house, "jb.handler")
    assert "没有代办人" in supervisor.get(address).text
    english = person("jb.supervisor").speaks("en").get(address).text
    assert "Nobody is there now, nor a substitute" in english
    with house.database.transaction() as session:
        people = house.structure.people
        asked = SubstituteAsked(people["jb.handler"], people["jb.admin"], TODAY, LAST)
        substitutions.name_substitute(session, SYSTEM, asked, now=NOW)
    page = supervisor.speaks("zh").get(address).text
    assert MARK in page and "没有代办人" not in page
    away(house, "jb.admin")
    assert "没有代办人" in supervisor.get(address).text


def test_the_overdue_list_marks_whose_holder_is_away_and_an_open_board_hears_of_it(house: House, person: Visit) -> None:
    house.deploy_chain(user_task("fill"))
    with house.database.transaction() as session:
        made = Catalogue.again(session)
        plan = made.plan("江北区港口规划", "jb.energy", date(2025, 1, 6), TODAY - timedelta(days=30), level="county")
        start_process(
            session, SYSTEM, "p", variables={"plan": plan_facts(plan)}, business_key="1", plan_id=plan.id, now=house.now
        )
        session.scalars(select(Task)).one().due_at = house.now - timedelta(days=9)
    supervisor = person("jb.supervisor")
    before = supervisor.get("/board").text
    tag = before.split('data-tag="')[1].split('"')[0]
    away(house, "jb.handler")
    page = supervisor.get("/board").text
    assert "请假至" not in before and page.count(MARK) >= 1
    assert supervisor.get("/board/live", headers={"If-None-Match": f'"{tag}"'}).status_code == 200
    assert "请假至" not in supervisor.get(f"/board?as_of={TODAY - timedelta(days=1)}").text
