"""Urging one task, with a reason that is ready to be sent: a page of its own, shown as a sheet by the pages that have one."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import Conflict, InvalidInput, TongchouError
from workflow_service.i18n import _
from workflow_service.services import absences, tasks, urging
from workflow_service.store.runtime import ProcessInstance, Task

from ..current import is_htmx, page_actor, page_day, page_now, page_session, transaction
from ..urging_words import ready_reasons


def connect(blueprint: Blueprint) -> None:
    """Give the room of tasks the page of urging."""
    blueprint.add_url_rule("/<int:task_id>/urge", "urge", urge, methods=["GET", "POST"])


def urge(task_id: int) -> ResponseReturnValue:
    """Ask why, then push everybody before whom the task lies."""
    task, _row = _urgeable(task_id)
    if request.method == "GET":
        return _page(task, ready_reasons([task])[0])
    reason = request.form.get("reason", "")
    try:
        with transaction() as session:
            count = urging.urge_task(session, page_actor(), task_id, reason, now=page_now())
    except (InvalidInput, Conflict) as error:
        page_session().expire_all()
        return _page(task, reason, error)
    flash(_("已催办，%(count)s 人收到消息。", count=count) if count else _("没有人需要催办。"))
    return redirect(_home(task))


def _urgeable(task_id: int) -> tuple[Task, ProcessInstance]:
    task, row = tasks.visible_task(page_session(), page_actor(), task_id)
    urging.require_urging(page_session(), page_actor(), task, row)
    return task, row


def _page(task: Task, reason: str, problem: TongchouError | None = None) -> ResponseReturnValue:
    html = render_template(
        f"tasks/operations/{'urge' if is_htmx() else 'urge_page'}.html", task=task, reason=reason, ready=ready_reasons([task]),
        away=absences.holders_away(page_session(), [task.id], page_day()).get(task.id, []),
        nobody=task.id in absences.nobody_there(page_session(), [task.id], page_day()),
        problem=problem.message if problem else "", home=_home(task), back=_back(),
    )  # fmt: skip
    return html, problem.status if problem else 200


def _back() -> str:
    return "board" if request.values.get("back") == "board" else ""


def _home(task: Task) -> str:
    return url_for("board.overview") if _back() else url_for("tasks.show", task_id=task.id)
