"""The list of matters under listed supervision (挂牌督办): seen by every unit of the area, kept by supervisors."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import Conflict, InvalidInput, TongchouError
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.services import answerable, listing, task_access
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.listing import ListingAsked
from workflow_service.store import listed_list, notice_rows
from workflow_service.store.listed_list import ListedFilter, ListedRow
from workflow_service.store.runtime import ProcessInstance, Task

from .. import cursors
from ..current import page_actor, page_day, page_now, page_session, transaction
from ..formats import task_light
from ..listing import PAGE_ROWS, address, filter_values
from ..once import repeated_answer
from ..rights import allowed, require
from ..sheets import sheet
from ..words import word
from .blueprint import blueprint, choices_of_people, given_day, given_id, given_person, plan_named

FILTERS = ("state", "unit", "q", "late")
STATES = ("open", "asked", "struck_off", "withdrawn")


@blueprint.get("/listed", endpoint="listed")
def index() -> ResponseReturnValue:
    """The matters of the reader's governments, of those above and of those below; what is open first asked for."""
    session, chosen = page_session(), filter_values(*FILTERS)
    wanted, after = _filter(chosen), cursors.decode(cursors.number)
    found = listed_list.rows(session, wanted, after=after[0] if after else None, limit=PAGE_ROWS + 1)
    rows = found[:PAGE_ROWS]
    following = address(after=cursors.encode(rows[-1].matter.id)) if len(found) > PAGE_ROWS else ""
    everything = _filter({})
    return render_template(
        "supervision/listed.html", rows=rows, chosen=chosen, next_address=following, total=listed_list.count(session, wanted),
        state_counts={one: listed_list.count(session, _filter({"state": one})) for one in STATES},
        units=listed_list.units_on_the_list(session, everything), light_of=light_of,
    )  # fmt: skip


@blueprint.get("/listed.xlsx", endpoint="listed_export")
def export() -> ResponseReturnValue:
    """Exactly the rows of the filters."""
    rows = listed_list.rows(page_session(), _filter(filter_values(*FILTERS)), limit=None)
    heads = (_("编号"), _("事项"), _("规划"), _("责任单位"), _("责任人"), _("理由"), _("挂牌日期"), _("销号期限"), _("状态"),
             _("最新进展"), _("销号日期"), _("核验人"))  # fmt: skip
    return sheet(_("挂牌督办清单"), heads, (_cells(row) for row in rows))


def _cells(row: ListedRow) -> tuple[Any, ...]:
    one = row.matter
    struck = SETTINGS.day_of(one.struck_off_at) if one.struck_off_at else None
    return (
        f"{one.year}-{one.number}", one.title, row.plan_title, row.unit.name, row.responsible, one.reason,
        SETTINGS.day_of(one.listed_at), one.due_on, word(row.state, "listed_state"), row.last_note, struck, row.confirmer,
    )  # fmt: skip


def _filter(chosen: dict[str, str]) -> ListedFilter:
    actor = page_actor()
    return ListedFilter(
        areas=policy.visible_areas(actor), within=tuple(actor.area_paths), state=chosen.get("state", ""),
        unit=chosen.get("unit", ""), text=chosen.get("q", ""), late=bool(chosen.get("late")), today=page_day(),
    )  # fmt: skip


def light_of(row: ListedRow) -> Any:
    """The light of a matter by its day; none once it is off the list."""
    return task_light(SETTINGS.close_of(row.matter.due_on)) if row.state in ("open", "asked") else None


