"""A rhythm run by hand, for one unit or one route, with its own record (docs/domain.md §3.6).

Nobody gets the same twice: after the run of the period, and after earlier ones by hand, the weekly rhythm reaches the units that
were not asked yet, the daily one who got no digest that day. A bulletin is begun once, again where its run was terminated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.domain.plans import Route
from workflow_service.domain.rhythms import Rhythm, Run
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import people_queries
from workflow_service.store.people import Unit
from workflow_service.store.supervision import RhythmRun

from . import audit, bulletin_scope, rhythms, weekly
from .context import Actor
from .rhythm_scope import ROUTE, UNIT, Scope, scope_of


@dataclass(frozen=True)
class Served:
    """For whom a run of the past was, as people read it: `name` of the unit or route, `by` whose hand started it."""

    kind: str
    name: str
    by: str


def run_by_hand(
    session: Session, actor: Actor, rhythm: Rhythm, kind: str, code: str, *, now: datetime
) -> tuple[str, str]:
    """Claim the run of the present period for one unit or one route; gives the (rhythm, period) row to be worked on.

    Raises Forbidden; NotFound; InvalidInput on a day off for the daily rhythm; Conflict while the period is being run for
    everybody or for this unit or route, and where nobody of the scope is left to be asked for a weekly report. A bulletin
    stands beside the whole one: only one about the same part is refused, and one about no plans (InvalidInput).
    """
    scope = _scope(session, actor, kind, code)
    run = rhythms.run_at(session, rhythm, now)
    if rhythm is Rhythm.TEN_DAY:
        bulletin_scope.require_new(session, scope, run)  # waits for whoever begins one, so it comes first
    if rhythms.is_under_way(session, run, scope):
        raise Conflict(N_("%(period)s的%(rhythm)s正在运行，请在其完成后再试。"), period=run.label, rhythm=rhythm.label)
    if rhythm is Rhythm.WEEKLY:
        _require_anyone_left(session, run, scope)
    by = {"id": actor.user_id, "name": actor.name}
    claimed = rhythms.claim_by_hand(session, run, scope, by, now=now)
    if claimed is None:
        raise Conflict(N_("%(period)s的%(rhythm)s已为所选单位或路线运行，不再重复。"), period=run.label, rhythm=rhythm.label)
    data = {"period": run.period_key, **scope.plain()}
    audit.record(session, actor, "rhythm.run_by_hand", f"rhythm:{rhythm.value}", data, now=now)
    return claimed


def _require_anyone_left(session: Session, run: Run, scope: Scope) -> None:
    """Daily and weekly run as often as somebody is left: they keep by the person, or the unit, that nobody is served twice.

    Whom the daily run still has something for is known only when it runs: to look takes as long as to send.
    """
    if not weekly.is_anyone_left(session, run.period_key, scope):
        words = {"period": run.label, "rhythm": run.rhythm.label}
        raise Conflict(N_("所选范围内有在编规划的单位都已布置%(period)s的%(rhythm)s，不再重复。"), **words)


def may_run(actor: Actor) -> bool:
    """Whether the actor runs a rhythm by hand anywhere."""
    return policy.may(actor, "rhythm.run")


def served(session: Session, runs: Sequence[RhythmRun]) -> dict[tuple[str, str], Served]:
    """Name for whom the runs by hand among `runs` were, by rhythm and period."""
    scopes = {(run.rhythm, run.period): (scope_of(run), run.figures or {}) for run in runs}
    by_hand = {key: (scope, facts) for key, (scope, facts) in scopes.items() if scope is not None}
    codes = [scope.code for scope, _facts in by_hand.values() if scope.kind == UNIT]
    found = session.execute(select(Unit.code, Unit.name).where(Unit.code.in_(codes))) if codes else ()
    names = {row.code: row.name for row in found}
    return {key: _served(scope, facts, names) for key, (scope, facts) in by_hand.items()}


def _served(scope: Scope, facts: dict[str, Any], names: dict[str, str]) -> Served:
    name = names.get(scope.code, scope.code) if scope.kind == UNIT else Route(scope.code).label
    return Served(scope.kind, name, str((facts.get("by") or {}).get("name") or ""))


def _scope(session: Session, actor: Actor, kind: str, code: str) -> Scope:
    if kind == UNIT:
        unit = people_queries.unit_in_use(session, code)
        if unit is None:
            raise NotFound(N_("没有代码为“%(unit)s”的单位。"), unit=code)
        policy.require(actor, "rhythm.run", policy.thing_of(unit.area_path))
        return Scope(UNIT, code)
    if kind != ROUTE or code not in list(Route):
        raise InvalidInput(N_("请选择一个单位或一条审批路线。"))
    policy.require(actor, "rhythm.run")
    areas = policy.areas_of_role(actor, policy.SUPERVISOR)
    return Scope(ROUTE, code, (people_queries.whole_area(session),) if areas is None else areas)
