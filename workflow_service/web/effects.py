"""What an operation would do, in the words of the diagram: shown before anybody does it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from workflow_service.i18n import _
from workflow_service.services.moves import Effect
from workflow_service.services.programs import program_of
from workflow_service.store.runtime import ProcessInstance


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
    ]
    for join in effect.joins:
        key = join.process_key
        if join.missing:
            values = {"arrived": listed(join.arrived, key) or "—", "missing": listed(join.missing, key)}
            lines.append((_("汇聚等待"), _("%(missing)s（已到：%(arrived)s）", **values)))
    return Told(tuple((head, text) for head, text in lines if text), not effect.ends)


def _ending(name: str, holders: tuple[str, ...]) -> str:
    return _("“%(name)s”（%(who)s）", name=name, who=_("、").join(holders)) if holders else f"“{name}”"
