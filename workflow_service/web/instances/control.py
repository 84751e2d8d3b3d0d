"""What supervisors do to a run, and its starter: each command is a page that shows the effect before anybody confirms it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, TongchouError
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.services import adjusting, interventions, processes, trials
from workflow_service.store.runtime import ProcessInstance

from ..current import is_htmx, page_actor, page_now, page_session, transaction
from ..effects import Told, told_or_refused
from ..once import repeated_answer
from ..operation_words import operation_word
from ..rights import allowed, require

COMMANDS = ("suspend", "resume", "terminate", "jump", "reopen", "withdraw")
STATUSES = {
    "suspend": ("active",), "resume": ("suspended",), "terminate": ("active", "suspended"), "jump": ("active",),
    "reopen": ("completed", "terminated"), "withdraw": ("active", "suspended"),
}  # fmt: skip
EXPLAINED = {
    "suspend": N_("暂停后什么都不能办，时限停止计算；期间收到的消息恢复后再处理。"),
    "resume": N_("恢复后继续办理，时限接着计算；暂停期间到期的定时随后触发。"),
    "terminate": N_("终止后待办全部结束，办理人会收到通知；确需继续的，可以重办。"),
    "jump": N_("把一处待办调到另一环节。请先看影响：哪些任务结束、哪里还要等。"),
    "reopen": N_("已办结的从所选环节重新办理；已终止的按终止时的样子继续。"),
    "withdraw": N_("还没有人同意时，发起人可以撤件；待办全部结束，办理人会收到通知。"),
}


def connect(blueprint: Blueprint) -> None:
    """Give the room of runs its commands."""
    address = f"/<int:instance_id>/<any({', '.join(COMMANDS)}):command>"
    blueprint.add_url_rule(address, "control", show)
    blueprint.add_url_rule(address, "manage", carry_out, methods=["POST"])
    blueprint.add_url_rule("/<int:instance_id>/jump/effect", "jump_effect", jump_effect)
    blueprint.add_url_rule("/<int:instance_id>/reopen/effect", "reopen_effect", reopen_effect)


def commands_for(row: ProcessInstance) -> list[str]:
    """The commands that the reader may give to a run as it stands."""
    controls = allowed("instance.control", policy.thing_of(row.area_path))
    found = [one for one in COMMANDS if row.status in STATUSES[one] and (controls if one != "withdraw" else may_withdraw(row))]
    return [one for one in found if one != "terminate"] + [one for one in found if one == "terminate"]


def may_withdraw(row: ProcessInstance) -> bool:
    """Whether the reader started the run and nobody has agreed yet."""
    own = row.started_by is not None and row.started_by == page_actor().user_id
    return own and row.status in STATUSES["withdraw"] and interventions.who_agreed(page_session(), row) is None


def _row(instance_id: int, command: str) -> ProcessInstance:
    row = processes.visible_instance(page_session(), page_actor(), instance_id)
    if command != "withdraw":
        require("instance.control", policy.thing_of(row.area_path))
    elif row.started_by is None or row.started_by != page_actor().user_id:
        raise Forbidden(N_("只有发起人可以撤件。"), action="instance.withdraw")
    return row


def show(instance_id: int, command: str) -> ResponseReturnValue:
    """The page of one command: what it does here, and the form."""
    return _page(_row(instance_id, command), command, request.args)


def _page(row: ProcessInstance, command: str, given: Any, problem: TongchouError | None = None) -> ResponseReturnValue:
    session = page_session()
    parts: dict[str, Any] = {"places": [], "targets": [], "effect": None}
    if command == "jump":
        parts["places"] = adjusting.jump_options(session, page_actor(), row)
        parts["effect"] = _effect(row, given.get("token", ""), given.get("to", ""))
    elif command == "reopen":
        parts["targets"] = interventions.reopen_options(session, page_actor(), row, now=page_now())
        first = parts["targets"][0].element_id if parts["targets"] else ""
        parts["effect"] = _effect_of(row, command, given.get("to", "") or first)
    else:
        parts["effect"] = _effect_of(row, command)
    template = "instances/control_form.html" if is_htmx() else "instances/control.html"
    html = render_template(
        template, instance=row, command=command, given=given, explained=_(EXPLAINED[command]), **parts,
        problem=problem.message if problem else "",
    )  # fmt: skip
    return html, problem.status if problem else 200


def jump_effect(instance_id: int) -> ResponseReturnValue:
    """What a jump would do."""
    row = _row(instance_id, "jump")
    effect = _effect(row, request.args.get("token", ""), request.args.get("to", ""))
    return render_template("tasks/operations/effect.html", effect=effect)


def reopen_effect(instance_id: int) -> ResponseReturnValue:
    """What taking a finished run up at the chosen step would do."""
    effect = _effect_of(_row(instance_id, "reopen"), "reopen", request.args.get("to", ""))
    return render_template("tasks/operations/effect.html", effect=effect)


def _effect(row: ProcessInstance, token: str, to: str) -> Told | None:
    """What the jump would do, in words; the refusal where it would be refused; nothing before both are chosen."""
    if not token or not to:
        return None
    with transaction() as session:
        return told_or_refused(
            session, row,
            lambda: interventions.effect_of_jump(session, page_actor(), row.id, _token(token), to, now=page_now()),
        )  # fmt: skip


def _effect_of(row: ProcessInstance, command: str, to: str = "") -> Told:
    """What another command would do; the refusal where it would be refused."""
    with transaction() as session:
        return told_or_refused(
            session, row, lambda: trials.effect_of(session, page_actor(), row.id, command, to, now=page_now())
        )


def _token(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput(N_("请选择要调整的待办。")) from error


def carry_out(instance_id: int, command: str) -> ResponseReturnValue:
    """Carry a command out, or show its page again with what was typed and why it was refused."""
    row = _row(instance_id, command)
    if request.form.get("look"):
        return _page(row, command, request.form)
    try:
        with transaction() as session:
            if not repeated_answer(session, f"web.instance.{command}", page_actor().user_id):
                _ACTS[command](session, instance_id, request.form.get("reason", "").strip())
    except (InvalidInput, Conflict) as error:
        page_session().expire_all()
        return _page(row, command, request.form, error)
    flash(_("已%(what)s。", what=operation_word(command)))
    return redirect(url_for("instances.show", instance_id=instance_id))


def _suspend(session: Session, instance_id: int, reason: str) -> None:
    processes.suspend_instance(session, page_actor(), instance_id, reason, now=page_now())


def _resume(session: Session, instance_id: int, reason: str) -> None:
    processes.resume_instance(session, page_actor(), instance_id, reason, now=page_now())


def _terminate(session: Session, instance_id: int, reason: str) -> None:
    processes.terminate_instance(session, page_actor(), instance_id, reason, now=page_now())


def _withdraw(session: Session, instance_id: int, reason: str) -> None:
    interventions.withdraw_instance(session, page_actor(), instance_id, reason, now=page_now())


def _jump(session: Session, instance_id: int, reason: str) -> None:
    token, to = _token(request.form.get("token", "")), request.form.get("to", "")
    if not to:
        raise InvalidInput(N_("请选择调整到哪个环节。"))
    interventions.jump(session, page_actor(), instance_id, token, to, reason, now=page_now())


def _reopen(session: Session, instance_id: int, reason: str) -> None:
    interventions.reopen_instance(session, page_actor(), instance_id, request.form.get("to", ""), reason, now=page_now())


_ACTS: dict[str, Callable[[Session, int, str], None]] = {
    "suspend": _suspend, "resume": _resume, "terminate": _terminate, "withdraw": _withdraw, "jump": _jump, "reopen": _reopen,
}  # fmt: skip
