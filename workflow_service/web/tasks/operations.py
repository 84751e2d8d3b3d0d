"""What can be done with a task beside finishing it: each operation is a page of its own, shown as a sheet by the task's page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from workflow_service.domain.approvals import Resubmission
from workflow_service.domain.errors import Conflict, InvalidInput, TongchouError
from workflow_service.domain.rounds import Relation, RoundMode
from workflow_service.i18n import N_, _
from workflow_service.services import (
    candidates,
    handing_out,
    navigation,
    rounds,
    taking_out,
    tasks,
    transfers,
)
from workflow_service.services.handing_out import HandOut
from workflow_service.services.navigation import ReturnAsked
from workflow_service.services.recipients import Asked
from workflow_service.services.rounds import RoundAsked
from workflow_service.services.transfers import TransferAsked
from workflow_service.store import inbox
from workflow_service.store.runtime import ProcessInstance, Task

from ..current import is_htmx, page_actor, page_now, page_session, transaction
from ..effects import Told, in_one_line, told_or_refused
from ..formats import deadline_settings
from ..once import repeated_answer
from ..operation_words import operation_word
from ..rights import require

OPERATIONS = ("return", "transfer", "reassign", "delegate", "sign", "assign", "consult")
WITHIN_UNIT = ("transfer", "reassign", "assign")
"""Operations whose new handler is of the task's unit, or another unit's registry."""
ONE = ("transfer", "reassign", "delegate")
ACTIONS = {"return": "task.return", "transfer": "task.transfer", "reassign": "task.reassign", "assign": "task.transfer"}
"""The rights that operations need where `task.work` is not enough."""
EXPLAINED = {
    "return": N_("退回后由对方重新办理；一次写清全部需要补正的事项。"),
    "transfer": N_("转出后由对方办理，不再回到您这里；转其他单位时转到其收发岗位。"),
    "reassign": N_("不论由谁签收，任务改由所选人员办理；原办理人会收到通知。"),
    "delegate": N_("对方办完后交回给您，您看过结果再提交。"),
    "sign": N_("请其他人员也签署意见；有不同意的，任务交回给您。"),
    "assign": N_("分给一位主办和几位协办；协办可以各有时限。不选主办的，仍由您主办。"),
    "consult": N_("只是询问，任务不动；对方的答复显示在本页。"),
}


def connect(blueprint: Blueprint) -> None:
    """Give the room of tasks its operations."""
    rule = blueprint.add_url_rule
    address = f"/<int:task_id>/<any({', '.join(OPERATIONS)}):operation>"
    rule(address, "operation", show)
    rule(address, "operate", operate, methods=["POST"])
    rule("/<int:task_id>/return/effect", "return_effect", return_effect)
    rule("/<int:task_id>/people", "people", people)
    rule("/<int:task_id>/opened", "opened", opened, methods=["POST"])
    rule("/<int:task_id>/retrieve", "retrieve", retrieve, methods=["POST"])
    rule("/<int:task_id>/remove-signer", "remove_signer", remove_signer, methods=["POST"])


@dataclass(frozen=True)
class Given:
    """What stands in the form of an operation."""

    holders: Sequence[str] = ()
    lead: Sequence[str] = ()
    dues: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    points: Sequence[str] = ()
    to: str = ""
    resubmission: str = ""
    position: str = "before"
    mode: str = "parallel"
    with_draft: bool = False
    typed: str = ""

    @classmethod
    def read(cls, values: Any) -> Given:
        """Read the form, or the address, of this request."""
        lines = (line.strip() for line in values.get("points", "").splitlines())
        return cls(
            holders=values.getlist("holder"), lead=values.getlist("lead"), reason=values.get("reason", "").strip(),
            dues={name[4:]: text for name, text in values.items() if name.startswith("due.") and text},
            points=[line for line in lines if line], to=values.get("to", ""), resubmission=values.get("resubmission", ""),
            position=values.get("position", "before"), mode=values.get("mode", "parallel"),
            with_draft=bool(values.get("with_draft")), typed=values.get("q", "")[:60],
        )  # fmt: skip

    @property
    def asked(self) -> list[Asked]:
        """The people chosen, in order, each asked until the close of his day."""
        return [Asked(one, _close_of(self.dues.get(one, ""))) for one in self.holders]

    @property
    def one(self) -> str:
        """The one person or post chosen. Raises InvalidInput."""
        if len(self.holders) != 1:
            raise InvalidInput(N_("请选择一位办理人。"))
        return self.holders[0]


def _close_of(day: str) -> Any:
    try:
        return deadline_settings().close_of(date.fromisoformat(day)) if day else None
    except ValueError as error:
        raise InvalidInput(N_("请选择日期。")) from error


def show(task_id: int, operation: str) -> ResponseReturnValue:
    """The form of an operation: a page of its own, or the part of it that the task's page opens as a sheet."""
    task, row = _workable(task_id, operation)
    return _page(operation, task, row, Given.read(request.args))


