"""About what a bulletin is: all plans of a government, or one unit's plans, or those on one route (docs/domain.md §3.6).

A bulletin about a part stands beside the one about everything: it neither stops nor replaces it, and is compared with the
former one about the same part only.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import exists, or_, select, text
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.domain.plans import Route
from workflow_service.domain.rhythms import Run
from workflow_service.i18n import N_
from workflow_service.store import ledger_queries
from workflow_service.store.people import Unit
from workflow_service.store.runtime import ProcessInstance
from workflow_service.store.supervision import Bulletin

from . import ledger
from .bulletin_numbers import RELEASED
from .ledger import AsOf, Part
from .ledger_lines import WHOLE
from .rhythm_scope import ROUTE, UNIT, Scope

PROCESS = "ten_day_bulletin"
TERMINATED = "terminated"
_KIND, _SCOPED = "bulletin", "@"
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext(:name))")
"""A run of everybody and one by hand, or two by hand, must not begin the same bulletin at the same moment."""


def part_of(scope: Scope | None) -> Part:
    """Give the plans that a bulletin of a scope is about."""
    if scope is None:
        return WHOLE
    return Part(units=(scope.code,)) if scope.kind == UNIT else Part(route=scope.code)


def named(session: Session, scope: Scope, at: AsOf) -> dict[str, str]:
    """Give a scope as the figures keep it: kind, code, and the name of the unit at the moment, or of the route.

    Raises NotFound, InvalidInput.
    """
    if scope.kind == ROUTE and scope.code in list(Route):
        return {"kind": scope.kind, "code": scope.code, "name": Route(scope.code).word}
    if scope.kind != UNIT:
        raise InvalidInput(N_("请选择一个单位或一条审批路线。"))
    unit_id = session.scalars(select(Unit.id).where(Unit.code == scope.code)).one_or_none()
    if unit_id is None:
        raise NotFound(N_("没有代码为“%(unit)s”的单位。"), unit=scope.code)
    _code, name = ledger_queries.units_by_id(session, [unit_id], at.until)[unit_id]
    return {"kind": scope.kind, "code": scope.code, "name": name}


def name_of(bulletin: Bulletin) -> str:
    """Give the name of the unit or route that a bulletin is about, a route's in the reader's language; empty: everything."""
    found: dict[str, str] = bulletin.figures.get("scope") or {}
    return Route(found["code"]).label if found and found["kind"] != UNIT else str(found.get("name", ""))


def words_of(figures: dict[str, Any]) -> str:
    """Word a scope as the paper does: 省水利厅, 人大审议批准路线; empty for everything."""
    found: dict[str, str] = figures.get("scope") or {}
    return f"{found['name']}路线" if found and found["kind"] != UNIT else str(found.get("name", ""))


def period_words(bulletin: Bulletin) -> str:
    """Name the period and what it is about: 11月上旬, or 11月上旬，省水利厅."""
    return "，".join(filter(None, (str(bulletin.figures["label"]), words_of(bulletin.figures))))


def key_of(area: str, period: str, scope: Scope | None) -> str:
    """Give the business key of the run that makes a bulletin."""
    return f"{_KIND}:{area}:{period}{_SCOPED + scope.text if scope else ''}"


def of_key(session: Session, business_key: str) -> Bulletin | None:
    """Give the bulletin that a run with this business key makes, once its figures are fixed."""
    kind, _, rest = business_key.partition(":")
    place, _, scope = rest.partition(_SCOPED)
    area, _, period = place.partition(":")
    return find(session, area, period, scope) if kind == _KIND and period else None


def find(session: Session, area: str, period: str, scope: str) -> Bulletin | None:
    """Give the bulletin of a government, period and scope (as text)."""
    same = Bulletin.area == area, Bulletin.period == period, Bulletin.scope == scope
    return session.scalars(select(Bulletin).where(*same)).one_or_none()


def begun(session: Session, period: str, scope: Scope | None, units: Iterable[Unit]) -> set[str]:
    """The areas, of these commissions, whose bulletin was begun; whoever begins more of them waits for this transaction.

    One whose run was terminated before the release can be begun again.
    """
    session.execute(_ONE_AT_A_TIME, {"name": f"bulletin:{period}"})
    areas = {key_of(unit.area, period, scope): unit.area for unit in units}
    same = ProcessInstance.business_key.in_(areas), ProcessInstance.definition_key == PROCESS
    released = exists().where(Bulletin.instance_id == ProcessInstance.id, Bulletin.status == RELEASED)
    counts = or_(ProcessInstance.status != TERMINATED, released)
    return {areas[key] for key in session.scalars(select(ProcessInstance.business_key).where(*same, counts))}


def take_over(session: Session, draft: Bulletin, instance_id: int | None) -> None:
    """Hand a draft, whose figures stay those of the period's end, to a run that makes it after its own was terminated."""
    if instance_id is None or draft.instance_id is None or draft.status == RELEASED:
        return
    if session.get_one(ProcessInstance, draft.instance_id).status == TERMINATED:
        draft.instance_id = instance_id


def governments(session: Session, scope: Scope, last: date) -> list[Unit]:
    """Give the commissions that report on a part, by id: where plans of it were in the catalogue at the end of a day.

    For a unit that of its own government; for a route each one in the scope's areas that had plans of its own on it. For an area
    without a commission that of the next one above that has one.
    """
    return _commissions(session, scope, _areas(session, scope, last))


def _areas(session: Session, scope: Scope, last: date) -> set[str]:
    if scope.kind != UNIT:
        return set(ledger.areas_with_plans(session, scope.areas, part_of(scope), as_of=last))
    own = session.scalars(select(Unit.area_path).where(Unit.code == scope.code)).one()
    return {own} if ledger.areas_with_plans(session, (own,), part_of(scope), as_of=last) else set()


def _commissions(session: Session, scope: Scope, areas: Iterable[str]) -> list[Unit]:
    above = {area: _with_those_above(area) for area in areas}
    reports = Unit.relation == "drc", Unit.active, Unit.area_path.in_({one for path in above.values() for one in path})
    known = {unit.area_path: unit for unit in session.scalars(select(Unit).where(*reports))}
    nearest = {next((one for one in path if one in known), "") for path in above.values()} - {""}
    overseen = nearest if scope.kind == UNIT else {one for one in nearest if one.startswith(scope.areas)}
    return sorted((known[one] for one in overseen), key=lambda unit: unit.id)


def _with_those_above(area_path: str) -> list[str]:
    """An area and those above it, the lowest first."""
    codes = area_path.strip("/").split("/")
    return [f"/{'/'.join(codes[:length])}/" for length in range(len(codes), 0, -1)]


def require_new(session: Session, scope: Scope, run: Run) -> None:
    """Refuse a bulletin about a part that had no plans at the period's end, or that no commission reports on (InvalidInput), or
    that was begun (Conflict)."""
    last = run.covers[-1].last
    areas = _areas(session, scope, last)
    if not areas:
        raise InvalidInput(N_("截至%(day)s，所选单位或路线没有列入目录的规划，无从通报。"), day=last)
    units = _commissions(session, scope, areas)
    if not units:
        raise InvalidInput(N_("所选单位或路线的规划所在地区没有发展改革部门，无从通报。"))
    if len(begun(session, run.period_key, scope, units)) == len({unit.area for unit in units}):
        raise Conflict(N_("%(period)s的%(rhythm)s已为所选单位或路线运行，不再重复。"), period=run.label, rhythm=run.rhythm.label)
