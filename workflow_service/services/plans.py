"""Plans: apply for one, send it on its route, revise and evaluate it (docs/domain.md §2)."""

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.domain.plans import (
    Application,
    Category,
    Importance,
    Level,
    OrderedBy,
    PlanCode,
    Tier,
    five_year_cycle,
    require_registrable,
)
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.identity.names import search_keys
from workflow_service.store import plan_list
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan, PlanEvent, PlanningCycle
from workflow_service.store.runtime import Attachment, ProcessInstance

from . import audit
from .context import Actor
from .deployments import called_by_others
from .evaluations import evaluation_variables
from .numbering import next_number
from .processes import start_process
from .programs import carries_plan

REGISTRATION, REVISION, EVALUATION = "registration", "revision", "midterm_evaluation"
RUNNING = ("active", "suspended")


@dataclass(frozen=True)
class PlanApplication:
    """What a unit states when it applies to write a plan. Years are calendar years, both ends counted; `due_on` is the date by
    which the plan shall be issued. `listed` False: outside the catalogue, only with an order.
    """

    title: str
    lead_unit_id: int
    category: str
    level: str
    tier: str
    importance: str
    first_year: int
    last_year: int
    due_on: date | None = None
    listed: bool = True
    ordered_by: str = ""
    order_attachment_id: int | None = None
    environmental_review: bool = False
    water_review: bool = False
    upward_filing: bool = False
    needs_party_review: bool = False
    basis: str = ""


def apply_for_plan(session: Session, actor: Actor, application: PlanApplication, *, now: datetime) -> Plan:
    """Create the plan and start its registration; raises RegistrationRefused with every reason, InvalidInput, Forbidden.

    The unit's handler finds the application form as the first task. docs/domain.md §2.1.
    """
    unit = session.get(Unit, application.lead_unit_id)
    if unit is None or not unit.active:
        raise InvalidInput(N_("请选择在用的牵头单位。"))
    policy.require(actor, "plan.apply", policy.thing_of(unit.area_path, unit_ids=(unit.id,)))
    _require_terms(application)
    order = _order_of(session, actor, application)
    plan = _new_plan(session, actor, application, unit, now)
    if order is not None and order.plan_id is None and order.instance_id is None:
        order.plan_id = plan.id
    session.add(
        PlanEvent(plan_id=plan.id, at=now, kind="applied", data={"title": plan.title}, actor_id=actor.user_id)
    )
    audit.record(session, actor, "plan.apply", f"plan:{plan.id}", asdict(application), now=now)
    start_process(
        session, actor, REGISTRATION, variables={"plan": plan_facts(plan, unit)}, business_key=str(plan.id), plan_id=plan.id,
        now=now,
    )  # fmt: skip
    return plan


def start_route(session: Session, actor: Actor, plan_id: int, *, now: datetime) -> ProcessInstance:
    """Send a registered plan on the route that the decision table chose for it."""
    plan = visible_plan(session, actor, plan_id, "plan.edit", lock=True)
    if plan.status != "active" or not plan.route:
        raise Conflict(N_("规划立项批准并赋码后，才能启动审批流程。"))
    refuse_while_running(session, plan)
    return _start(session, actor, plan, plan.route, now)


def start_revision(
    session: Session, actor: Actor, plan_id: int, reason: str, *, now: datetime
) -> ProcessInstance:
    """Revise an issued plan by the procedure of its approval (docs/domain.md §2.4)."""
    plan = visible_plan(session, actor, plan_id, "plan.edit", lock=True)
    if plan.status != "issued":
        raise Conflict(N_("规划印发后才能启动修订。"))
    if not reason.strip():
        raise InvalidInput(N_("请写明修订的理由和依据。"))
    refuse_while_running(session, plan)
    return _start(session, actor, plan, REVISION, now, {"revision_reason": reason})