def _workable(task_id: int, operation: str) -> tuple[Task, ProcessInstance]:
    task, row = tasks.visible_task(page_session(), page_actor(), task_id)
    require(ACTIONS.get(operation, "task.work"), tasks.asked_thing(page_session(), page_actor(), task))
    return task, row


def _page(
    operation: str, task: Task, row: ProcessInstance, given: Given, problem: TongchouError | None = None
) -> ResponseReturnValue:
    template = "tasks/operations/form.html" if is_htmx() else "tasks/operations/page.html"
    found = candidates.candidates(
        page_session(), page_actor(), task, given.typed, within_unit=operation in WITHIN_UNIT, now=page_now()
    )
    html = render_template(
        template, operation=operation, task=task, given=given, problem=problem.message if problem else "",
        explained=_(EXPLAINED[operation]), one=operation in ONE, found=found,
        chosen=candidates.named(page_session(), given.holders), lead=candidates.named(page_session(), given.lead),
        lead_waits=handing_out.lead_waits(page_session(), task) if operation == "assign" else True,
        **(_return_parts(task, row, given) if operation == "return" else {}),
    )  # fmt: skip
    return html, problem.status if problem else 200


def _return_parts(task: Task, row: ProcessInstance, given: Given) -> dict[str, Any]:
    session, actor = page_session(), page_actor()
    targets = navigation.return_options(session, actor, task, row, now=page_now())
    ways = navigation.resubmissions(session, actor, task, row, now=page_now()) if targets else []
    to = given.to or (targets[0].element_id if targets else "")
    return {"targets": targets, "ways": [one.value for one in ways], "to": to, "effect": _effect(task, row, given, to)}


def _effect(task: Task, row: ProcessInstance, given: Given, to: str) -> Told | None:
    """What the return would do, in words; the refusal where it would be refused; nothing without a target."""
    if not to:
        return None
    wanted = Resubmission(given.resubmission) if given.resubmission in list(Resubmission) else None
    asked = ReturnAsked(to, "", (), wanted)
    with transaction() as session:
        return told_or_refused(
            session, row, lambda: navigation.effect_of_return(session, page_actor(), task.id, asked, now=page_now())
        )


def return_effect(task_id: int) -> ResponseReturnValue:
    """What a return to the chosen step would do."""
    task, row = _workable(task_id, "return")
    given = Given.read(request.args)
    return render_template("tasks/operations/effect.html", effect=_effect(task, row, given, given.to))


def people(task_id: int) -> ResponseReturnValue:
    """Whom one may choose, for the field in which somebody types."""
    task, _row = tasks.visible_task(page_session(), page_actor(), task_id)
    operation = request.args.get("as", "")
    found = candidates.candidates(
        page_session(), page_actor(), task, request.args.get("q", "")[:60], within_unit=operation in WITHIN_UNIT, now=page_now()
    )
    return render_template(
        "tasks/operations/found.html", found=found, one=operation in ONE, operation=operation, kept=set(), given=Given()
    )


def operate(task_id: int, operation: str) -> ResponseReturnValue:
    """Carry an operation out, or show its form again with what was typed and why it was refused."""
    task, row = _workable(task_id, operation)
    given = Given.read(request.form)
    if request.form.get("look"):
        return _page(operation, task, row, given)
    try:
        with transaction() as session:
            if not repeated_answer(session, f"web.task.{operation}", page_actor().user_id):
                _ACTS[operation](session, task_id, given)
    except (InvalidInput, Conflict) as error:
        page_session().expire_all()
        return _page(operation, task, row, given, error)
    flash(_("已%(what)s：“%(name)s”。", what=operation_word(operation), name=task.name))
    stays = operation in ("consult", "sign", "assign", "delegate")
    return redirect(url_for("tasks.show", task_id=task_id) if stays else url_for("tasks.inbox"))


def _return(session: Session, task_id: int, given: Given) -> None:
    wanted = Resubmission(given.resubmission) if given.resubmission in list(Resubmission) else None
    asked = ReturnAsked(given.to, given.reason, given.points, wanted)
    navigation.return_task(session, page_actor(), task_id, asked, now=page_now())


