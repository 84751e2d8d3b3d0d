"""What is late beside whole plans: stages and tasks, with who holds them (docs/domain.md §3.3, §3.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import Reading, read_light
from workflow_service.store import board_queries, ledger_queries
from workflow_service.store import late_queries as queries

from .ledger_lines import AsOf, LedgerLine, held_then, holder_of, lines_of
from .lights import measure_at

Areas = tuple[str, ...] | None


@dataclass(frozen=True)
class LateTask:
    """A task past its due moment; `days_late` in working days (0: less than one)."""

    task_id: int
    plan_id: int | None
    title: str
    name: str
    stage: str
    unit_name: str
    holder: str
    due_at: datetime
    days_late: int
    light: Reading


def late_stages(session: Session, areas: Areas, at: AsOf, units: tuple[str, ...], limit: int) -> Iterator[LedgerLine]:
    """Give the plans on their way in time that are in a stage past its due moment, the longest first."""
    ids = list(dict.fromkeys(queries.late_stages(session, areas, units, at.until, limit)))
    rows = ledger_queries.state_at(session, at.asked, ledger_queries.Wanted(plan_ids=tuple(sorted(ids))))
    lines = {line.plan_id: line for line in lines_of(session, ledger_queries.page(session, rows, after=None, limit=None), at)}
    for plan_id in ids:
        line = lines.get(plan_id)
        if line is not None and not line.overdue and line.stage_light is not None and line.stage_light.is_late:
            yield line


def late_tasks(session: Session, areas: Areas, at: AsOf, limit: int, *, counted: int) -> tuple[list[LateTask], int]:
    """Give the tasks past their due moment, the longest overdue first, up to `limit`, and how many there are, up to `counted`."""
    rows, count = queries.late_tasks(session, areas, at.until, limit, counted=counted)
    return list(_lines(session, rows, at)), count


def _lines(session: Session, rows: Sequence[Any], at: AsOf) -> Iterator[LateTask]:
    ids = [row.id for row in rows]
    held, units, measure = held_then(session, ids, at), _units_then(session, ids, at), measure_at(session, at.until)
    for row in rows:
        reading = read_light(row.due_at, at.last_moment, *measure)
        assert reading is not None
        yield LateTask(
            task_id=row.id, plan_id=row.plan_id, title=row.title, name=row.name, stage=row.stage,
            unit_name=units.get(row.id, row.unit_name or ""), holder=held.get(row.id, holder_of(row)), due_at=row.due_at,
            days_late=-reading.working_days_left, light=reading,
        )  # fmt: skip


def _units_then(session: Session, task_ids: Sequence[int], at: AsOf) -> dict[int, str]:
    """The units that answered for those tasks at the moment for which others did later."""
    moved = board_queries.former_holders(session, task_ids, at.until)
    former = {task_id: was["unit"] for task_id, was in moved.items() if was["unit"]}
    _people, units = board_queries.names_of(session, (), set(former.values()), at.until) if former else ({}, {})
    return {task_id: units[unit] for task_id, unit in former.items() if unit in units}
