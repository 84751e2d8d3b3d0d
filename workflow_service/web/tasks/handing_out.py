"""Proposing and handing out one task (拟办、分办): one lead, co-handlers with a day."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import _
from workflow_service.identity.import_people import read_day
from workflow_service.services import choosing, handing_out, tasks
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.handing_out import HandOut
from workflow_service.services.recipients import Asked
from workflow_service.store.runtime import Task

from ..current import page_actor, page_now, page_session, transaction
from ..rights import require


def connect(blueprint: Blueprint) -> None:
    """Give the room of tasks this page."""
    blueprint.add_url_rule("/<int:task_id>/hand-out", "hand_out", hand_out, methods=["GET", "POST"])


def hand_out(task_id: int) -> ResponseReturnValue:
    """Choose the lead and the co-handlers, write the proposal."""
    session, actor = page_session(), page_actor()
    task, _row = tasks.visible_task(session, actor, task_id)
    require("task.transfer", tasks.asked_thing(session, actor, task))
    if request.method == "GET":
        return _form(task)
    try:
        with transaction() as writing:
            handing_out.hand_out(writing, actor, task_id, _asked(), now=page_now())
    except InvalidInput as error:
        return _form(task, error.message, 422)
    flash(_("已分办“%(name)s”。", name=task.name))
    return redirect(url_for("tasks.inbox"))


def _asked() -> HandOut:
    form = request.form
    day = read_day(form.get("due_on", "").strip())
    due = SETTINGS.close_of(day) if day is not None else None
    helpers = [Asked(holder, due) for holder in form.getlist("helper")]
    return HandOut(form.get("lead", ""), helpers, form.get("proposal", ""), form.get("blocking") == "1")


def _form(task: Task, problem: str = "", status: int = 200) -> ResponseReturnValue:
    session, actor, now = page_session(), page_actor(), page_now()
    page = render_template(
        "tasks/hand_out.html", task=task, problem=problem, typed=request.form, chosen=request.form.getlist("helper"),
        people=choosing.people_of_own_governments(session, actor, now=now),
        posts=choosing.posts_in_sight(session, actor, now=now),
    )  # fmt: skip
    return page, status
