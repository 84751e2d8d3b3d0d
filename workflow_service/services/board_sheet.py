"""The board as xlsx: what its page shows of one place and day, a sheet a part, in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from workflow_service.documents.sheets import Cell, Sheet, SheetColumn, Shown, write_xlsx
from workflow_service.domain.supervision import Figures
from workflow_service.i18n import _

from .board import Overview, named_lines

NUMBERS = 10


def board_xlsx(found: Overview, *, now: datetime) -> bytes:
    """Give the board as a file; `now` is when it was written."""
    place = found.unit_name or (found.trail[-1][0] if found.trail else _("全部"))
    note = _("%(place)s，截至 %(day)s", place=place, day=found.board.as_of.day)
    sheets = [
        Sheet(_("完成率"), _("完成率"), _columns(_("分组")), _rates(found), now, note),
        Sheet(_("单位"), _("单位排名"), _columns(_("单位")), _units(found), now, note),
        Sheet(_("逾期规划"), _("逾期规划"), _late_columns(), _late(found), now, note),
        *_late_parts(found, now, note),
        Sheet(_("走势"), _("各旬末完成率"), _trend_columns(found), _trend(found), now, note),
    ]
    if found.places:
        rows = (_line(one.name, one.figures, None) for one in found.places)
        sheets.insert(1, Sheet(_("下级地区"), _("下级地区"), _columns(_("地区")), rows, now, note))
    return write_xlsx(*sheets)


def _late_parts(found: Overview, now: datetime, note: str) -> Iterator[Sheet]:
    """Late stages and steps have a sheet where the page has a list."""
    if found.board.late_stages:
        yield Sheet(_("逾期阶段"), _("逾期阶段"), _stage_columns(), _stages(found), now, note)
    if found.board.late_tasks:
        yield Sheet(_("逾期环节"), _("逾期环节"), _task_columns(), _tasks(found), now, note)


def _columns(first: str) -> tuple[SheetColumn, ...]:
    return (
        SheetColumn(first, 28), SheetColumn(_("目录数"), NUMBERS, Shown.NUMBER), SheetColumn(_("已印发"), NUMBERS, Shown.NUMBER),
        SheetColumn(_("逾期"), NUMBERS, Shown.NUMBER), SheetColumn(_("完成率"), NUMBERS, Shown.PERCENT),
        SheetColumn(_("上旬末完成率"), 14, Shown.PERCENT),
    )  # fmt: skip


def _line(label: str, now: Figures, then: Figures | None) -> tuple[Cell, ...]:
    return label, now.total, now.issued, now.overdue, now.rate, then.rate if then else None


def _rates(found: Overview) -> Iterator[tuple[Cell, ...]]:
    figures, before = found.board.figures, found.board.before
    yield _line(_("合计"), figures.total, before.total)
    groups: tuple[tuple[Mapping[Any, Figures], Mapping[Any, Figures]], ...] = (
        (figures.levels, before.levels), (figures.tiers, before.tiers), (figures.importances, before.importances),
        (figures.categories, before.categories),
    )  # fmt: skip
    for now, then in groups:
        for kind, counted in now.items():
            yield _line(kind.label, counted, then.get(kind))


def _units(found: Overview) -> Iterator[tuple[Cell, ...]]:
    figures, before = found.board.figures, found.board.before
    for one in figures.ranking:
        yield _line(figures.unit_names.get(one.unit, one.unit), one.figures, before.units.get(one.unit))


def _late_columns() -> tuple[SheetColumn, ...]:
    return (
        SheetColumn(_("规划名称"), 36), SheetColumn(_("规划代码"), 24), SheetColumn(_("牵头单位"), 20),
        SheetColumn(_("阶段"), 10), SheetColumn(_("当前环节"), 20), SheetColumn(_("办理人"), 20),
        SheetColumn(_("应印发日期"), 12, Shown.DAY),
        SheetColumn(_("逾期工作日"), NUMBERS, Shown.NUMBER), SheetColumn(_("最近办理"), 28),
        SheetColumn(_("办理时间"), 18, Shown.MOMENT), SheetColumn(_("时限变动次数"), NUMBERS, Shown.NUMBER),
    )  # fmt: skip


def _late(found: Overview) -> Iterator[tuple[Cell, ...]]:
    for line in found.board.overdue:
        moves = len(found.moves.get(line.plan_id, ()))
        yield (
            line.title, line.code, line.unit_name, line.stage.label, line.step, line.holder, line.due_on, line.days_late,
            line.last_action, line.last_action_at, moves or None,
        )  # fmt: skip


def _stage_columns() -> tuple[SheetColumn, ...]:
    return (
        SheetColumn(_("规划名称"), 36), SheetColumn(_("规划代码"), 24), SheetColumn(_("牵头单位"), 20),
        SheetColumn(_("阶段"), 10), SheetColumn(_("当前环节"), 20), SheetColumn(_("办理人"), 20),
        SheetColumn(_("阶段时限"), 18, Shown.MOMENT), SheetColumn(_("时限状态"), 22),
        SheetColumn(_("时限变动次数"), NUMBERS, Shown.NUMBER),
    )  # fmt: skip


def _stages(found: Overview) -> Iterator[tuple[Cell, ...]]:
    for line in found.board.late_stages:
        yield (
            line.title, line.code, line.unit_name, (line.due_stage or line.stage).label, line.step, line.holder,
            line.stage_due_at,
            str(line.stage_light.words) if line.stage_light else "", len(found.moves.get(line.plan_id, ())) or None,
        )  # fmt: skip


def _task_columns() -> tuple[SheetColumn, ...]:
    return (
        SheetColumn(_("事项"), 36), SheetColumn(_("环节"), 20), SheetColumn(_("办理人"), 24),
        SheetColumn(_("环节到期"), 18, Shown.MOMENT), SheetColumn(_("时限状态"), 22),
    )  # fmt: skip


def _tasks(found: Overview) -> Iterator[tuple[Cell, ...]]:
    for task in found.board.late_tasks:
        yield task.title, task.name, task.holder, task.due_at, str(task.light.words)


def _trend_columns(found: Overview) -> tuple[SheetColumn, ...]:
    lines = (SheetColumn(name, 14, Shown.PERCENT) for name, _value, _now in named_lines(found))
    return (SheetColumn(_("旬末"), 12, Shown.DAY), *lines)


def _trend(found: Overview) -> Iterator[tuple[Cell, ...]]:
    values = [value for _name, value, _now in named_lines(found)]
    for day in found.trend.days:
        past = (found.trend.figures.get(value, {}).get(day) for value in values)
        yield (day, *(one.rate if one else None for one in past))

