"""Many ticked tasks in one go: what is asked is asked once, and each task's result is shown (批量办理)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import Forbidden, InvalidInput, NotFound, TongchouError
from workflow_service.i18n import N_
from workflow_service.services import absences, batches, candidates, forms, tasks
from workflow_service.services.batches import MOST_TASKS, OF_STAFF, BatchAction, BatchAsked
from workflow_service.store.runtime import ProcessInstance, Task

from ..current import page_actor, page_day, page_now, page_session, transaction
from ..forms import fields_of, read_values
from ..once import FIELD
from ..urging_words import ready_reasons
from .choices import form_options
from .operations import Given

AT_ONCE = (BatchAction.CLAIM,)
ACT = "act"
"""What the board asks for to choose among a supervisor's acts on their own page."""


def connect(blueprint: Blueprint) -> None:
    """Give the room of tasks its batches."""
    blueprint.add_url_rule("/batch", "run_batch", run, methods=["POST"])


def run() -> ResponseReturnValue:
    """Ask what the action needs, or carry it out for each ticked task and show what came of each."""
    chosen = request.form.get("action", "")
    if chosen == ACT:
        return redirect(url_for("supervision.act", task=[one.id for one in _ticked()]))
    if chosen not in OF_STAFF:
        raise InvalidInput(N_("请选择要做什么。"))
    action, ticked = BatchAction(chosen), _ticked()
    if not request.form.get("go") and action not in AT_ONCE:
        return _ask(action, ticked)
    given, schema = Given.read(request.form), common_form(ticked)
    if action is BatchAction.COMPLETE and schema is None:
        return _ask(action, ticked)
    if action is BatchAction.TRANSFER and len(given.holders) != 1:
        return _ask(action, ticked, InvalidInput(N_("请选择一位办理人。")))
    values = read_values(schema, request.form) if schema is not None and action is BatchAction.COMPLETE else {}
    asked = BatchAsked(action, [one.id for one in ticked], values, "".join(given.holders), given.reason)
    key = request.form.get(FIELD, "")[:80]
    try:
        found = batches.run_batch(transaction, page_actor(), asked, now=page_now(), key=key)
    except InvalidInput as error:
        return _ask(action, ticked, error)
    by_id = {one.id: one for one in ticked}
    lines = [(by_id[one.task_id], one.refusal.message if one.refusal else "") for one in found]
    return render_template("tasks/operations/batch_results.html", action=action.value, lines=lines, back=_back())


def _back() -> str:
    """The list in which the tasks were ticked."""
    return "board" if request.form.get("back") == "board" else "tasks"


def _ticked() -> list[Task]:
    """The ticked tasks that the reader may see; others are left out as if they were not there, all of them is none there."""
    found, ticked = [], list(dict.fromkeys(request.form.getlist("task", type=int)))[:MOST_TASKS]
    for one in ticked:
        with suppress(Forbidden, NotFound):
            found.append(tasks.visible_task(page_session(), page_actor(), one)[0])
    if not ticked:
        raise InvalidInput(N_("请先勾选任务。"))
    if not found:
        raise NotFound(N_("没有编号为 %(id)s 的任务。"), id=ticked[0])
    return found


def common_form(ticked: Sequence[Task]) -> dict[str, Any] | None:
    """The one form of all tasks, None where they differ: values are only handed in with forms that ask the same."""
    found = []
    for task in ticked:
        row = page_session().get_one(ProcessInstance, task.instance_id)
        found.append(forms.form_of_task(page_session(), task, row.definition_id))
    return found[0] if all(one == found[0] for one in found) else None


def _ask(action: BatchAction, ticked: Sequence[Task], problem: TongchouError | None = None) -> ResponseReturnValue:
    schema, given = common_form(ticked), Given.read(request.form)
    ready = ready_reasons(ticked) if action is BatchAction.URGE else []
    found = candidates.candidates(
        page_session(), page_actor(), ticked[0], given.typed, within_unit=True, now=page_now()
    )
    html = render_template(
        "tasks/operations/batch.html", action=action.value, ticked=ticked, task=ticked[0], given=given, found=found,
        chosen=candidates.named(page_session(), given.holders), problem=problem.message if problem else "", back=_back(),
        away=absences.holders_away(page_session(), [one.id for one in ticked], page_day()) if action is BatchAction.URGE else {},
        mixed=schema is None, ready=ready, reason=given.reason if problem else "".join(ready[:1]),
        fields=fields_of(schema, {}, {}, form_options) if schema is not None and action is BatchAction.COMPLETE else (),
    )  # fmt: skip
    return html, problem.status if problem else 200
