"""What an operation would do, in the words of the diagram: shown before anybody does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from workflow_service.domain.errors import TongchouError
from workflow_service.i18n import _
from workflow_service.services.moves import Effect, MovedDate
from workflow_service.services.programs import program_of
from workflow_service.store.runtime import ProcessInstance

from .formats import day, moment


@dataclass(frozen=True)
class Told:
    """The lines of an effect, each a heading and what stands after it; `harmless` where no open task of others ends.

    `refused`: why the operation would not be carried out at all.
    """

    lines: tuple[tuple[str, str], ...] = ()
    harmless: bool = True
    refused: str = ""


def told(session: Session, row: ProcessInstance, effect: Effect) -> Told:
    """Put an effect into words; elements are named as the diagram names them."""
    program = program_of(session, row.definition_id).program
    names = {
        (key, element_id): element["name"] or element_id
        for key, process in program.processes.items()
        for element_id, element in process["elements"].items()
    }
    by_id = {element_id: name for (_key, element_id), name in names.items()}

    def listed(ids: tuple[str, ...], key: str = "") -> str:
        return _("、").join(f"“{names.get((key, one)) or by_id.get(one, one)}”" for one in ids)

    lines = [
        (_("将结束"), _("；").join(_ending(one.name, one.holders) for one in effect.ends)),
        (_("将重新办理"), _("、").join(f"“{one}”" for one in effect.begins)),
        (_("之后还要再办"), _("、").join(f"“{one}”" for one in effect.undone)),
        (_("系统将再处理"), _("、").join(f"“{one}”" for one in effect.services)),
        (_("视为已办"), listed(tuple(one.source for one in effect.assumed))),
        *_clock_lines(effect),
        *_back_lines(effect),
    ]
    for join in effect.joins:
        key = join.process_key
        if join.missing:
            values = {"arrived": listed(join.arrived, key) or "—", "missing": listed(join.missing, key)}
            lines.append((_("汇聚等待"), _("%(missing)s（已到：%(arrived)s）", **values)))
    return Told(tuple((head, text) for head, text in lines if text), not effect.ends)


def _clock_lines(effect: Effect) -> list[tuple[str, str]]:
    until = [(_ending(one.name, one.holders), one.due_at) for one in effect.stands]
    timers = _("；").join(_("“%(name)s” %(when)s", name=one.name, when=moment(one.due_at)) for one in effect.timers)
    return [
        (_("停止计时"), _("；").join(_until(what, due) for what, due in until)),
        (_("时限顺延"), _("；").join(_moved(one) for one in effect.moved)),
        (_("将触发的定时") if effect.moved else _("定时"), timers),
    ]


def _until(what: str, due_at: datetime | None) -> str:
    return _("%(what)s，现时限 %(day)s", what=what, day=day(due_at)) if due_at is not None else what


def _moved(one: MovedDate) -> str:
    values = {"name": one.name, "before": day(one.before), "after": day(one.after), "days": one.working_days}
    return _("“%(name)s” %(before)s → %(after)s（%(days)s 个工作日）", **values)


def _back_lines(effect: Effect) -> list[tuple[str, str]]:
    back, join = effect.comes_back, _("、").join
    drafts = list(dict.fromkeys(who for one in back for who in one.drafts))
    asked = list(dict.fromkeys(who for one in back for who in one.asked))
    return [
        (_("回到"), _("；").join(_ending(one.name, one.holders) for one in back)),
        (_("恢复暂存"), join(drafts)),
        (_("重新征求"), join(asked)),
        (_("退出议程"), join(_agenda(one) for one in effect.leaves)),
        (_("重回议程"), join(_agenda(one) for one in effect.rejoins)),
    ]


def _agenda(title: str) -> str:
    return f"“{title}”" if title else _("待上会")


def told_or_refused(session: Session, row: ProcessInstance, find: Callable[[], Effect]) -> Told:
    """The effect in words, or why the operation would be refused."""
    try:
        return told(session, row, find())
    except TongchouError as error:
        return Told(refused=error.message)


def in_one_line(found: Told) -> str:
    """An effect as one sentence, for a question that is asked before acting."""
    if found.refused:
        return found.refused
    return _("。").join(_("%(head)s：%(text)s", head=head, text=text) for head, text in found.lines)


def _ending(name: str, holders: tuple[str, ...]) -> str:
    return _("“%(name)s”（%(who)s）", name=name, who=_("、").join(holders)) if holders else f"“{name}”"
