"""Proposing a change of the catalogue and amending one: a form for each kind, drawn, read and checked like every other form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.catalogue import MOST_PARTS, ChangeKind
from workflow_service.domain.errors import Conflict, InvalidInput, TongchouError
from workflow_service.domain.plans import Importance, OrderedBy, PlanState, Tier
from workflow_service.domain.words import Labelled
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.services import catalogue_changes, forms, plans
from workflow_service.services.catalogue_changes import LONGEST_TEXT, LONGEST_TITLE, ChangeAsked, Successor
from workflow_service.store import catalogue_changes as store
from workflow_service.store import people_queries
from workflow_service.store.catalogue_changes import CatalogueChange
from workflow_service.store.plans import Plan

from ..current import page_actor, page_day, page_now, page_session, transaction
from ..forms import fields_of, read_values
from ..once import repeated_answer
from ..rights import require

PROPOSE, AMEND = "web.catalogue.propose", "web.catalogue.amend"
NEW = "new"
"""The choice of a merger into a plan that is not there yet."""
Schema = dict[str, Any]


def connect(blueprint: Blueprint) -> None:
    """Give the room its forms."""
    kinds = ", ".join(ChangeKind)
    blueprint.add_url_rule(f"/new/<int:plan_id>/<any({kinds}):kind>", "propose", propose, methods=["GET", "POST"])
    blueprint.add_url_rule("/<int:change_id>/amend", "amend", amend, methods=["GET", "POST"])


def propose(plan_id: int, kind: str) -> ResponseReturnValue:
    """Propose a change of a plan."""
    return _propose(plans.visible_plan(page_session(), page_actor(), plan_id), ChangeKind(kind))


def _propose(plan: Plan, kind: ChangeKind) -> ResponseReturnValue:
    require("catalogue.propose", policy.thing_of(plan.area_path, unit_ids=(plan.lead_unit_id,)))
    if request.method == "GET":
        return _page(plan, kind, _first_values(plan, kind))
    values = read_values(schema_of(plan, kind), request.form)
    try:
        asked = _asked(plan, kind, forms.validate(schema_of(plan, kind), values))
        with transaction() as session:
            if repeated_answer(session, PROPOSE, page_actor().user_id):
                return redirect(url_for("catalogue.index"))
            made = catalogue_changes.propose_change(session, page_actor(), asked, now=page_now()).id
    except forms.FormErrors as error:
        return _page(plan, kind, values, _faults(error), error)
    except (InvalidInput, Conflict) as error:
        return _page(plan, kind, values, {}, error)
    flash(_("已提出，等待发展改革部门审核。"))
    return redirect(url_for("catalogue.show", change_id=made))


def amend(change_id: int) -> ResponseReturnValue:
    """Put a change that was sent back forward anew; its amendment must lie before the reader."""
    session, actor = page_session(), page_actor()
    found = catalogue_changes.visible_change(session, actor, change_id)
    plan, kind = session.get_one(Plan, found.plan_ids[0]), ChangeKind(found.kind)
    catalogue_changes.require_amendable(session, actor, found)
    if request.method == "GET":
        return _page(plan, kind, _values_of(found), change=found)
    values = read_values(schema_of(plan, kind), request.form)
    try:
        asked = _asked(plan, kind, forms.validate(schema_of(plan, kind), values))
        with transaction() as session:
            if not repeated_answer(session, AMEND, page_actor().user_id):
                catalogue_changes.amend_change(session, page_actor(), change_id, asked, now=page_now())
    except forms.FormErrors as error:
        return _page(plan, kind, values, _faults(error), error, found)
    except (InvalidInput, Conflict) as error:
        return _page(plan, kind, values, {}, error, found)
    flash(_("已修改并再报。"))
    return redirect(url_for("catalogue.show", change_id=change_id))


def schema_of(plan: Plan, kind: ChangeKind) -> Schema:
    """The form of a kind as JSON Schema, for the plan from whose page it is proposed."""
    fields: Schema = {}
    if kind is ChangeKind.SPLIT:
        fields["successors"] = _successors(plan, N_("后继规划"), most=MOST_PARTS)
    elif kind is ChangeKind.MERGE:
        partners = [{"const": str(one.id), "title": f"{one.title} {one.code}"} for one in store.partners_of(page_session(), plan)]
        checks = {"type": "array", "items": {"type": "string", "oneOf": partners}, "x-widget": "checkboxes"}
        fields["others"] = {**checks, "title": N_("一并合并的规划"), "description": N_("本规划和勾选的规划在批准后关闭。")}
        fields["into"] = {
            "type": "string", "title": N_("承接规划"), "oneOf": [{"const": NEW, "title": N_("合并为新规划")}, *partners],
            "x-widget": "select", "default": NEW, "description": N_("并入目录中的规划的，选该规划；否则在下面填写新规划。"),
        }  # fmt: skip
        fields["successors"] = _successors(plan, N_("合并为新规划"), most=1)
    elif kind is ChangeKind.RE_DATE:
        fields["due_on"] = {"type": "string", "format": "date", "title": N_("应印发日期调整为"), "x-widget": "date"}
    elif plan.status == PlanState.ISSUED:
        fields["ordered_by"] = {**_choice(N_("交办机关"), OrderedBy), "description": N_("已印发的规划，撤销须附要求撤销的文件。")}
        fields["order_attachment_id"] = {"type": "string", "title": N_("交办文件"), "x-widget": "file"}
    text = {"type": "string", "maxLength": LONGEST_TEXT, "x-widget": "textarea"}
    fields["reason"] = {**text, "title": N_("调整理由"), "minLength": 1}
    fields["basis"] = {**text, "title": N_("调整依据")}
    needed = {ChangeKind.SPLIT: ["successors"], ChangeKind.RE_DATE: ["due_on"]}.get(kind, [])
    return {"type": "object", "properties": fields, "required": [*needed, "reason"]}


def _successors(plan: Plan, title: str, *, most: int) -> Schema:
    units = [
        {"const": unit.code, "title": unit.name}
        for unit in people_queries.units_of_area(page_session(), plan.area_path)
        if unit.area == plan.area
    ]
    year = {"type": "integer", "minimum": 1950, "maximum": 2200}
    one: Schema = {
        "title": {"type": "string", "title": N_("规划名称"), "minLength": 4, "maxLength": LONGEST_TITLE},
        "lead_unit": {"type": "string", "title": N_("编制单位"), "oneOf": units, "x-widget": "select"},
        "due_on": {"type": "string", "format": "date", "title": N_("应印发日期"), "x-widget": "date"},
        "tier": {**_choice(N_("审批方式"), Tier), "x-widget": "select"},
        "importance": {**_choice(N_("管理类别"), Importance), "x-widget": "select"},
        "first_year": {**year, "title": N_("规划期起")}, "last_year": {**year, "title": N_("规划期止")},
    }  # fmt: skip
    row = {"type": "object", "properties": one, "required": ["title", "lead_unit", "due_on"], "additionalProperties": False}
    return {
        "type": "array", "title": title, "items": row, "maxItems": most,
        "description": N_("审批方式、管理类别和规划期不填的，沿用原规划。"),
    }  # fmt: skip


def _asked(plan: Plan, kind: ChangeKind, values: Mapping[str, Any]) -> ChangeAsked:
    others = [int(one) for one in values.get("others") or ()]
    successors = [
        Successor(
            one["title"], one["lead_unit"], date.fromisoformat(one["due_on"]), one.get("tier", ""), one.get("importance", ""),
            one.get("first_year"), one.get("last_year"),
        )
        for one in values.get("successors") or ()
    ]  # fmt: skip
    into = values.get("into") or NEW
    attached, due_on = str(values.get("order_attachment_id") or ""), values.get("due_on")
    return ChangeAsked(
        kind=kind.value, plan_ids=[plan.id, *others], reason=values.get("reason", ""), basis=values.get("basis", ""),
        successors=successors, into_plan_id=int(into) if into != NEW else None,
        due_on=date.fromisoformat(due_on) if due_on else None, ordered_by=values.get("ordered_by", ""),
        order_attachment_id=int(attached) if attached.isdecimal() else None,
    )  # fmt: skip


def _first_values(plan: Plan, kind: ChangeKind) -> dict[str, Any]:
    """What is filled in before anybody types: two rows to split into, each as the plan was."""
    due_on = plan.due_on.isoformat() if plan.due_on is not None and plan.due_on > page_day() else None
    row = {"lead_unit": plan.lead_unit.code, "due_on": due_on}
    return {"successors": [row, row]} if kind is ChangeKind.SPLIT else {}


def _values_of(change: CatalogueChange) -> dict[str, Any]:
    asked = catalogue_changes.asked_of(change)
    order = str(change.order_attachment_id) if change.order_attachment_id else None
    return {
        "successors": [one.plain() for one in asked.successors], "others": [str(one) for one in asked.plan_ids[1:]],
        "into": str(asked.into_plan_id) if asked.into_plan_id else NEW, "reason": asked.reason, "basis": asked.basis,
        "due_on": asked.due_on.isoformat() if asked.due_on else None, "ordered_by": asked.ordered_by,
        "order_attachment_id": order,
    }  # fmt: skip


def _page(
    plan: Plan, kind: ChangeKind, values: Mapping[str, Any], faults: Mapping[str, str] | None = None,
    problem: TongchouError | None = None, change: CatalogueChange | None = None,
) -> ResponseReturnValue:  # fmt: skip
    page = render_template(
        "catalogue/propose.html", plan=plan, kind=kind, kinds=_kinds(plan), change=change, faults=len(faults or {}),
        fields=fields_of(schema_of(plan, kind), values, faults), problem=problem.message if problem and not faults else "",
    )  # fmt: skip
    return page, problem.status if problem else 200


def _kinds(plan: Plan) -> Sequence[ChangeKind]:
    """What may be done with the plan at all: an issued one is only withdrawn."""
    return (ChangeKind.WITHDRAW,) if plan.status == PlanState.ISSUED else tuple(ChangeKind)


def _faults(error: forms.FormErrors) -> dict[str, str]:
    return {each["field"].replace("/", "."): each["message"] for each in error.details["fields"]}


def _choice(title: str, kind: type[Labelled]) -> Schema:
    return {"type": "string", "title": title, "oneOf": [{"const": one.value, "title": one.word} for one in kind]}
