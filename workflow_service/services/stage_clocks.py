"""Deadlines of stages and of whole plans: from the diagram, from the table, by hand (docs/domain.md §3.3).

A stage's rule stands in the diagram on the element that enters it (`approval:stageDeadline`), else in the table
`stage_deadlines`. Its clock stands still with the plan's, and what moved it stands in the deadline history.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import DeadlineClock, aware
from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.domain.plans import Stage
from workflow_service.engine.decision_table import NoDecisionMatch
from workflow_service.engine.program import Program
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.identity.words import Word
from workflow_service.store import deadlines, stage_deadlines
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.plans import Plan, PlanEvent
from workflow_service.store.stage_deadlines import StageDeadline

from . import audit, calendars, cycles
from .calendars import SETTINGS, working_calendar
from .context import Actor

if TYPE_CHECKING:
    from .execution import Execution

TABLE, WHOLE_PLAN = "stage_deadlines", "plan"
"""The table, and what stands in its column of stages for the plan from the beginning of its route to its issue."""
BY_HAND, EXTENDED = "by_hand", "extended"
LONGEST_REASON = 500


def enter(execution: Execution, plan: Plan, stage: str, at_work: Collection[str] = ()) -> None:
    """A plan enters a stage in a step's own transaction: its clock begins, those before are left but for stages `at_work`."""
    session, now = execution.session, execution.now
    session.flush()
    leave(session, plan.id, {*at_work, stage}, now)
    if stage_deadlines.open_in(session, plan.id, stage) is None and (rule := rule_of(execution, plan, stage)):
        session.add(
            StageDeadline(
                plan_id=plan.id, instance_id=execution.row.id, stage=stage, rule=rule, entered_at=now,
                due_at=calendars.due_at(session, rule, now),
            )
        )  # fmt: skip
    session.flush()
    if plan.paused_for:
        stop(session, execution.actor, plan, plan.paused_for, now=now)
        session.flush()


def begin_in(execution: Execution, plan: Plan, at_work: Collection[str]) -> None:
    """A run begins in the stage in which its plan stands: that has a clock from now on, if it has none that goes on.

    One that a run left behind which is over is that run's.
    """
    session, found = execution.session, stage_deadlines.open_in(execution.session, plan.id, plan.stage)
    if found is not None and stage_deadlines.is_left_behind(session, found, execution.row.id):
        leave(session, plan.id, {one.stage for one in stage_deadlines.open_of(session, plan.id)} - {plan.stage}, execution.now)
    enter(execution, plan, plan.stage, at_work)


def take_up(session: Session, plan_id: int, instance_id: int, ended_at: datetime) -> None:
    """A run goes on that was ended: the stages that were left with it are the plan's again, until when they were to be done."""
    for one in stage_deadlines.left_with(session, plan_id, instance_id, ended_at):
        if stage_deadlines.open_in(session, plan_id, one.stage) is None:
            one.left_at = None
    session.flush()


def leave(session: Session, plan_id: int, but: Collection[str], now: datetime) -> None:
    """A plan is in its stages no more, `but` for these; a clock that stands there ends with its stage."""
    over = [one for one in stage_deadlines.open_of(session, plan_id) if one.stage not in but]
    standing = deadlines.standing_of_stages(session, plan_id) if over else {}
    for one in over:
        if (clock := standing.get(one.stage)) is not None:
            clock.ended_at, clock.due_before, clock.due_after = now, one.due_at, one.due_at
        one.left_at = now
    session.flush()


def begin(execution: Execution, plan: Plan) -> None:
    """A plan goes on its route: where nobody stated until when it is to be issued, the diagram says it, else the table."""
    key = execution.row.definition_key
    if plan.due_on is not None or key != plan.route:
        return
    rule = execution.loaded.program.processes[key].get("deadline") or _of_table(execution, plan, WHOLE_PLAN)
    if rule:
        plan.due_on = SETTINGS.day_of(calendars.due_at(execution.session, rule, execution.now))
        execution.note_plan("re_dated", {"from": None, "to": plan.due_on.isoformat(), "rule": rule}, plan)


def rule_of(execution: Execution, plan: Plan, stage: str) -> str:
    """The rule of a stage: what the diagram says, else the table; empty for none."""
    return _drawn(execution.loaded.program, stage) or _of_table(execution, plan, stage)


def _of_table(execution: Execution, plan: Plan, stage: str) -> str:
    table = execution.loaded.program.tables.get(TABLE)
    if table is None:
        return ""
    inputs = {"process": execution.row.definition_key, "stage": stage, "importance": plan.importance}
    try:
        return cycles.rule_of(table.evaluate(inputs, execution.now).mapped())
    except NoDecisionMatch:
        return ""


def _drawn(program: Program, stage: str) -> str:
    for process in program.processes.values():
        for element in process["elements"].values():
            attrs = element.get("attrs", {})
            if attrs.get("stage") == stage and attrs.get("stageDeadline"):
                return str(attrs["stageDeadline"])
    return ""


def stop(session: Session, actor: Actor, plan: Plan, kind: str, *, now: datetime) -> None:
    """The clocks of its stages stand still with the plan's; one that stands already goes on standing."""
    found = stage_deadlines.open_of(session, plan.id)
    standing = deadlines.standing_of_stages(session, plan.id) if found else {}
    for one in found:
        if one.stage not in standing:
            _note(session, actor, plan, one.stage, kind, one.due_at, None, "", now)


