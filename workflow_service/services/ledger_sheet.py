"""The ledger as xlsx: exactly the rows of a filter, and the figures they add up to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy.orm import Session

from workflow_service.documents.sheets import Cell, Sheet, SheetColumn, Shown, write_xlsx
from workflow_service.domain.supervision import Figures
from workflow_service.i18n import _

from .context import Actor
from .ledger import AsOf, LedgerFigures, LedgerFilter, LedgerLine, figures_for, ledger_rows


def ledger_xlsx(
    session: Session, actor: Actor, filters: LedgerFilter | None = None, *, as_of: date | datetime, now: datetime
) -> bytes:
    """Give the filtered ledger of a moment as a file with two sheets; `now` is when it was written."""
    rows = ledger_rows(session, actor, filters, as_of=as_of, limit=None).rows
    totals = figures_for(session, actor, filters, as_of=as_of)
    day = AsOf.of(as_of).day
    note = _("截至 %(day)s，共 %(count)d 项", day=day, count=len(rows))
    lines = Sheet(_("台账"), _("规划编制台账"), _columns(), (_cells(row) for row in rows), now, note)
    sums = Sheet(_("汇总"), _("规划编制汇总"), _sum_columns(), _sums(totals), now, note)
    return write_xlsx(lines, sums)


def _columns() -> tuple[SheetColumn, ...]:
    return (
        SheetColumn(_("规划名称"), 36), SheetColumn(_("规划代码"), 24), SheetColumn(_("牵头单位"), 20),
        SheetColumn(_("层级"), 8), SheetColumn(_("类别"), 10), SheetColumn(_("审批方式"), 14), SheetColumn(_("管理类别"), 10),
        SheetColumn(_("阶段"), 10), SheetColumn(_("阶段时限"), 18, Shown.MOMENT),
        SheetColumn(_("应印发日期"), 12, Shown.DAY), SheetColumn(_("印发日期"), 12, Shown.DAY),
        SheetColumn(_("文号"), 22), SheetColumn(_("时限状态"), 18), SheetColumn(_("逾期工作日"), 10, Shown.NUMBER),
        SheetColumn(_("当前环节"), 20), SheetColumn(_("办理人"), 20), SheetColumn(_("最近办理"), 28),
        SheetColumn(_("办理时间"), 18, Shown.MOMENT), SheetColumn(_("最近报送"), 36),
        SheetColumn(_("报送时间"), 18, Shown.MOMENT),
    )  # fmt: skip


def _cells(row: LedgerLine) -> tuple[Cell, ...]:
    return (
        row.title, row.code, row.unit_name, row.level.label, row.category.label, row.tier.label, row.importance.label,
        row.stage.label, row.stage_due_at,
        row.due_on, row.issued_on, row.document_number, str(row.light.words) if row.light else "",
        row.days_late if row.overdue else None, row.step, row.holder, row.last_action, row.last_action_at,
        row.report, row.reported_at,
    )  # fmt: skip


def _sum_columns() -> tuple[SheetColumn, ...]:
    numbers = (_("目录数"), _("已印发"), _("逾期"))
    return (
        SheetColumn(_("分组"), 24),
        *(SheetColumn(head, 10, Shown.NUMBER) for head in numbers),
        SheetColumn(_("完成率"), 10, Shown.PERCENT),
    )


def _sums(found: LedgerFigures) -> Iterator[tuple[Cell, ...]]:
    yield _sum(_("合计"), found.total)
    for groups in (found.importances, found.tiers, found.levels, found.categories):
        for kind, figures in groups.items():
            yield _sum(kind.label, figures)
    for one in found.ranking:
        yield _sum(found.unit_names[one.unit], one.figures)


def _sum(label: str, figures: Figures) -> tuple[Cell, ...]:
    return label, figures.total, figures.issued, figures.overdue, figures.rate
