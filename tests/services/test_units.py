"""Units as a tree, and posts that tasks can be sent to."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from tests.people import NOW, SYSTEM, TODAY, Structure, actor_of, build_structure
from workflow_service.domain.divisions import UnknownDivision
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.services import units
from workflow_service.services.people import end_membership
from workflow_service.services.units import NewPost, UnitFacts
from workflow_service.store.database import Database
from workflow_service.store.people import Unit, User
from workflow_service.store.people_queries import (
    governments_above,
    governments_below,
    memberships_of,
    posts_of,
    units_of_area,
)

COUNTY = "/330000/330200/330205/"
WATER = UnitFacts(code="jb.water", name="江北区水利局", area="330205", parent="jb", relation="water")


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def government(session: Session) -> Structure:
    return build_structure(session)


def test_a_unit_knows_its_level_its_area_and_all_above_it(session: Session, government: Structure) -> None:
    unit = units.add_unit(session, actor_of(session, "jb.admin"), WATER, now=NOW)
    assert (unit.level, unit.area_path, unit.path) == ("county", COUNTY, "/zj/nb/jb/jb.water/")
    assert unit.short_name == "江北区水利局"
    assert [post.code for post in posts_of(session, unit.id)] == ["leader", "handler", "registry"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code": "jb.drc"}, Conflict),
        ({"code": "lead_unit"}, InvalidInput),
        ({"code": "drc_above"}, InvalidInput),
        ({"code": "a:b"}, InvalidInput),
        ({"code": "a/b"}, InvalidInput),
        ({"code": "a,b"}, InvalidInput),
        ({"name": ""}, InvalidInput),
        ({"document_prefix": "北水2科"}, InvalidInput),
        ({"document_prefix": "北水〔办〕"}, InvalidInput),
        ({"name": "某\x00局"}, InvalidInput),
        ({"area": "33"}, UnknownDivision),
        ({"parent": "nowhere"}, InvalidInput),
        ({"parent": "hs"}, InvalidInput),
        ({"relation": "king"}, InvalidInput),
        ({"relation": "drc"}, Conflict),
    ],
)
def test_a_unit_that_does_not_fit_is_refused(
    session: Session, government: Structure, change: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        units.add_unit(session, SYSTEM, replace(WATER, **change), now=NOW)


def test_an_administrator_sets_up_units_of_his_area_only(session: Session, government: Structure) -> None:
    admin = actor_of(session, "jb.admin")
    units.add_unit(session, admin, replace(WATER, code="cc.x", area="330205104", parent="cc"), now=NOW)
    for area, parent in (("330203", "hs"), ("330200", "nb")):
        with pytest.raises(Forbidden):
            units.add_unit(session, admin, replace(WATER, area=area, parent=parent), now=NOW)
    with pytest.raises(Forbidden):
        units.dissolve_unit(session, admin, government.units["hs"], now=NOW)


def test_everything_below_moves_with_a_unit(session: Session, government: Structure) -> None:
    unit = units.add_unit(session, SYSTEM, WATER, now=NOW)
    below = units.add_unit(
        session, SYSTEM, replace(WATER, code="jb.water.station", parent="jb.water", relation=""), now=NOW
    )
    units.change_unit(session, SYSTEM, unit.id, replace(WATER, parent="jb.drc"), now=NOW)
    session.refresh(below)
    assert below.path == "/zj/nb/jb/jb.drc/jb.water/jb.water.station/"
    with pytest.raises(InvalidInput, match="自己的下属"):
        units.change_unit(session, SYSTEM, unit.id, replace(WATER, parent="jb.water.station"), now=NOW)


def test_a_dissolved_unit_frees_its_function_and_can_come_back(
    session: Session, government: Structure
) -> None:
    unit = units.add_unit(session, SYSTEM, WATER, now=NOW)
    units.dissolve_unit(session, SYSTEM, unit.id, now=NOW)
    assert "jb.water" not in [each.code for each in units_of_area(session, COUNTY)]
    units.add_unit(session, SYSTEM, replace(WATER, code="jb.water2"), now=NOW)
    assert units.restore_unit(session, SYSTEM, unit.id, now=NOW).relation == ""


@pytest.mark.parametrize(("code", "said"), [("jb", "下属单位 4 个"), ("jb.energy", "在岗人员 1 人")])
def test_a_unit_with_something_on_it_is_not_dissolved(
    session: Session, government: Structure, code: str, said: str
) -> None:
    with pytest.raises(Conflict, match=said):
        units.dissolve_unit(session, SYSTEM, government.units[code], now=NOW)


def test_the_rank_of_a_post_sorts_its_holders(session: Session, government: Structure) -> None:
    post = next(each for each in posts_of(session, government.units["jb.energy"]) if each.code == "handler")
    units.change_post(
        session, actor_of(session, "jb.admin"), post.id, NewPost("", "主办", "designer", 5), now=NOW
    )
    user = session.get(User, government.people["jb.handler"])
    assert user is not None
    assert user.sort_key.startswith("0005 ")
    assert actor_of(session, "jb.handler").has_role("designer", COUNTY)


@pytest.mark.parametrize(
    "post",
    [NewPost("handler", "经办"), NewPost("a:b", "某岗"), NewPost("x", ""), NewPost("x", "某岗", "king"),
     NewPost("x", "某岗", "", 0), NewPost("x", "某岗", "", 1000)],
)  # fmt: skip
def test_a_post_that_does_not_fit_is_refused(session: Session, government: Structure, post: NewPost) -> None:
    with pytest.raises((InvalidInput, Conflict)):
        units.add_post(session, SYSTEM, government.units["jb.energy"], post, now=NOW)


def test_only_a_post_that_nobody_ever_held_is_removed(session: Session, government: Structure) -> None:
    posts = {post.code: post for post in posts_of(session, government.units["jb.energy"])}
    units.remove_post(session, SYSTEM, posts["registry"].id, now=NOW)
    (held,) = memberships_of(session, [government.people["jb.handler"]], TODAY)
    end_membership(session, SYSTEM, held.id, now=NOW)
    with pytest.raises(Conflict, match="任职记录 1 条"):
        units.remove_post(session, SYSTEM, posts["handler"].id, now=NOW)
    with pytest.raises(NotFound):
        units.remove_post(session, SYSTEM, 10**9, now=NOW)


def test_governments_are_walked_up_and_down(session: Session, government: Structure) -> None:
    assert [each.name for each in governments_below(session, "/330000/330200/")] == [
        "海曙区人民政府",
        "江北区人民政府",
    ]
    assert [each.area for each in governments_above(session, COUNTY, None)] == ["330000", "330200"]
    assert governments_above(session, COUNTY, (COUNTY,)) == []


def test_the_tree_of_a_government_follows_its_order(session: Session, government: Structure) -> None:
    listed: list[Unit] = units_of_area(session, COUNTY)
    assert [unit.code for unit in listed] == ["jb", "jb.drc", "jb.ecology", "jb.energy"]
