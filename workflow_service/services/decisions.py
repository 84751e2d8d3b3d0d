"""Decision tables asked from outside: what a table gives for some variables. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import NotFound
from workflow_service.engine.decision_table import DecisionTable
from workflow_service.engine.script import plain
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store.definitions import DecisionDefinition

from .context import Actor


@dataclass(frozen=True)
class Evaluation:
    """The version asked, the outputs of each matching rule, the rules' numbers (from 1), and an aggregate."""

    definition: DecisionDefinition
    rows: list[dict[str, Any]]
    rules: tuple[int, ...]
    aggregate: Any


def decision_by_key(session: Session, actor: Actor, key: str, version: int | None = None) -> DecisionDefinition:
    """Give one version of a table (the newest by default); raises NotFound, Forbidden."""
    policy.require(actor, "definition.see")
    statement = select(DecisionDefinition).where(DecisionDefinition.key == key)
    if version is not None:
        statement = statement.where(DecisionDefinition.version == version)
    found = session.scalars(statement.order_by(DecisionDefinition.version.desc()).limit(1)).first()
    if found is None:
        raise NotFound(N_("没有部署过决策表“%(key)s”。"), key=key)
    return found


def evaluate_decision(
    session: Session, actor: Actor, key: str, variables: Mapping[str, Any], *, now: datetime, version: int | None = None
) -> Evaluation:
    """Ask a table; raises NotFound, NoDecisionMatch and the other errors of the table's own evaluation."""
    definition = decision_by_key(session, actor, key, version)
    result = DecisionTable.from_plain(definition.table).evaluate(variables, now)
    return Evaluation(definition, [plain(row) for row in result.rows], result.rules, plain(result.aggregate))
