"""Candidate groups are computed from the plan, and cost nothing when warm."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from tests.people import NOW, SYSTEM, build_structure
from workflow_service.domain.errors import TongchouError
from workflow_service.identity.access import actor_by_username
from workflow_service.identity.groups import GroupError, holder_of, remember_version_of, resolve_groups
from workflow_service.services.units import UnitFacts, add_unit, change_unit
from workflow_service.store.database import Database

PLAN = {"jurisdiction": "330205", "lead_unit": "jb.energy", "level": "county"}


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


@pytest.fixture
def government(database: Database) -> Database:
    with database.transaction() as session:
        build_structure(session)
    return database


@pytest.mark.parametrize(
    ("group", "found"),
    [
        ("lead_unit:handler", "jb.energy:handler"),
        ("drc:planner", "jb.drc:planner"),
        ("drc_above:planner", "nb.drc:planner"),
        ("government_office_above:registry", "nb.office:registry"),
        ("ecology:handler", "jb.ecology:handler"),
        ("zj.drc:leader", "zj.drc:leader"),
        ("${unit}:handler", "hs.drc:handler"),
        ("${plan.lead_unit}:leader", "jb.energy:leader"),
    ],
)
def test_a_relation_leads_to_the_unit_of_the_plans_government(
    government: Database, group: str, found: str
) -> None:
    with government.transaction() as session:
        assert resolve_groups(session, [group], PLAN, {"unit": "hs.drc"}) == [found]
    assert holder_of(found) == f"g:{found}"


def test_groups_keep_their_order_and_come_once(government: Database) -> None:
    groups = ["drc:planner", " lead_unit:handler ", "jb.drc:planner", ""]
    with government.transaction() as session:
        assert resolve_groups(session, groups, PLAN, {}) == ["jb.drc:planner", "jb.energy:handler"]


@pytest.mark.parametrize(
    ("group", "plan", "reason"),
    [
        ("congress_office:registry", PLAN, "330205 没有人大办公室"),
        ("drc_above:planner", {"jurisdiction": "330000"}, "330000 没有上一级政府"),
        ("drc:planner", {}, "规划没有“jurisdiction”"),
        ("lead_unit:handler", {"jurisdiction": "330205"}, "规划没有“lead_unit”"),
        ("jb.nowhere:handler", PLAN, "没有代码为“jb.nowhere”的在用单位"),
        ("drc:cook", PLAN, "单位“jb.drc”没有岗位“cook”"),
        ("handler", PLAN, "应写作“单位:岗位”"),
        ("${unit}:handler", PLAN, "unit"),
    ],
)
def test_a_group_that_leads_nowhere_says_why(
    government: Database, group: str, plan: dict[str, str], reason: str
) -> None:
    with government.transaction() as session, pytest.raises(TongchouError) as refused:
        resolve_groups(session, [group], plan, {})
    assert reason in str(refused.value)


def test_a_warm_step_costs_one_statement_for_the_person_and_none_for_groups(government: Database) -> None:
    groups = ["drc:planner", "lead_unit:handler", "drc_above:leader"]
    with government.transaction() as session:
        resolve_groups(session, groups, PLAN, {})
    with statements(government) as seen, government.transaction() as session:
        actor = actor_by_username(session, "jb.handler", "web", "", NOW.date())
        resolve_groups(session, groups, PLAN, {})
    assert len(seen) == 1
    with statements(government) as seen, government.transaction() as session:
        remember_version_of(session, actor)
        resolve_groups(session, groups, PLAN, {})
    assert seen == []
    with statements(government) as seen, government.transaction() as session:
        resolve_groups(session, groups, PLAN, {})
    assert len(seen) == 1


def test_a_change_of_units_is_seen_at_once_and_a_rolled_back_one_never(government: Database) -> None:
    facts = UnitFacts(
        code="jb.congress", name="江北区人大办", area="330205", parent="jb", relation="congress_office"
    )
    group = ["congress_office:registry"]
    with pytest.raises(ZeroDivisionError), government.transaction() as session:
        add_unit(session, SYSTEM, facts, now=NOW)
        assert resolve_groups(session, group, PLAN, {}) == ["jb.congress:registry"]
        raise ZeroDivisionError
    with government.transaction() as session, pytest.raises(GroupError):
        actor_by_username(session, "jb.handler", "web", "", NOW.date())
        resolve_groups(session, group, PLAN, {})
    with government.transaction() as session:
        unit = add_unit(session, SYSTEM, facts, now=NOW)
    with government.transaction() as session:
        actor_by_username(session, "jb.handler", "web", "", NOW.date())
        assert resolve_groups(session, group, PLAN, {}) == ["jb.congress:registry"]
    with government.transaction() as session:
        change_unit(session, SYSTEM, unit.id, UnitFacts(**(vars(facts) | {"relation": ""})), now=NOW)
    with government.transaction() as session, pytest.raises(GroupError):
        actor_by_username(session, "jb.handler", "web", "", NOW.date())
        resolve_groups(session, group, PLAN, {})
