"""Applying for a plan: the form, and what was typed as the services' PlanApplication (docs/domain.md §2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.plans import Category, Importance, Level, OrderedBy, Tier, five_year_cycle
from workflow_service.domain.words import Labelled
from workflow_service.i18n import N_, _
from workflow_service.services import forms, plans
from workflow_service.services.plans import PlanApplication
from workflow_service.store.runtime import Task

from ..current import memberships, page_actor, page_day, page_now, page_session, transaction
from ..forms import fields_of, read_values
from ..once import repeated_answer
from ..tasks.materials import keep_upload

APPLY = "web.plan.apply"
LONGEST_TITLE = 120


def connect(blueprint: Blueprint) -> None:
    """Give the room of plans its application form."""
    blueprint.add_url_rule("/apply", "apply", show)
    blueprint.add_url_rule("/apply", "send", send, methods=["POST"])
    blueprint.add_url_rule("/apply/files", "order", order, methods=["POST"])


def show() -> ResponseReturnValue:
    """The empty form, with the reader's unit and the present cycle filled in."""
    cycle, unit_id = five_year_cycle(page_day().year), page_actor().unit_id
    level = next((unit.level for unit, _post in memberships() if unit.id == unit_id), "")
    given = {"lead_unit_id": unit_id, "level": level, "first_year": cycle.first_year, "last_year": cycle.last_year}
    return _page(given, {}, 200)


def send() -> ResponseReturnValue:
    """Apply; what does not fit is said beside its field, with everything typed still there."""
    values = read_values(schema(), request.form)
    try:
        forms.validate(schema(), values)
        with transaction() as session:
            if repeated_answer(session, APPLY, page_actor().user_id):
                return redirect(url_for("tasks.started"))
            plan = plans.apply_for_plan(session, page_actor(), _application(values), now=page_now())
    except forms.FormErrors as error:
        return _page(values, {each["field"]: each["message"] for each in error.details["fields"]}, 422)
    except InvalidInput as error:
        return _page(values, {}, 422, error.message)
    flash(_("已提出立项申请，请接着填报申请表。"))
    return redirect(_next_step(plan.id))


def order() -> ResponseReturnValue:
    """Keep the ordering document for its uploader until he applies."""
    return jsonify(keep_upload(None))


def _next_step(plan_id: int) -> str:
    """The unit's first task, which is to fill in the application; the plan's page where there is none."""
    task = page_session().scalar(select(Task.id).where(Task.plan_id == plan_id, Task.status == "open").limit(1))
    return url_for("tasks.show", task_id=task) if task else url_for("plans.show", plan_id=plan_id)


def _page(values: Mapping[str, Any], faults: Mapping[str, str], status: int, problem: str = "") -> ResponseReturnValue:
    fields = fields_of(schema(), values, faults)
    return render_template("plans/apply.html", fields=fields, problem=problem, faults=len(faults)), status


def _application(values: Mapping[str, Any]) -> PlanApplication:
    known = {name: value for name, value in values.items() if name in PlanApplication.__dataclass_fields__}
    known["due_on"] = date.fromisoformat(known["due_on"]) if known.get("due_on") else None
    attached = str(known.pop("order_attachment_id", ""))
    known["order_attachment_id"] = int(attached) if attached.isdecimal() else None
    known["lead_unit_id"] = int(known["lead_unit_id"])
    return PlanApplication(**known)


def schema() -> dict[str, Any]:
    """The form as JSON Schema, so that it is drawn, read and checked like every other form."""
    units = [{"const": str(unit.id), "title": unit.name} for unit in {unit.id: unit for unit, _post in memberships()}.values()]
    text: dict[str, Any] = {
        "title": {"type": "string", "title": N_("规划名称"), "minLength": 4, "maxLength": LONGEST_TITLE},
        "lead_unit_id": {"type": "string", "title": N_("编制单位"), "oneOf": units, "x-widget": "select"},
        "category": _choice(N_("类别"), Category),
        "level": _choice(N_("层级"), Level),
        "tier": _choice(N_("审批方式"), Tier),
        "importance": _choice(N_("管理类别"), Importance),
        "first_year": {"type": "integer", "title": N_("规划期起"), "minimum": 1950, "maximum": 2200},
        "last_year": {"type": "integer", "title": N_("规划期止"), "minimum": 1950, "maximum": 2200},
        "due_on": {"type": "string", "format": "date", "title": N_("应印发日期"), "x-widget": "date"},
        "environmental_review": {"type": "boolean", "title": N_("需要环境影响评价")},
        "water_review": {"type": "boolean", "title": N_("需要水资源论证")},
        "needs_party_review": {"type": "boolean", "title": N_("需要党委审定")},
        "upward_filing": {"type": "boolean", "title": N_("需要上报备案")},
        "ordered_by": {**_choice(N_("交办机关"), OrderedBy), "description": N_("目录以外或规划期不足三年的，须有交办文件。")},
        "order_attachment_id": {"type": "string", "title": N_("交办文件"), "x-widget": "file"},
        "listed": {"type": "boolean", "title": N_("申请列入目录清单"), "default": True},
        "basis": {"type": "string", "title": N_("编制依据"), "maxLength": 2000, "x-widget": "textarea"},
    }
    required = ["title", "lead_unit_id", "category", "level", "tier", "importance", "first_year", "last_year"]
    return {"type": "object", "properties": text, "required": required}


def _choice(title: str, kind: type[Labelled]) -> dict[str, Any]:
    return {"type": "string", "title": title, "oneOf": [{"const": one.value, "title": one.word} for one in kind]}
