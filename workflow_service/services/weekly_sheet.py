"""The weekly ledger (周调度台账) as xlsx: a row a plan with what its unit reported, and the units that did not."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from workflow_service.documents.sheets import Cell, Sheet, SheetColumn, Shown, write_xlsx
from workflow_service.i18n import _

from .context import Actor
from .weekly import EVERYTHING, ReportedPlan, WeeklyFilter, WeeklyLedger, weekly_ledger


def weekly_xlsx(
    session: Session, actor: Actor, day: date, *, area_path: str = "", wanted: WeeklyFilter = EVERYTHING, now: datetime
) -> bytes:  # fmt: skip
    """Give all rows of a filter of the week that `day` lies in as a file with two sheets; raises Forbidden."""
    found = weekly_ledger(session, actor, day, area_path=area_path, wanted=wanted, now=now)
    title, note = _("周调度台账"), _note(found)
    lines = Sheet(title, title, _columns(), (_cells(one) for one in found.plans), now, note)
    late = Sheet(
        _("未报送单位"), _("未按时报送的单位"), (SheetColumn(_("单位"), 40),), ((name,) for name in found.late), now, note
    )
    return write_xlsx(lines, late)


def _note(found: WeeklyLedger) -> str:
    total = found.comparison.now
    return _(
        "%(first)s至%(last)s，目录 %(total)d 项，已印发 %(issued)d 项，逾期 %(overdue)d 项",
        first=found.first, last=found.last, total=total.total, issued=total.issued, overdue=total.overdue,
    )  # fmt: skip


def _columns() -> tuple[SheetColumn, ...]:
    return (
        SheetColumn(_("规划名称"), 36), SheetColumn(_("规划代码"), 24), SheetColumn(_("牵头单位"), 20),
        SheetColumn(_("阶段"), 10), SheetColumn(_("应印发日期"), 12, Shown.DAY), SheetColumn(_("时限状态"), 18),
        SheetColumn(_("办理人"), 20), SheetColumn(_("本周进展"), 40), SheetColumn(_("存在问题"), 30),
        SheetColumn(_("下周安排"), 30), SheetColumn(_("报送时间"), 18, Shown.MOMENT),
    )  # fmt: skip


def _cells(one: ReportedPlan) -> tuple[Cell, ...]:
    line = one.line
    return (
        line.title, line.code, line.unit_name, line.stage.label, line.due_on, str(line.light.words) if line.light else "",
        line.holder, one.progress, one.problems, one.next_steps, one.reported_at,
    )  # fmt: skip
