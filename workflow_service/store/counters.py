"""Counters of the plans in the catalogue, for the supervisors' board; `plan_counts` writes and reads them.

Triggers on `plan` append to `plan_count_entry` in the transaction that changes a plan; a job adds the entries up into the
other tables, for each area and every area above it (`''` is everything), so that no command waits for another's counter.
"""

from datetime import date

from sqlalchemy import Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Key

AREA_ABOVE = "regexp_replace(area_path, '[^/]+/$', '')"
"""SQL: the path of the area right above that of a row."""


class PlanCountDay(Base):
    """The days that `plan_count` is added up for: `today`, and `period`, the last day of the former ten-day period."""

    __tablename__ = "plan_count_day"
    name: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date]


class PlanCountEntry(Base):
    """A plan entered the catalogue with these facts (`number` 1) or no longer has them (-1), and is not added up yet.

    `stands`: its clock stands still, so that it is not overdue whatever its date.
    """

    __tablename__ = "plan_count_entry"
    id: Mapped[Key]
    area_path: Mapped[str]
    lead_unit_id: Mapped[int]
    level: Mapped[str]
    tier: Mapped[str]
    importance: Mapped[str]
    category: Mapped[str]
    stage: Mapped[str]
    registered_on: Mapped[date]
    due_on: Mapped[date | None]
    issued_on: Mapped[date | None]
    filed: Mapped[bool]
    stands: Mapped[bool]
    number: Mapped[int] = mapped_column(Integer)


class PlanCount(Base):
    """How many plans of one kind an area has, with those below it, at the end of a day of `plan_count_day`."""

    __tablename__ = "plan_count"
    __table_args__ = (Index("ix_plan_count_above", "name", text(AREA_ABOVE)),)
    name: Mapped[str] = mapped_column(primary_key=True)
    area_path: Mapped[str] = mapped_column(primary_key=True)
    lead_unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    level: Mapped[str] = mapped_column(primary_key=True)
    tier: Mapped[str] = mapped_column(primary_key=True)
    importance: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(primary_key=True)
    total: Mapped[int] = mapped_column(Integer)
    issued: Mapped[int] = mapped_column(Integer)
    overdue: Mapped[int] = mapped_column(Integer)
    filed: Mapped[int] = mapped_column(Integer)


class PlanDayCount(Base):
    """How many plans an area has, with those below it, that are due on a day, and that were first issued on it."""

    __tablename__ = "plan_day_count"
    area_path: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    due: Mapped[int] = mapped_column(Integer)
    issued: Mapped[int] = mapped_column(Integer)


class PlanCountPast(Base):
    """The figures of an area, with those below it, at the end of a past ten-day period, as the ledger of that day tells them.

    `kind`: all, level, tier, importance, category, or unit, whose rows stand at the area of its plans alone; `value` is one of
    the kind's, or a unit's code. A row of everything (`''`) says that the day has been counted.
    """

    __tablename__ = "plan_count_past"
    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    area_path: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    total: Mapped[int] = mapped_column(Integer)
    issued: Mapped[int] = mapped_column(Integer)
    overdue: Mapped[int] = mapped_column(Integer)
