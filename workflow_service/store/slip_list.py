"""Notice slips as lists show them, with whether they were signed for and answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, false, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from .acting import NoticeSlipRow
from .operations import CirculationReader
from .people import User

COUNT_LIMIT = 1000


@dataclass(frozen=True)
class SlipFilter:
    """What to show: slips of the supervised `areas` (None: all), and those that went to the `holders` or `unit_ids`.

    `state`: waiting (an answer is wanted and has not come), late (and its day is over on `today`), answered, unsigned.
    """

    areas: tuple[str, ...] | None
    unit_ids: Collection[int] = ()
    holders: Collection[str] = ()
    state: str = ""
    text: str = ""
    plan_id: int | None = None
    today: date = date.min


@dataclass(frozen=True)
class SlipRow:
    """One slip, who issued it and when its unit signed for it."""

    slip: NoticeSlipRow
    sender: str
    signed_at: datetime | None
    signed_by: str


def rows(session: Session, wanted: SlipFilter, *, after: int | None = None, limit: int | None = 50) -> list[SlipRow]:
    """Give the slips of a filter, the latest first, before the id `after`."""
    statement = _shown().where(*_conditions(wanted)).order_by(NoticeSlipRow.id.desc())
    if after is not None:
        statement = statement.where(NoticeSlipRow.id < after)
    found = session.execute(statement if limit is None else statement.limit(limit))
    return [SlipRow(*one) for one in found]


def row_of(session: Session, slip_id: int) -> SlipRow:
    """Give one slip with its names."""
    return SlipRow(*session.execute(_shown().where(NoticeSlipRow.id == slip_id)).one())


def count(session: Session, wanted: SlipFilter) -> int:
    """Tell how many slips a filter gives, exact to 1,000; 1,001 means more."""
    inner = select(NoticeSlipRow.id).outerjoin(CirculationReader, _is_of_unit()).where(*_conditions(wanted))
    return session.scalar(select(func.count()).select_from(inner.limit(COUNT_LIMIT + 1).subquery())) or 0


def _is_of_unit() -> ColumnElement[bool]:
    same = CirculationReader.circulation_id == NoticeSlipRow.circulation_id
    return same & (CirculationReader.holder == NoticeSlipRow.holder)


def _shown() -> Any:
    sender = select(User.name).where(User.id == NoticeSlipRow.sent_by).scalar_subquery()
    signer = select(User.name).where(User.id == CirculationReader.read_by).scalar_subquery()
    names = func.coalesce(sender, ""), CirculationReader.read_at, func.coalesce(signer, "")
    return select(NoticeSlipRow, *names).outerjoin(CirculationReader, _is_of_unit())


def _conditions(wanted: SlipFilter) -> Sequence[ColumnElement[bool]]:
    slip = NoticeSlipRow
    conditions = [_in_sight(wanted)]
    silent = slip.answer_wanted & slip.answered_at.is_(None)
    if wanted.state == "waiting":
        conditions.append(silent)
    elif wanted.state == "late":
        conditions += [silent, slip.until < wanted.today]
    elif wanted.state == "answered":
        conditions.append(slip.answered_at.is_not(None))
    elif wanted.state == "unsigned":
        conditions.append(CirculationReader.read_at.is_(None))
    if wanted.text:
        parts = (slip.matter, slip.number, slip.unit_name)
        conditions.append(or_(*[one.icontains(wanted.text, autoescape=True) for one in parts]))
    if wanted.plan_id is not None:
        conditions.append(slip.plan_id == wanted.plan_id)
    return conditions


def _in_sight(wanted: SlipFilter) -> ColumnElement[bool]:
    if wanted.areas is None:
        return true()
    supervised = [NoticeSlipRow.area_path.startswith(one, autoescape=True) for one in wanted.areas]
    reader = aliased(CirculationReader)
    same = reader.circulation_id == NoticeSlipRow.circulation_id
    got = exists().where(same, reader.holder.in_(list(wanted.holders)))
    own = or_(NoticeSlipRow.unit_id.in_(list(wanted.unit_ids)), NoticeSlipRow.organ_unit_id.in_(list(wanted.unit_ids)))
    return or_(false(), *supervised, own, got)
