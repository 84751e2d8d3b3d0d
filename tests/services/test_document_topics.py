"""An issued document is sent to units for receipt and archived under the next number of the year."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from tests.people import SYSTEM
from tests.services.house import House
from tests.web.test_issued_notice import STEPS, issuing, plan_of
from workflow_service.services import processes, topics
from workflow_service.services.plans import plan_facts
from workflow_service.store.operations import Circulation, CirculationReader
from workflow_service.store.plans import Plan, PlanEvent
from workflow_service.store.runtime import ProcessInstance

__all__ = ["issuing"]  # the fixture of the issue's own tests


def to_distribution(house: House, plan_id: int) -> int:
    with house.database.transaction() as session:
        plan = session.get_one(Plan, plan_id)
        run = processes.start_process(
            session, SYSTEM, "issue_and_archive", variables={"plan": plan_facts(plan), "office": "jb.energy"},
            business_key=str(plan_id), plan_id=plan_id, area_path=plan.area_path, now=house.now,
        ).id  # fmt: skip
    for element_id, outcome in STEPS:
        house.complete(element_id, {"outcome": outcome})
    return run


@pytest.mark.parametrize(
    ("units", "holders"),
    [(["jb.energy"], ["g:jb.energy:registry"]), (["jb.energy", "hs.drc"], ["g:jb.energy:registry", "g:hs.drc:handler"])],
)
def test_each_unit_signs_through_the_first_post_that_somebody_holds(issuing: House, units: list[str], holders: list[str]) -> None:
    plan_id = plan_of(issuing)
    to_distribution(issuing, plan_id)
    issuing.complete("distribute", {"outcome": "send", "units": units, "note": "请签收"})
    with issuing.database.transaction() as session:
        sent = session.scalars(select(Circulation)).one()
        readers = session.scalars(select(CirculationReader).order_by(CirculationReader.turn)).all()
        assert (sent.kind, sent.plan_id, sent.note) == ("receipt", plan_id, "请签收")
        assert [one.holder for one in readers] == holders and all(one.delivered_at and not one.read_at for one in readers)


def test_without_a_choice_it_goes_to_who_wrote_it_and_to_the_commission_and_is_archived_in_order(issuing: House) -> None:
    numbers: list[Any] = []
    plan_id = plan_of(issuing)
    for stated in ({}, {"archive_number": "GD-77"}, {}):
        run = to_distribution(issuing, plan_id)
        issuing.complete("distribute", {"outcome": "send"})
        issuing.complete("archive", {"outcome": "archive", "retention": "permanent", **stated})
        with issuing.database.transaction() as session:
            assert session.get_one(ProcessInstance, run).status == "completed"
            archived = PlanEvent.plan_id == plan_id, PlanEvent.kind == "archived"
            said = session.scalars(select(PlanEvent).where(*archived).order_by(PlanEvent.id)).all()
            numbers.append(said[-1].data["number"])
    assert numbers == ["330205-GH-2025-0001", "GD-77", "330205-GH-2025-0002"]


def test_what_cannot_be_taken_back_names_topics_that_there_are() -> None:
    assert topics.known_topics() >= topics.LASTING
