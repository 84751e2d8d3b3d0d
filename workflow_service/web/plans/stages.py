"""The line of stages on a plan's page: passed, present, to come."""

from __future__ import annotations

from dataclasses import dataclass

from workflow_service.domain.plans import Stage
from workflow_service.store.plans import Plan

_LINE = (
    Stage.REGISTRATION,
    Stage.RESEARCH,
    Stage.DRAFTING,
    Stage.CONSULTATION,
    Stage.COORDINATION,
    Stage.REVIEW,
    Stage.APPROVAL,
    Stage.ISSUE,
    Stage.FILING,
    Stage.IMPLEMENTATION,
    Stage.EVALUATION,
)


@dataclass(frozen=True)
class StageMark:
    """One stage and whether it is done, now or ahead."""

    label: str
    state: str


def stage_line(plan: Plan) -> list[StageMark]:
    """Every stage of the plan's life with its state; a stage outside the line (revision, closed) stands at its end."""
    line = [*_LINE, Stage(plan.stage)] if plan.stage in (Stage.REVISION, Stage.CLOSED) else list(_LINE)
    here = line.index(Stage(plan.stage)) if plan.stage in line else -1
    states = ("done" if place < here else "now" if place == here else "ahead" for place in range(len(line)))
    return [StageMark(stage.label, state) for stage, state in zip(line, states, strict=True)]
