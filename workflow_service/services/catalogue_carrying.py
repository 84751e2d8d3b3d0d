"""Carrying out an approved change of the catalogue, in the transaction in which its approval is entered (docs/domain.md §2.1).

Figures count the new state from that day on: closed plans leave with an event, successors enter with one, so that every past
day stays as it was. Runs are locked before plans, both in order, as every step does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from workflow_service.domain.catalogue import ChangeKind
from workflow_service.domain.errors import Conflict
from workflow_service.domain.plans import Importance, Tier
from workflow_service.i18n import N_
from workflow_service.identity.names import search_keys
from workflow_service.store import catalogue_changes
from workflow_service.store.catalogue_changes import CatalogueChange
from workflow_service.store.people import Unit
from workflow_service.store.plan_list import was_handed_in
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Attachment, ProcessInstance

from . import decisions, pauses, stage_clocks, weekly
from .calendars import SETTINGS
from .catalogue_changes import Successor, asked_of, locked_plans, require_possible, term_of
from .context import Actor
from .execution import CLOSED, locked_instance
from .interventions import end_instance
from .plans import calendar_day, next_code, plan_facts

if TYPE_CHECKING:
    from .execution import Execution

ROUTES = "route_selection"
FLAGS = ("environmental_review", "water_review", "upward_filing", "needs_party_review")
WHY_ENDED = N_("规划目录已调整")


@dataclass(frozen=True)
class _Work:
    """A change that is carried out: the run that carries it, the plans that it concerns, locked, and what each event says."""

    execution: Execution
    change: CatalogueChange
    plans: Mapping[int, Plan]
    units: Mapping[str, Unit]

    @property
    def session(self) -> Session:
        return self.execution.session

    @property
    def now(self) -> datetime:
        return self.execution.now

    @property
    def sources(self) -> list[Plan]:
        return [self.plans[one] for one in self.change.plan_ids]

    def note(self, plan: Plan, kind: str, data: dict[str, Any]) -> None:
        """Write into a plan's history, with what every such entry says of the change."""
        said = {"change": self.change.id, "number": self.change.document_number, "reason": self.change.reason}
        self.execution.note_plan(kind, data | said, plan)


def carry_out(execution: Execution, change: CatalogueChange) -> list[Plan]:
    """Do what was approved; gives the plans that it made. Raises ChangeRefused, Conflict, and what the route's table raises."""
    session, kind, asked = execution.session, ChangeKind(change.kind), asked_of(change)
    closes = kind.status is not None
    runs = _locked_runs(session, change) if closes else []
    reports = weekly.locked_reports(session, change.plan_ids) if closes else []
    plans = locked_plans(session, change.touched)
    units = require_possible(session, asked, plans, but=change.id, today=None)
    if closes and {run.id for run in catalogue_changes.running_of(session, change.plan_ids)} - {run.id for run in runs}:
        raise Conflict(N_("这些规划刚刚启动了新的流程，请重试。"))
    work = _Work(execution, change, plans, units)
    if kind is ChangeKind.RE_DATE:
        _re_date(work)
        return []
    made = [_new_plan(work, one) for one in asked.successors]
    for plan in made or ([plans[change.into_plan_id]] if change.into_plan_id is not None else []):
        _inherit_dossier(work, plan)
    _close(work, kind, made, runs)
    for report in reports:
        weekly.ask_no_more(session, execution.actor, report, change.plan_ids, now=execution.now)
    return made


def runs_that_end(session: Session, change: CatalogueChange) -> Sequence[ProcessInstance]:
    """Give the runs that a change will end when it is carried out."""
    if ChangeKind(change.kind).status is None:
        return []
    return catalogue_changes.running_of(session, change.plan_ids)


def _locked_runs(session: Session, change: CatalogueChange) -> list[ProcessInstance]:
    return [locked_instance(session, row.id) for row in catalogue_changes.running_of(session, change.plan_ids)]


def _re_date(work: _Work) -> None:
    (plan,) = work.sources
    assert work.change.due_on is not None  # require_possible asks for it
    if plan.due_on == work.change.due_on:
        return  # somebody set this very day meanwhile
    why = f"{work.change.document_number} {work.change.reason}"[: stage_clocks.LONGEST_REASON]
    moment = SETTINGS.close_of(work.change.due_on)
    stage_clocks.move(work.session, work.execution.actor, plan, "", moment, why, pauses.BY_HAND, now=work.now, approved=True)


