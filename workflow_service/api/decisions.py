"""Decision tables: look at them, ask them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from workflow_service.identity import policy
from workflow_service.services import decisions
from workflow_service.store import definition_list

from .calls import Call, endpoint
from .shapes import Given, Moment, Shown, Values

TAG = "decisions"


class DecisionLine(Shown):
    """The newest version of a table."""

    id: int
    key: str
    version: int
    name: str
    deployed_at: Moment


class DecisionShown(DecisionLine):
    """One version of a table with its inputs, outputs and rules."""

    table: dict[str, Any]


class Decisions(Shown):
    """All tables, by key."""

    items: list[DecisionLine]


class VersionQuery(Given):
    """Which version; the newest by default."""

    version: int | None = Field(None, ge=1, le=2**31 - 1)


class EvaluateGiven(Given):
    """What the table's inputs read."""

    variables: Values


class EvaluationShown(Shown):
    """The outputs of each matching rule in order, the rules' numbers (from 1), and an aggregate where the table has one."""

    key: str
    version: int
    rows: list[dict[str, Any]]
    rules: list[int]
    aggregate: Any = None


@endpoint("/decisions", answer=Decisions, tag=TAG)
def list_decisions(call: Call) -> Decisions:
    """List the newest version of every table."""
    policy.require(call.actor, "definition.see")
    found = definition_list.latest_decisions(call.session)
    return Decisions(items=[DecisionLine.model_validate(row) for row in found])


@endpoint("/decisions/<key>", query=VersionQuery, answer=DecisionShown, tag=TAG)
def get_decision(call: Call, key: str, query: VersionQuery) -> DecisionShown:
    """Give a table with its rules."""
    return DecisionShown.model_validate(decisions.decision_by_key(call.session, call.actor, key, query.version))


@endpoint(
    "/decisions/<key>/evaluate", "POST", query=VersionQuery, body=EvaluateGiven, answer=EvaluationShown, tag=TAG
)
def evaluate_decision(call: Call, key: str, query: VersionQuery, body: EvaluateGiven) -> EvaluationShown:
    """Ask a table what it gives for some variables; nothing is written."""
    found = decisions.evaluate_decision(
        call.session, call.actor, key, body.variables, now=call.now, version=query.version
    )
    return EvaluationShown(
        key=found.definition.key, version=found.definition.version, rows=found.rows, rules=list(found.rules),
        aggregate=found.aggregate,
    )  # fmt: skip
