"""A leader's instruction on a run (批示), with orders to units and people."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.i18n import _
from workflow_service.identity.import_people import read_day
from workflow_service.services import candidates, circulations, instructions, processes
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.recipients import Asked

from ..current import page_actor, page_now, page_session, transaction


def connect(blueprint: Blueprint) -> None:
    """Give the room of instances this page."""
    blueprint.add_url_rule("/<int:instance_id>/instruct", "instruct", instruct, methods=["GET", "POST"])


def instruct(instance_id: int) -> ResponseReturnValue:
    """Write an instruction and choose who is to follow it until when."""
    row = processes.visible_instance(page_session(), page_actor(), instance_id)
    instructions.require_leader(page_session(), page_actor(), row)
    title = circulations.title_of(page_session(), row)
    if request.method == "GET":
        return _form(instance_id, title)
    try:
        with transaction() as session:
            words = request.form.get("words", "")
            instructions.instruct(session, page_actor(), instance_id, words, _orders(), now=page_now())
    except (InvalidInput, Conflict) as error:
        return _form(instance_id, title, error.message, error.status)
    flash(_("批示已写入处理笺，承办人会收到任务和通知。"))
    return redirect(url_for("instances.show", instance_id=instance_id))


def _orders() -> list[Asked]:
    day = read_day(request.form.get("due_on", "").strip())
    due = SETTINGS.close_of(day) if day is not None else None
    return [Asked(holder, due) for holder in request.form.getlist("holder")]


def _form(instance_id: int, title: str, problem: str = "", status: int = 200) -> ResponseReturnValue:
    session, actor, now = page_session(), page_actor(), page_now()
    page = render_template(
        "instances/instruct.html", instance_id=instance_id, title=title, problem=problem, typed=request.form,
        chosen=request.form.getlist("holder"),
        people=[one.option for one in candidates.colleagues(session, int(actor.user_id or 0), now=now)],
        posts=[one.option for one in candidates.posts_in_sight(session, actor, now=now)],
    )  # fmt: skip
    return page, status
