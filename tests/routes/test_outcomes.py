"""Every outcome of every gateway is reached, on the delivered files."""

import pytest

from .outcomes import OUTCOMES, Outcome
from .scenarios import Case, gateway_flows


def case_of(outcome: Outcome) -> Case:
    return Case(outcome.process, outcome.plan, outcome.who, outcome.early, outcome.variables)


@pytest.mark.parametrize("outcome", OUTCOMES, ids=str)
def test_the_route_ends_where_its_answers_lead(outcome: Outcome) -> None:
    assert case_of(outcome).run().ended == outcome.end


def test_every_flow_out_of_every_gateway_is_taken_by_some_case() -> None:
    taken = set().union(*(case_of(outcome).run().taken for outcome in OUTCOMES))
    assert sorted(gateway_flows() - taken) == []