def start_evaluation(
    session: Session, actor: Actor, plan_id: int, variables: dict[str, Any], *, now: datetime
) -> ProcessInstance:
    """Start the mid-term evaluation of an issued plan (docs/domain.md §2.4); `variables` as in `evaluations`."""
    plan = visible_plan(session, actor, plan_id, "plan.edit", lock=True)
    if plan.status != "issued":
        raise Conflict(N_("规划印发后才能启动评估。"))
    refuse_while_running(session, plan)
    return _start(session, actor, plan, EVALUATION, now, evaluation_variables(session, plan, variables, now=now))


def plan_facts(plan: Plan, unit: Unit | None = None) -> dict[str, Any]:
    """Give the `plan` variable that every route starts with."""
    lead = unit or plan.lead_unit
    return {
        "id": plan.id, "title": plan.title, "code": plan.code, "category": plan.category, "level": plan.level,
        "tier": plan.tier, "importance": plan.importance, "jurisdiction": plan.area, "lead_unit": lead.code,
        "environmental_review": plan.environmental_review, "water_review": plan.water_review,
        "upward_filing": plan.upward_filing, "needs_party_review": plan.needs_party_review,
        "first_year": plan.first_year, "last_year": plan.last_year, "route": plan.route,
        "review_form": plan.review_form, "revision": plan.revision, "ordered_by": plan.ordered_by,
        "listed": bool(plan.facts.get("listed", True)), "issued_on": plan.issued_on.isoformat() if plan.issued_on else None,
        "document_number": plan.document_number,
    }  # fmt: skip


def visible_plan(
    session: Session, actor: Actor, plan_id: int, action: str = "plan.see", *, lock: bool = False
) -> Plan:
    """Give a plan on which the actor may do `action`; raises NotFound, Forbidden. `lock` keeps others from changing it."""
    plan = session.get(Plan, plan_id, with_for_update={"of": Plan} if lock else None, populate_existing=lock)
    if plan is None:
        raise NotFound(N_("没有编号为 %(id)s 的规划。"), id=plan_id)
    policy.require(actor, action, thing_of_plan(session, plan))
    return plan


def plan_named(session: Session, wanted: str) -> Plan | None:
    """Give the plan that a person means by its code or its number, None where there is none."""
    if wanted.isascii() and wanted.isdigit():
        return session.get(Plan, int(wanted)) if len(wanted) < 19 else None
    return session.scalars(select(Plan).where(Plan.code == wanted)).one_or_none() if wanted else None


def thing_of_plan(session: Session, plan: Plan) -> policy.Thing:
    """What rights need to know of a plan: once issued, it is open to all."""
    return replace(thing_of_draft(session, plan), public=plan.issued_on is not None)


def thing_of_draft(session: Session, plan: Plan) -> policy.Thing:
    """The same for what is not published with an issued plan: drafts, opinions, who did what and has it now."""
    return policy.thing_of(
        plan.area_path, unit_ids=(plan.lead_unit_id,), participants=(plan.created_by,),
        holders=plan_list.plan_holders(session, plan.id), public=False,
    )  # fmt: skip


def _require_terms(application: PlanApplication) -> None:
    for kind, value in (
        (Category, application.category), (Level, application.level), (Tier, application.tier),
        (Importance, application.importance),
    ):  # fmt: skip
        if value not in [one.value for one in kind]:
            raise InvalidInput(N_("“%(value)s”不是可选的值。"), value=value)
    if application.ordered_by and application.ordered_by not in [one.value for one in OrderedBy]:
        raise InvalidInput(N_("“%(value)s”不是可选的值。"), value=application.ordered_by)
    require_registrable(
        Application(
            title=application.title, first_year=application.first_year, last_year=application.last_year,
            listed=application.listed, ordered_by=OrderedBy(application.ordered_by) if application.ordered_by else None,
            has_order=application.order_attachment_id is not None,
        )
    )  # fmt: skip


