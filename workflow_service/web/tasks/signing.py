"""Who signs in a countersignature or votes: a page that lists them, on which they are added and taken out."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.i18n import N_, _
from workflow_service.services import candidates, signers, taking_out, tasks

from ..current import page_actor, page_now, page_session, transaction
from ..once import repeated_answer
from ..operation_words import operation_word
from .operations import Given


def connect(blueprint: Blueprint) -> None:
    """Give the room of tasks the page of signers."""
    rule = blueprint.add_url_rule
    rule("/<int:task_id>/signers", "signers", show)
    rule("/<int:task_id>/signers", "add_signer", add, methods=["POST"])
    rule("/<int:task_id>/signers/remove", "remove_countersigner", remove, methods=["POST"])
    rule("/rounds/<int:round_id>/remove", "remove_turn", remove_turn, methods=["POST"])


def show(task_id: int) -> ResponseReturnValue:
    """Everybody who signs, and for whom may change that a form for one more."""
    return _page(task_id, Given.read(request.args))


def _page(task_id: int, given: Given, problem: InvalidInput | Conflict | None = None) -> ResponseReturnValue:
    session, actor = page_session(), page_actor()
    task, row = tasks.visible_task(session, actor, task_id)
    signing = signers.signing_of(session, actor, task, row, now=page_now())
    if signing is None:
        raise NotFound(N_("这项任务不在会签之中。"))
    html = render_template(
        "tasks/operations/signers.html", task=task, signing=signing, given=given, problem=problem.message if problem else "",
        found=candidates.candidates(session, actor, task, given.typed, within_unit=False, now=page_now()),
        chosen=candidates.named(session, given.holders),
    )  # fmt: skip
    return html, problem.status if problem else 200


def add(task_id: int) -> ResponseReturnValue:
    """Let one more sign, or show the form again with what was typed and why it was refused."""
    given = Given.read(request.form)
    if request.form.get("look"):
        return _page(task_id, given)
    try:
        with transaction() as session:
            if not repeated_answer(session, "web.task.signers", page_actor().user_id):
                signers.add_signer(session, page_actor(), task_id, given.one, given.reason, now=page_now())
    except (InvalidInput, Conflict) as error:
        page_session().expire_all()
        return _page(task_id, given, error)
    flash(_("已%(what)s。", what=operation_word("sign")))
    return redirect(url_for("tasks.signers", task_id=task_id))


def remove(task_id: int) -> ResponseReturnValue:
    """Take somebody out by his turn; back to the list, or to the task where the whole is over with that."""
    try:
        with transaction() as session:
            signers.remove_signer(session, page_actor(), task_id, _turn(), request.form.get("reason", ""), now=page_now())
    except (InvalidInput, Conflict) as error:
        page_session().expire_all()
        return _page(task_id, Given(reason=request.form.get("reason", "")), error)
    flash(_("已%(what)s。", what=operation_word("remove_signer")))
    page_session().expire_all()
    task, _row = tasks.visible_task(page_session(), page_actor(), task_id)
    return redirect(url_for("tasks.signers" if task.status == "open" else "tasks.show", task_id=task_id))


def remove_turn(round_id: int) -> ResponseReturnValue:
    """Take out somebody who was asked beside the flow, before his turn has come too; back to the task on whose behalf he was."""
    with transaction() as session:
        taking_out.remove_turn(session, page_actor(), round_id, _turn(), now=page_now())
    flash(_("已%(what)s。", what=operation_word("remove_signer")))
    back = request.form.get("back", "")
    return redirect(url_for("tasks.show", task_id=int(back)) if back.isdecimal() else url_for("tasks.inbox"))


def _turn() -> int:
    """The turn of this request; what is no number is nobody's."""
    turn = request.form.get("turn", "")
    return int(turn) if turn.isascii() and turn.isdecimal() and len(turn) < 5 else -1