@blueprint.get("/listed/<int:matter_id>", endpoint="listed_matter")
def show(matter_id: int) -> ResponseReturnValue:
    """One matter with its course, and the task that lies before the reader."""
    session, actor = page_session(), page_actor()
    found = listing.visible_matter(session, actor, matter_id)
    row = listed_list.row_of(session, found.id)
    tasks = listed_list.open_tasks(session, found.instance_id)
    return render_template(
        "supervision/listed_matter.html", row=row, matter=found, light=light_of(row),
        notes=listed_list.notes_of(session, found.id),
        mine=next((one for one in tasks if task_access.may_work(session, actor, one)), None), tasks=tasks,
        may_name=row.state in ("open", "asked") and allowed("listing.manage", policy.thing_of(found.area_path)),
        people=[(str(one), name) for one, name in notice_rows.people_in(session, found.unit_id, page_day())],
        may_end=row.state in ("open", "asked") and allowed("instance.control", policy.thing_of(found.area_path)),
        may_see_run=_sees_run(found.instance_id), may_see_plan=_sees_plan(found.plan_id),
    )  # fmt: skip


@blueprint.post("/listed/<int:matter_id>/responsible", endpoint="name_responsible")
def name_responsible(matter_id: int) -> ResponseReturnValue:
    """Somebody else of the unit answers for it from now on."""
    person = given_person("responsible")
    try:
        if person is None:
            raise InvalidInput(N_("请选择责任人。"))
        with transaction() as session:
            answerable.name_responsible(session, page_actor(), matter_id, person, now=page_now())
        flash(_("已更换责任人，并已通知。"))
    except (InvalidInput, Conflict) as error:
        flash(error.message, "warning")
    return redirect(url_for("supervision.listed_matter", matter_id=matter_id))


def _sees_run(instance_id: int | None) -> bool:
    run = page_session().get(ProcessInstance, instance_id) if instance_id else None
    return run is not None and allowed("instance.see", policy.thing_of(run.area_path, participants=(run.started_by,)))


def _sees_plan(plan_id: int | None) -> bool:
    plan = plan_named(plan_id)
    return plan is not None and allowed("plan.see", policy.thing_of(plan.area_path, unit_ids=(plan.lead_unit_id,)))


@blueprint.route("/listed/new", methods=["GET", "POST"], endpoint="list_matter")
def new() -> ResponseReturnValue:
    """Put a matter on the list; a plan or a task that it is about comes with the address."""
    require("listing.manage")
    if request.method == "GET":
        return _form()
    try:
        asked = _asked()
        with transaction() as session:
            if repeated_answer(session, "listed", page_actor().user_id):
                return redirect(url_for("supervision.listed"))
            made = listing.list_matter(session, page_actor(), asked, now=page_now()).id
    except (InvalidInput, Conflict) as error:
        return _form(error)
    flash(_("已挂牌，责任单位会收到任务和通知，各单位均可查看。"))
    return redirect(url_for("supervision.listed_matter", matter_id=made))


def _asked() -> ListingAsked:
    form = request.form
    return ListingAsked(
        title=form.get("title", ""), reason=form.get("reason", ""), holder=form.get("holder", ""),
        due_on=given_day("due_on", N_("请填写销号期限。")), responsible_id=given_person("responsible"),
        plan_id=given_id("plan"), task_id=given_id("task"),
    )  # fmt: skip


def _form(problem: TongchouError | None = None) -> ResponseReturnValue:
    session, task_id = page_session(), given_id("task")
    task = session.get(Task, task_id) if task_id is not None else None
    plan = plan_named(given_id("plan") or (task.plan_id if task is not None else None))
    typed = dict(request.form) or _proposed(plan, task)
    page = render_template(
        "supervision/list_matter.html", problem=problem.message if problem else "", typed=typed, plan=plan, task=task,
        earliest=page_day().isoformat(), **choices_of_people(),
    )  # fmt: skip
    return page, problem.status if problem else 200


def _proposed(plan: Any, task: Task | None) -> dict[str, str]:
    """What is filled in before anybody types: the plan, its lead unit's handlers or those before whom the task lies."""
    if task is not None:
        group = task.candidate_groups[0] if task.candidate_groups else ""
        return {"title": f"{task.title}：{task.name}", "holder": f"g:{group}" if group else ""}
    if plan is not None:
        return {"title": plan.title, "holder": f"g:{plan.lead_unit.code}:handler"}
    return {}
