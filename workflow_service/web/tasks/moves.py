"""Everything that happened in a run, told in sentences in the order of time (动态): tasks that came and went, and events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from workflow_service.i18n import N_, _
from workflow_service.services import events, recipients
from workflow_service.store.instance_view import Step
from workflow_service.store.operations import TaskEvent

from ..operation_words import OPERATIONS, operation_word
from ..words import outcome_word

SENTENCES = {
    "returned": N_("%(by)s把“%(task)s”退回“%(name)s”"),
    "retrieved": N_("%(by)s取回“%(task)s”"),
    "opened": N_("%(by)s打开“%(task)s”"),
    "urged": N_("%(by)s催办“%(task)s”"),
    "passed_over": N_("“%(task)s”有人已不在岗，不再请其办理"),
    "add_signers": N_("%(by)s为“%(task)s”增加一方：%(to)s"),
    "remove_signer": N_("%(by)s为“%(task)s”减签"),
    "withdrawn": N_("%(by)s撤件"),
    "terminated": N_("%(by)s终止流程"),
    "jumped": N_("%(by)s调整环节"),
    "reopened": N_("%(by)s重办流程"),
    "claimed": N_("%(by)s签收“%(task)s”"),
    "unclaimed": N_("%(by)s放回“%(task)s”"),
    "suspend": N_("%(by)s暂停流程"),
    "resume": N_("%(by)s恢复流程"),
    "escalated": N_("%(by)s把“%(task)s”报%(to)s"),
    "extension_asked": N_("%(by)s申请“%(task)s”延期"),
    "extension_granted": N_("%(by)s同意“%(task)s”延期"),
    "extension_refused": N_("%(by)s不同意“%(task)s”延期"),
    "circulated": N_("%(by)s送阅"),
    "copy_failed": N_("“%(task)s”的抄送未能送出"),
    "instructed": N_("%(by)s批示"),
    "proposed": N_("%(by)s拟办“%(task)s”"),
    "handed_over": N_("“%(task)s”随工作移交换人办理"),
    "unit_merged": N_("“%(task)s”随机构调整由%(unit)s转到%(heir)s"),
    "timed_out": N_("“%(task)s”办理超时"),
    "timeout_transfer": N_("“%(task)s”超时，转上级办理"),
    "passed_on": N_("“%(task)s”与上一环节同一人，自动通过"),
    "entered_for": N_("%(by)s代录结果"),
}
QUIET = ("opened",)


@dataclass(frozen=True)
class Move:
    """One thing that happened: when, in a sentence, and the words that were given with it."""

    at: datetime
    text: str
    words: str = ""
    points: tuple[str, ...] = ()
    done: bool = True


def moves_of(session: Session, instance_id: int, steps: Iterable[Step]) -> Sequence[Move]:
    """Give what happened in a run, the latest first."""
    found = [_event(session, *one) for one in events.events_of(session, instance_id) if one[0].kind not in QUIET]
    found += [move for step in steps for move in _step(step)]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _step(step: Step) -> Iterable[Move]:
    task = step.task
    who = step.person or step.unit
    if task.status == "completed" and task.ended_at is not None and task.outcome != "returned":
        result = outcome_word(task)
        values = {"by": who or _("系统"), "task": task.name, "result": result}
        text = _("%(by)s办结“%(task)s”：%(result)s", **values) if result else _("%(by)s办结“%(task)s”", **values)
        yield Move(task.ended_at, text, task.opinion)
    elif task.status == "open":
        yield Move(task.created_at, _("“%(task)s”待%(who)s办理", task=task.name, who=who or _("岗位人员")), done=False)


def _event(session: Session, event: TaskEvent, by: str, task: str) -> Move:
    data: Mapping[str, Any] = event.data
    values = {"by": by, "task": task, "name": data.get("name", ""), "what": operation_word(event.kind)}
    values |= {"unit": data.get("unit", ""), "heir": data.get("heir", "")}
    values["to"] = _("、").join(recipients.name_of(session, one) for one in _people(data)) or "—"
    if event.kind in SENTENCES:
        text = _(SENTENCES[event.kind], **values)
    elif event.kind in OPERATIONS and _people(data):
        text = _("%(by)s%(what)s“%(task)s”：%(to)s", **values)
    else:
        text = _("%(by)s%(what)s“%(task)s”", **values)
    return Move(event.at, text, event.reason, tuple(str(one) for one in data.get("points", ())))


def _people(data: Mapping[str, Any]) -> list[str]:
    to = str(data.get("to", ""))
    return [str(one) for one in data.get("people", ())] if isinstance(data.get("people"), list) else [to] if ":" in to else []