def start(session: Session, plan: Plan, *, now: datetime) -> None:
    """They run again: the due moments move by the working days that passed since they stood, or since somebody set them."""
    standing = deadlines.standing_of_stages(session, plan.id)
    for row in standing.values():
        row.ended_at = now
    for found in stage_deadlines.open_of(session, plan.id) if standing else ():
        if found.stage in standing:
            row = standing[found.stage]
            row.due_before = found.due_at
            found.due_at, row.working_days = due_after(session, row, found, now=now)
            row.due_after = found.due_at


def due_after(session: Session, row: DeadlineChange, found: StageDeadline, *, now: datetime) -> tuple[datetime, int]:
    """To when a stage's due moment moves if its clock ran again now, and by how many working days."""
    since = deadlines.moved_by_people_at(session, found.plan_id, found.stage, row.started_at) or row.started_at
    calendar = working_calendar(session)
    moved = DeadlineClock(found.due_at, since).resume(now, calendar, SETTINGS).due_at
    return moved, calendar.working_days_between(SETTINGS.day_of(since), SETTINGS.day_of(now))


def set_due(
    session: Session, actor: Actor, plan_id: int, stage: str, due_at: datetime, reason: str, *, now: datetime
) -> Plan:
    """Set by hand until when one of a plan's present stages is to be done, or the whole plan (`stage` empty); supervisors.

    `due_at` is an aware moment; a plan's counts by its day. Raises NotFound, Forbidden, InvalidInput, Conflict.
    """
    from .plans import visible_plan

    plan = visible_plan(session, actor, plan_id, lock=True)
    policy.require(actor, "task.set_due", policy.thing_of(plan.area_path))
    move(session, actor, plan, stage, due_at, reason, BY_HAND, now=now)
    data = {"stage": stage, "due_at": due_at, "reason": reason.strip()}
    audit.record(session, actor, "plan.set_due", f"plan:{plan.id}", data, now=now)
    return plan


def move(
    session: Session, actor: Actor, plan: Plan, stage: str, due_at: datetime, reason: str, kind: str, *, now: datetime,
    approved: bool = False,
) -> None:  # fmt: skip
    """Move the due moment of a locked plan, or of its present stage, and keep why; rights are the caller's.

    A date that a government `approved` may be over by the day on which it is carried out.
    """
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise InvalidInput(N_("请写明理由，不超过 500 字。"), pointer="/reason")
    if aware(due_at) <= now and not approved:
        raise InvalidInput(N_("新的时限应晚于现在。"), pointer="/due_at")
    before = due_of(session, plan, stage)
    if stage:
        found = stage_deadlines.open_in(session, plan.id, stage)
        if found is None:
            rule = "by hand"
            found = StageDeadline(plan_id=plan.id, stage=stage, rule=rule, entered_at=now, due_at=due_at)
            session.add(found)
            session.flush()
            if plan.paused_for:
                stop(session, actor, plan, plan.paused_for, now=now)
        found.due_at, found.rule = due_at, "by hand"
    else:
        was, plan.due_on = plan.due_on, SETTINGS.day_of(due_at)
        data = {"from": was.isoformat() if was else None, "to": plan.due_on.isoformat(), "reason": reason, "why": kind}
        session.add(PlanEvent(plan_id=plan.id, at=now, kind="re_dated", data=data, actor_id=actor.user_id))
    note(session, actor, plan, stage, kind, before, due_of(session, plan, stage), reason, now=now)
    session.flush()


def due_of(session: Session, plan: Plan, stage: str) -> datetime | None:
    """Until when a plan (`stage` empty) or one of its present stages is to be done; raises Conflict where that is not one."""
    if plan.status != "active" or plan.issued_on is not None:
        raise Conflict(N_("规划已印发或已不在编制中，时限不能再改。"))
    if not stage:
        return SETTINGS.close_of(plan.due_on) if plan.due_on is not None else None
    found = stage_deadlines.open_in(session, plan.id, stage)
    if found is None and plan.stage != stage:
        raise Conflict(N_("规划已不在“%(stage)s”阶段。"), stage=Word(Stage(stage).word) if stage in list(Stage) else stage)
    return found.due_at if found is not None else None


def note(
    session: Session, actor: Actor, plan: Plan, stage: str, kind: str, before: datetime | None, after: datetime | None,
    reason: str, *, now: datetime,
) -> None:  # fmt: skip
    """Keep what a person did about the due moment of a plan or of its stage."""
    row = _note(session, actor, plan, stage, kind, before, after, reason, now)
    row.ended_at = now


def _note(
    session: Session, actor: Actor, plan: Plan, stage: str, kind: str, before: datetime | None, after: datetime | None,
    reason: str, now: datetime,
) -> DeadlineChange:  # fmt: skip
    row = DeadlineChange(
        plan_id=plan.id, stage=stage, kind=kind, started_at=now, due_before=before, due_after=after, working_days=0,
        reason=reason, actor_id=actor.user_id,
    )  # fmt: skip
    session.add(row)
    return row
