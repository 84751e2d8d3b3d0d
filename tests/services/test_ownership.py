"""A definition is changed by the government whose it is; the calendar by the topmost one; nobody deploys for his neighbours."""

import json
from datetime import date

import pytest
from sqlalchemy import select

from tests.engine import xml_drawing
from tests.people import SYSTEM
from tests.services.house import FORM, House, user_task
from workflow_service.domain.errors import Forbidden
from workflow_service.services import calendar_days, deployments, notices, rhythms
from workflow_service.services.context import Actor
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.services.units import UnitFacts, add_unit
from workflow_service.store import people_queries
from workflow_service.store.definitions import FormDefinition, ProcessDefinition

POSTS = {"zj.designer": ("zj.drc", "designer"), "jb.designer": ("jb.drc", "designer"), "hs.designer": ("hs.drc", "designer"),
         "zj.supervisor": ("zj.drc", "supervisor")}  # fmt: skip


@pytest.fixture
def house(house: House) -> House:
    """The small government with designers in the province and in two counties."""
    with house.database.transaction() as session:
        for username, post in POSTS.items():
            facts = PersonFacts(username=username, name=username)
            add_person(session, SYSTEM, facts, [post], now=house.now, password_hash="-", constructed=True)
    return house


def drawing(key: str = "p", task: str = "a", form: str = "answer") -> bytes:
    nodes = '<startEvent id="start"/>' + user_task(task).replace('"answer"', f'"{form}"') + '<endEvent id="end"/>'
    return xml_drawing.file(xml_drawing.process(nodes, f"start -> {task}", f"{task} -> end", key=key))


def form(title: str) -> bytes:
    return json.dumps({**FORM, "title": title}).encode()


def deploy(house: House, username: str, **files: bytes) -> None:
    actor = house.actor(username) if username else SYSTEM
    named = {name.replace("_", "."): content for name, content in files.items()}
    with house.database.transaction() as session:
        deployments.deploy_files(session, actor, "test", named, now=house.now)


def owners(house: House) -> dict[str, set[str]]:
    with house.database.transaction() as session:
        found: dict[str, set[str]] = {}
        for table in (ProcessDefinition, FormDefinition):
            for row in session.scalars(select(table)):
                found.setdefault(row.key, set()).add(row.area_path)
        return found


def test_what_came_with_the_service_is_changed_from_the_area_above_all_others(house: House) -> None:
    deploy(house, "", p_bpmn=drawing(), answer_json=form("一"))
    with pytest.raises(Forbidden, match="“p”属于全部辖区"):
        deploy(house, "jb.designer", p_bpmn=drawing(task="b"))
    with pytest.raises(Forbidden, match="answer"):
        deploy(house, "jb.designer", answer_json=form("二"))
    deploy(house, "zj.designer", p_bpmn=drawing(task="b"))
    assert owners(house) == {"p": {""}, "answer": {""}}


def test_a_county_deploys_its_own_and_so_does_whoever_is_above_it(house: House) -> None:
    deploy(house, "", answer_json=form("一"))
    deploy(house, "jb.designer", own_bpmn=drawing("own"))
    deploy(house, "jb.designer", own_bpmn=drawing("own", task="b"))
    with pytest.raises(Forbidden, match="“own”属于江北区人民政府"):
        deploy(house, "hs.designer", own_bpmn=drawing("own", task="c"))
    deploy(house, "zj.designer", own_bpmn=drawing("own", task="d"))
    assert owners(house)["own"] == {"/330000/330200/330205/"}


def test_a_part_of_ones_own_that_others_use_is_not_changed_under_them(house: House) -> None:
    deploy(house, "jb.designer", own_json=form("一"), x_bpmn=drawing("x", form="own"))
    deploy(house, "zj.designer", y_bpmn=drawing("y", form="own"))
    with pytest.raises(Forbidden, match="“y”属于浙江省人民政府"):
        deploy(house, "jb.designer", own_json=form("二"))
    with house.database.transaction() as session:
        assert len(session.scalars(select(FormDefinition)).all()) == 1


def test_the_check_tells_beforehand_what_may_not_be_deployed(house: House) -> None:
    deploy(house, "", p_bpmn=drawing(), answer_json=form("一"))

    def found(username: str) -> list[str]:
        with house.database.transaction() as session:
            problems = deployments.check_files(session, house.actor(username), {"p.bpmn": drawing(task="b")})
        return [one.code for one in problems["p.bpmn"] if one.is_error]

    assert (found("jb.designer"), found("zj.designer")) == (["not_own"], [])


def test_without_an_area_above_all_only_the_service_itself_changes_what_belongs_to_all(house: House) -> None:
    deploy(house, "", p_bpmn=drawing(), answer_json=form("一"))
    with house.database.transaction() as session:
        assert people_queries.whole_area(session) == "/330000/"
        add_unit(session, SYSTEM, UnitFacts(code="nm", name="内蒙古自治区人民政府", area="150000"), now=house.now)
        assert people_queries.whole_area(session) == "/"
    with pytest.raises(Forbidden):
        deploy(house, "zj.designer", p_bpmn=drawing(task="b"))
    deploy(house, "", p_bpmn=drawing(task="b"))


@pytest.mark.parametrize(("username", "allowed"), [("jb.supervisor", False), ("jb.admin", False), ("zj.supervisor", True)])
def test_the_calendar_is_one_for_all_and_kept_in_the_topmost_area(house: House, username: str, allowed: bool) -> None:
    day = date(2027, 5, 3)

    def change(actor: Actor) -> None:
        with house.database.transaction() as session:
            calendar_days.set_days(session, actor, {day: (False, "五一")}, now=house.now)
            calendar_days.forget_day(session, actor, day, now=house.now)
            calendar_days.estimate_year(session, actor, 2028, now=house.now)
            calendar_days.confirm_year(session, actor, 2028, "国办发明电〔2027〕1号", now=house.now)

    if allowed:
        change(house.actor(username))
    else:
        with pytest.raises(Forbidden, match="最上一级"):
            change(house.actor(username))


def test_settings_of_the_whole_installation_are_the_topmost_administrators(house: House) -> None:
    for username, allowed in (("jb.admin", False), ("zj.admin", True)):
        for change in (
            lambda session, actor: rhythms.activate(session, actor, now=house.now),
            lambda session, actor: notices.set_robots(session, actor, {}, now=house.now),
        ):
            with house.database.transaction() as session:
                if allowed:
                    change(session, house.actor(username))
                else:
                    with pytest.raises(Forbidden):
                        change(session, house.actor(username))