def _order_of(session: Session, actor: Actor, application: PlanApplication) -> Attachment | None:
    """Give the ordering document: a file that the applicant himself uploaded, so that nobody points at somebody else's."""
    if application.order_attachment_id is None:
        return None
    order = session.get(Attachment, application.order_attachment_id)
    if order is None or order.removed_at or not (actor.trusted or order.uploaded_by == actor.user_id):
        raise InvalidInput(N_("没有找到交办文件，请重新上传。"))
    return order


def _new_plan(
    session: Session, actor: Actor, application: PlanApplication, unit: Unit, now: datetime
) -> Plan:
    values = asdict(application)
    extra = {"listed": values.pop("listed"), "basis": values.pop("basis")}
    plan = Plan(
        **values, cycle_id=cycle_of(session, application.first_year).id, area=unit.area, area_path=unit.area_path,
        facts=extra, applied_on=calendar_day(now), created_at=now, created_by=actor.user_id, status="applied",
        stage="registration", keywords=search_keys(application.title), row_version=0, revision=0, route="", review_form="",
        document_number="", filing_number="",
    )  # fmt: skip
    session.add(plan)
    session.flush()
    return plan


def next_code(session: Session, plan: Plan) -> PlanCode:
    """Give the next plan code of the series that a plan belongs to."""
    code = PlanCode(plan.cycle.first_year, plan.area, Category(plan.category), 1)
    return PlanCode(code.first_year, code.area, code.category, next_number(session, code.series))


def cycle_of(session: Session, first_year: int) -> PlanningCycle:
    """Give the planning cycle that a year lies in, noting it on first use."""
    wanted = five_year_cycle(first_year)
    values = {"name": wanted.name, "first_year": wanted.first_year, "last_year": wanted.last_year}
    session.execute(insert(PlanningCycle).values(values).on_conflict_do_nothing())
    return session.scalars(select(PlanningCycle).where(PlanningCycle.first_year == wanted.first_year)).one()


def calendar_day(now: datetime) -> date:
    """The date in the government's zone."""
    from .calendars import SETTINGS

    return SETTINGS.day_of(now)


def _start(
    session: Session,
    actor: Actor,
    plan: Plan,
    key: str,
    now: datetime,
    variables: dict[str, Any] | None = None,
) -> ProcessInstance:
    session.add(
        PlanEvent(
            plan_id=plan.id, at=now, kind="route_started", data={"process": key}, actor_id=actor.user_id
        )
    )
    audit.record(session, actor, "plan.start", f"plan:{plan.id}", {"process": key}, now=now)
    return start_process(
        session, actor, key, variables={**(variables or {}), "plan": plan_facts(plan)}, business_key=str(plan.id),
        plan_id=plan.id, now=now,
    )  # fmt: skip


def require_startable(session: Session, key: str, plan: Plan | None) -> None:
    """Raise Conflict unless a process may be started by its key: for a plan its own route, else one that neither carries a
    plan nor is called by others. What comes earlier or later on a plan's way is never started past what precedes it.
    """
    if plan is not None:
        if plan.status != "active" or plan.route != key:
            raise Conflict(N_("这项规划只能启动立项时确定的审批流程；修订和评估请在规划页面启动。"))
        return
    if carries_plan(session, key):
        raise Conflict(N_("“%(key)s”办理规划，请从规划启动；不能单独启动。"), key=key)
    if key in called_by_others(session):
        raise Conflict(N_("“%(key)s”由其他流程调用，不能单独启动。"), key=key)


def refuse_while_running(session: Session, plan: Plan) -> None:
    """Raise Conflict while something runs for a (locked) plan: one plan, one instance."""
    statement = select(ProcessInstance.id).where(
        ProcessInstance.plan_id == plan.id, ProcessInstance.status.in_(RUNNING)
    )
    if session.scalars(statement.limit(1)).first() is not None:
        raise Conflict(N_("这项规划已有流程在办。"))
