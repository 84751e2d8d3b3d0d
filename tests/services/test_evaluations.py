"""A mid-term evaluation starts from the plan page with nothing but the plan."""

from typing import Any

import pytest

from tests.people import NOW, SYSTEM
from tests.services.catalogue import Catalogue
from tests.services.house import House
from workflow_service.domain.errors import InvalidInput
from workflow_service.resources import bpmn_dir, forms_dir
from workflow_service.services import deployments, plans, processes


@pytest.fixture
def plan_id(house: House) -> int:
    files = {path.name: path.read_bytes() for folder in (bpmn_dir(), forms_dir()) for path in folder.iterdir()}
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "routes", files, now=NOW)
        return Catalogue.again(session).plan("规划", "jb.energy", NOW.date(), issued=NOW.date(), level="county").id


def start(house: House, plan_id: int, variables: dict[str, Any]) -> dict[str, Any]:
    with house.database.transaction() as session:
        row = plans.start_evaluation(session, SYSTEM, plan_id, variables, now=NOW)
        return processes.variables_of(session, row, now=NOW)


def test_what_is_not_stated_follows_the_phases_of_the_year(house: House, plan_id: int) -> None:
    seen = start(house, plan_id, {"evaluation": {"review_by": "2025-12-15"}})
    assert house.incidents() == [] and house.waiting() == ["set_up"]
    assert (seen["evaluation"]["setup_by"], seen["evaluation"]["review_by"]) == ("2025-03-31", "2025-12-15")
    assert seen["objects"] == [{"title": "规划", "lead_unit": "jb.energy"}] and seen["annexes"] == []


@pytest.mark.parametrize(
    "variables",
    [
        {"plan": {"lead_unit": "hs.drc"}},
        {"objects": [{"title": "规划", "lead_unit": "nobody"}]},
        {"objects": ["规划"]},
        {"evaluation": "2025"},
    ],
)
def test_nothing_else_gets_in(house: House, plan_id: int, variables: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        start(house, plan_id, variables)
    assert house.open() == []