def _new_plan(work: _Work, one: Successor) -> Plan:
    """A successor: in the catalogue from today, with a code of its own, on the route that the table chooses."""
    session, sources, today = work.session, work.sources, calendar_day(work.now)
    plan = Plan(
        **_inherited(sources), **_own(one, sources), area=sources[0].area, area_path=sources[0].area_path,
        lead_unit_id=work.units[one.lead_unit].id, lead_unit=work.units[one.lead_unit], cycle=sources[0].cycle,
        title=one.title.strip(), due_on=one.due_on, status="active", stage="registration", applied_on=today, registered_on=today,
        split_from_id=sources[0].id if work.change.kind == ChangeKind.SPLIT else None, created_at=work.now,
        created_by=work.change.proposed_by, row_version=0, revision=0, review_form="", document_number="", filing_number="",
        paused_for="",
    )  # fmt: skip
    plan.code = str(next_code(session, plan))
    plan.keywords = search_keys(plan.title, plan.code)
    plan.route = _route(session, work.execution.actor, plan, work.now)
    session.add(plan)
    session.flush()
    sources_named = [{"id": before.id, "code": before.code, "title": before.title} for before in sources]
    work.note(plan, "registered", {"code": plan.code, "route": plan.route, "sources": sources_named})
    work.execution.enter_stage(plan, "research")
    return plan


def _inherited(sources: Sequence[Plan]) -> dict[str, Any]:
    first = sources[0]
    facts = {"listed": first.facts.get("listed", True), "basis": first.facts.get("basis", "")}
    flags = {name: any(getattr(plan, name) for plan in sources) for name in FLAGS}
    same = {name: getattr(first, name) for name in ("category", "level", "ordered_by", "order_attachment_id")}
    return {**flags, **same, "facts": facts}


def _own(one: Successor, sources: Sequence[Plan]) -> dict[str, Any]:
    """What a successor states, else what the plans before it had: the weightiest kind, the whole of their terms."""
    first, last = term_of(one, sources)
    return {
        "tier": one.tier or _first_of(Tier, [plan.tier for plan in sources]),
        "importance": one.importance or _first_of(Importance, [plan.importance for plan in sources]),
        "first_year": first,
        "last_year": last,
    }


def _first_of(kind: Iterable[str], values: Sequence[str]) -> str:
    return next((str(one) for one in kind if one in values), values[0])


def _route(session: Session, actor: Actor, plan: Plan, now: datetime) -> str:
    found = decisions.evaluate_decision(session, actor, ROUTES, {"plan": plan_facts(plan)}, now=now)
    return str(found.rows[0]["route"])


def _inherit_dossier(work: _Work, heir: Plan) -> None:
    """Every file of the plans before it that was handed in stands with the heir too: the same stored bytes, a row of its own."""
    ids = [plan.id for plan in work.sources]
    wanted = Attachment.plan_id.in_(ids), Attachment.removed_at.is_(None), or_(Attachment.task_id.is_(None), was_handed_in())
    versions = _versions(work.session, heir)
    for file in work.session.scalars(select(Attachment).where(*wanted).order_by(Attachment.id)):
        number = versions.get(file.dossier_item, 0) + 1 if file.dossier_item else 1
        versions[file.dossier_item] = number
        copy = Attachment(
            sha256=file.sha256, name=file.name, media_type=file.media_type, size=file.size, plan_id=heir.id,
            dossier_item=file.dossier_item, version=number, uploaded_by=file.uploaded_by, uploaded_at=file.uploaded_at,
        )  # fmt: skip
        work.session.add(copy)
        work.session.flush()
        if heir.order_attachment_id == file.id:
            heir.order_attachment_id = copy.id


def _versions(session: Session, heir: Plan) -> dict[str, int]:
    counted = select(Attachment.dossier_item, func.max(Attachment.version)).where(Attachment.plan_id == heir.id)
    return {row[0]: row[1] for row in session.execute(counted.group_by(Attachment.dossier_item))}


def _close(work: _Work, kind: ChangeKind, made: Sequence[Plan], runs: Sequence[ProcessInstance]) -> None:
    """Take the plans out of the catalogue; their codes stay with them, closed, and name what follows."""
    session, change, execution = work.session, work.change, work.execution
    heirs = made or ([work.plans[change.into_plan_id]] if change.into_plan_id is not None else [])
    named = [{"id": heir.id, "code": heir.code, "title": heir.title} for heir in heirs]
    for plan in work.sources:
        assert kind.status is not None  # plans that stay in the catalogue are not closed
        plan.status = kind.status.value
        plan.merged_into_id = heirs[0].id if kind is ChangeKind.MERGE else None
        work.note(plan, plan.status, {"successors": named, **({"into": heirs[0].id} if kind is ChangeKind.MERGE else {})})
    if change.into_plan_id is not None:
        sources = [{"id": plan.id, "code": plan.code, "title": plan.title} for plan in work.sources]
        work.note(work.plans[change.into_plan_id], "took_over", {"sources": sources})
    session.flush()
    for run in runs:
        end_instance(
            session, execution.actor, run, "process-instance.terminate", "terminated", _why(change), work.now, WHY_ENDED
        )
    for plan in work.sources:
        if plan.stage != CLOSED:
            work.execution.enter_stage(plan, CLOSED)
    session.flush()


def _why(change: CatalogueChange) -> str:
    """The reason that history gives for a run that ends; it is a Chinese paper's words."""
    return f"目录调整（{ChangeKind(change.kind).word}）已批准：{change.document_number}".strip("：")