def _transfer(session: Session, task_id: int, given: Given) -> None:
    asked = TransferAsked(given.one, given.reason, given.with_draft)
    transfers.transfer_task(session, page_actor(), task_id, asked, now=page_now())


def _reassign(session: Session, task_id: int, given: Given) -> None:
    transfers.reassign_task(session, page_actor(), task_id, TransferAsked(given.one, given.reason), now=page_now())


def _delegate(session: Session, task_id: int, given: Given) -> None:
    given.one  # noqa: B018 - asks for exactly one
    _begin(session, task_id, given, Relation.DELEGATE)


def _sign(session: Session, task_id: int, given: Given) -> None:
    known = {one.value: one for one in (Relation.BEFORE, Relation.AFTER, Relation.TOGETHER)}
    if given.position not in known:
        raise InvalidInput(N_("请选择加签的位置。"))
    _begin(session, task_id, given, known[given.position])


def _consult(session: Session, task_id: int, given: Given) -> None:
    if not given.reason:
        raise InvalidInput(N_("请写明要问什么。"))
    _begin(session, task_id, given, Relation.CONSULT)


def _begin(session: Session, task_id: int, given: Given, relation: Relation) -> None:
    mode = RoundMode(given.mode) if given.mode in list(RoundMode) else RoundMode.PARALLEL
    rounds.begin_round(session, page_actor(), task_id, RoundAsked(relation, given.asked, mode, given.reason), now=page_now())


def _assign(session: Session, task_id: int, given: Given) -> None:
    if len(given.lead) > 1:
        raise InvalidInput(N_("主办只能选一位。"))
    asked = HandOut("".join(given.lead), given.asked, given.reason)
    handing_out.hand_out(session, page_actor(), task_id, asked, now=page_now())


_ACTS: dict[str, Callable[[Session, int, Given], None]] = {
    "return": _return, "transfer": _transfer, "reassign": _reassign, "delegate": _delegate, "sign": _sign,
    "assign": _assign, "consult": _consult,
}  # fmt: skip


def opened(task_id: int) -> ResponseReturnValue:
    """The page says that it lies before somebody's eyes; a list or a prefetch does not."""
    with transaction() as session:
        tasks.visible_task(session, page_actor(), task_id)
        tasks.note_opened(session, page_actor(), task_id, now=page_now())
    return "", 204


def retrieve(task_id: int) -> ResponseReturnValue:
    """Take a task that one finished back."""
    with transaction() as session:
        tasks.visible_task(session, page_actor(), task_id)
        task = navigation.retrieve_task(session, page_actor(), task_id, now=page_now())
    flash(_("已%(what)s“%(name)s”，请在待办里重新办理。", what=operation_word("retrieve"), name=task.name))
    return redirect(url_for("tasks.inbox"))


def retrieve_effect(task: Task, row: ProcessInstance) -> str:
    """What taking a finished task back would do, in one sentence; empty where the reader may not."""
    session, actor = page_session(), page_actor()
    if not navigation.may_retrieve(session, actor, task, row, now=page_now()):
        return ""
    with transaction() as trying:
        found = in_one_line(
            told_or_refused(trying, row, lambda: navigation.effect_of_retrieve(trying, actor, task.id, now=page_now()))
        )
    return _("%(effect)s。后面的人还没有打开；任务回到您的待办，内容还在。", effect=found)


def retrievable(shown: Sequence[Task]) -> dict[int, str]:
    """Those of the finished tasks that the reader may take back now, each with what that would do; only what still lies
    unopened is asked of the engine.
    """
    session, found = page_session(), dict[int, str]()
    for task_id in inbox.just_passed_on(session, [one.id for one in shown]):
        task = session.get_one(Task, task_id)
        row = session.get_one(ProcessInstance, task.instance_id)
        if effect := retrieve_effect(task, row):
            found[task_id] = effect
    return found


def remove_signer(task_id: int) -> ResponseReturnValue:
    """Take out somebody who was asked and has not acted; back to the task on whose behalf he was."""
    with transaction() as session:
        taking_out.remove_signer(session, page_actor(), task_id, now=page_now())
    flash(_("已%(what)s。", what=operation_word("remove_signer")))
    back = request.form.get("back", "")
    return redirect(url_for("tasks.show", task_id=int(back)) if back.isdecimal() else url_for("tasks.inbox"))
