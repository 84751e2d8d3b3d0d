"""The approval slip (处理笺) of a run: on its pages, on paper, and as pdf.

Leaders' instructions and what leading posts said stand apart, by rank; everything else follows in the order of the steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from workflow_service.documents.approval_slip import ApprovalSlip, SlipEntry, slip_html, slip_pdf
from workflow_service.documents.pdf import pdf_available
from workflow_service.i18n import SOURCE_LANGUAGE, _, use_language
from workflow_service.services import processes
from workflow_service.services.instructions import Instruction
from workflow_service.services.slip_words import body_behind, words_of
from workflow_service.store import instance_view, plan_list
from workflow_service.store.instance_view import Step
from workflow_service.store.operations import TaskEvent
from workflow_service.store.runtime import ProcessInstance

from ..answers import answers_of
from ..current import page_actor, page_now, page_session
from ..downloads import download
from ..formats import local, task_light
from ..words import outcome_word, word


def connect(blueprint: Blueprint) -> None:
    """Give the room of runs the slip on paper."""
    blueprint.add_url_rule("/<int:instance_id>/slip", "slip", slip)
    blueprint.add_url_rule("/<int:instance_id>/slip.pdf", "slip_file", slip_file)


@dataclass(frozen=True)
class PageSlip:
    """What the pages draw below the instructions: what leading posts said, by rank, then the other steps."""

    leaders: Sequence[Step]
    steps: Sequence[Step]


def page_slip(instance_id: int) -> PageSlip:
    """The slip of a run as the pages show it."""
    session = page_session()
    steps = instance_view.steps_of(session, instance_id)
    said = [step for step in steps if step.rank is not None and step.task.status == "completed"]
    rest = [step for step in steps if step not in said]
    return PageSlip(sorted(said, key=lambda step: step.rank or 0), rest)


def mark_of(step: Step) -> str:
    """For which body an office entered here what that body decided; empty where it did not."""
    body = body_behind(page_session(), step.task) if step.task.status == "completed" else ""
    return _("代录：%(body)s", body=body) if body else ""


def slip(instance_id: int) -> ResponseReturnValue:
    """The slip as it goes on paper, with a way to print it where no pdf can be made."""
    row = processes.visible_instance(page_session(), page_actor(), instance_id)
    paper = _paper(row)
    drawn = {"paper": slip_html(paper), "subject": paper.subject, "pdf": pdf_available()}
    return render_template("instances/slip.html", instance=row, **drawn)


def slip_file(instance_id: int) -> Response:
    """The slip as pdf; raises PdfUnavailable with what to install."""
    row = processes.visible_instance(page_session(), page_actor(), instance_id)
    paper = _paper(row)
    return download(slip_pdf(paper).content, f"{paper.title}-{paper.subject}.pdf", inline=True)


def _paper(row: ProcessInstance) -> ApprovalSlip:
    """The slip as a document, which is Chinese whatever the reader's language, like all official papers."""
    with use_language(SOURCE_LANGUAGE):
        return _in_chinese(row)


def _in_chinese(row: ProcessInstance) -> ApprovalSlip:
    plan = plan_list.plan_by_id(page_session(), row.plan_id) if row.plan_id else None
    found, said, now = page_slip(row.id), words_of(page_session(), row.id), local(page_now())
    facts = [(_("流程"), row.definition.name), (_("状态"), word(row.status, "instance_status"))]
    if plan is not None:
        facts = [
            (_("规划代码"), plan.code or _("未赋码")), (_("编制单位"), plan.lead_unit.name),
            (_("重要程度"), word(plan.importance, "importance")), (_("类别"), word(plan.category, "category")), *facts,
        ]  # fmt: skip
    facts += [(_("发起时间"), f"{local(row.started_at):%Y-%m-%d %H:%M}")]
    facts += [(_("办结时间"), f"{local(row.ended_at):%Y-%m-%d %H:%M}" if row.ended_at else _("办理中"))]
    return ApprovalSlip(
        title=_("公文处理笺"), subject=plan.title if plan else row.definition.name, facts=facts,
        instructions=[*map(_instruction, said.instructions), *map(_entry, found.leaders)],
        entries=[*map(_proposal, said.proposals), *map(_entry, found.steps), *map(_entered, said.entered)],
        printed_by=page_actor().name, printed_at=now,
    )  # fmt: skip


def _instruction(one: Instruction) -> SlipEntry:
    unit = " ".join(filter(None, (one.unit, one.post)))
    return SlipEntry(_("批示"), unit, one.leader, local(one.event.at), opinion=one.event.reason)


def _proposal(row: tuple[TaskEvent, str]) -> SlipEntry:
    event, person = row
    return SlipEntry(_("拟办意见"), "", person, local(event.at), opinion=event.reason)


def _entered(row: tuple[TaskEvent, str]) -> SlipEntry:
    """A result that an office entered for the body that decided, with its minutes."""
    event, person = row
    body, minutes = str(event.data.get("body", "")), str(event.data.get("minutes") or "")
    result = word(event.data.get("result"), "meeting_result")
    return SlipEntry(body, str(event.data.get("office", "")), person, local(event.at), result, minutes, mark=_("代录"))


def _entry(step: Step) -> SlipEntry:
    task = step.task
    if task.status != "completed" or task.ended_at is None:
        waits = task_light(task.due_at, task.waiting, task.paused_for).words
        return SlipEntry(task.name, step.unit, step.person, None, outcome=f"{_('办理中')} · {waits}")
    mark = _("代%(name)s", name=step.for_whom) if step.for_whom else mark_of(step)
    return SlipEntry(
        task.name, step.unit, step.person, local(task.ended_at), outcome=outcome_word(task) if task.outcome else "",
        opinion=task.opinion or ("" if task.outcome else _("已办理")), answers=tuple(answers_of(task)), mark=mark,
    )  # fmt: skip
