"""Acting on late tasks from the board: urge, escalate, extend, reassign, suspend, terminate one or many, each with a reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import InvalidInput, TongchouError
from workflow_service.i18n import N_, _
from workflow_service.services import absences, batches, task_access, trials
from workflow_service.services.batches import MOST_TASKS, OF_SUPERVISORS, BatchAction, BatchAsked
from workflow_service.services.calendars import SETTINGS
from workflow_service.store import plan_list
from workflow_service.store.runtime import ProcessInstance, Task

from ..current import page_actor, page_day, page_now, page_session, transaction
from ..effects import Told, told_or_refused
from ..once import FIELD
from ..rights import require
from ..urging_words import ready_reasons
from .blueprint import blueprint, choices_of_people, given_day

OF_RUNS = {BatchAction.SUSPEND.value: "suspend", BatchAction.TERMINATE.value: "terminate"}
"""The actions that are done to the runs of the tasks, each with the command whose effect is shown before."""


@blueprint.route("/act", methods=["GET", "POST"], endpoint="act")
def act() -> ResponseReturnValue:
    """The tasks named by the address, or those open of the plans named there, and what is to be done to all of them."""
    require("task.escalate")
    chosen = _tasks()
    if request.method == "GET" or request.form.get("look"):
        return _page(chosen)
    try:
        asked = _asked(chosen)
    except InvalidInput as error:
        return _page(chosen, error)
    key = request.form.get(FIELD, "")[:80]
    found = batches.run_batch(transaction, page_actor(), asked, now=page_now(), key=key)
    by_id = {one.id: one for one in chosen}
    lines = [(by_id[one.task_id], one.refusal.message if one.refusal else "") for one in found]
    return render_template(
        "supervision/act_results.html", action=asked.action, lines=lines, done=sum(not refusal for _task, refusal in lines)
    )


@blueprint.route("/act/effect", endpoint="act_effect")
def act_effect() -> ResponseReturnValue:
    """What the chosen action would do to the runs of the ticked tasks."""
    require("task.escalate")
    return render_template("supervision/act_effect.html", effects=_effects(_tasks()))


def _effects(chosen: list[Task]) -> list[tuple[str, Told]]:
    """Each run of the ticked tasks once, by its title, with what the chosen action would do to it; none for actions on tasks."""
    command = OF_RUNS.get(request.values.get("action", ""))
    if command is None:
        return []
    return [(one.title, _effect(one.instance_id, command)) for one in {one.instance_id: one for one in chosen}.values()]


def _effect(instance_id: int, command: str) -> Told:
    with transaction() as session:
        row = session.get_one(ProcessInstance, instance_id)
        return told_or_refused(
            session, row, lambda: trials.effect_of(session, page_actor(), instance_id, command, now=page_now())
        )


def _tasks() -> list[Task]:
    """What was ticked: tasks, and the open steps of plans; raises NotFound, Forbidden for what the reader may not see."""
    session, actor = page_session(), page_actor()
    ids = request.values.getlist("task", type=int)
    for plan_id in request.values.getlist("plan", type=int)[:MOST_TASKS]:
        ids += [task.id for task, _unit in plan_list.open_tasks_of(session, plan_id)]
    kept = list(dict.fromkeys(ids))[:MOST_TASKS]
    return [task_access.visible_task(session, actor, one)[0] for one in kept]


def _asked(chosen: list[Task]) -> BatchAsked:
    form = request.form
    if form.get("action") not in OF_SUPERVISORS:
        raise InvalidInput(N_("请选择要做什么。"))
    if not chosen:
        raise InvalidInput(N_("请先勾选任务。"))
    action, note, holder = BatchAction(form["action"]), form.get("note", "").strip(), form.get("holder", "")
    if not note:
        raise InvalidInput(N_("请写明理由。"))
    if action is BatchAction.REASSIGN and not holder:
        raise InvalidInput(N_("请选择一位办理人。"))
    due_at: datetime | None = None
    if action is BatchAction.EXTEND:
        due_at = SETTINGS.close_of(given_day("due_on", N_("请选择日期。")))
    return BatchAsked(action, [one.id for one in chosen], holder=holder, note=note, due_at=due_at)


def _page(chosen: list[Task], problem: TongchouError | None = None) -> ResponseReturnValue:
    people: dict[str, Any] = choices_of_people()
    page = render_template(
        "supervision/act.html", tasks=chosen, problem=problem.message if problem else "", typed=request.form,
        actions=[(one.value, _(one.label)) for one in OF_SUPERVISORS], earliest=page_day().isoformat(),
        away=absences.holders_away(page_session(), [one.id for one in chosen], page_day()), ready=ready_reasons(chosen),
        effects=_effects(chosen),
        people=[*people["posts"], *people["people"]],
    )  # fmt: skip
    return page, problem.status if problem else 200
