"""Ledger, bulletins and notices as the interface shows them. Rates are per cent with one decimal, null without plans."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from workflow_service.domain.supervision import Figures
from workflow_service.services import ledger

from .plan_shapes import Category, Importance, Level, Stage, Tier
from .shapes import CountedPage, Given, GivenDay, Id, Moment, Page, PageQuery, Shown

Light = Literal["green", "amber", "red", "black", "grey"]
AREA = "area path such as /330000/330200/; that area and all below it"


class FiguresQuery(Given):
    """Which day's figures, of which area."""

    as_of: GivenDay | None = Field(None, description="end of this day; today by default")
    area: str = Field("", max_length=60, pattern="^(/([0-9]+/)+)?$", description=AREA)


class LedgerQuery(PageQuery, FiguresQuery):
    """Which rows of the ledger."""

    q: str = Field("", max_length=60)
    unit: str = Field("", max_length=40, description="code of the lead unit")
    stage: Stage | None = None
    importance: Importance | None = None
    level: Level | None = None
    tier: Tier | None = None
    category: Category | None = None
    light: Light | None = None
    state: Literal["issued", "in_progress", "filed", "overdue"] | None = None


class LedgerLineShown(Shown):
    """One plan of the ledger; `light` is that of the whole plan, `days_late` counts working days."""

    plan_id: int
    code: str
    title: str
    unit: str
    unit_name: str
    category: str
    level: str
    tier: str
    importance: str
    stage: str
    registered_on: date
    due_on: date | None
    issued_on: date | None
    document_number: str
    light: str | None
    light_words: str
    days_late: int
    waiting: bool
    holder: str
    step: str
    task_id: int | None
    step_due_at: Moment | None
    last_action: str
    last_action_at: Moment | None
    report: str
    reported_at: Moment | None


class LedgerPage(CountedPage[LedgerLineShown]):
    """One page of the ledger at the end of `as_of`."""

    as_of: date


class Counted(Shown):
    """Plans in the catalogue, of those issued, of those overdue, and the completion rate."""

    total: int
    issued: int
    overdue: int
    rate: float | None


class UnitCounted(Counted):
    """The same for one lead unit, with its place in the ranking."""

    unit: str
    name: str
    place: int


class FiguresShown(Shown):
    """The figures of an area at the end of a day."""

    as_of: date
    total: Counted
    key_plans: Counted
    filed: int
    stages: dict[str, int]
    levels: dict[str, Counted]
    tiers: dict[str, Counted]
    importances: dict[str, Counted]
    categories: dict[str, Counted]
    units: list[UnitCounted]


class SeriesPointShown(Shown):
    """Plans issued, and due, up to and with a day."""

    day: date
    issued: int
    due: int


class BoardShown(Shown):
    """What supervisors see first."""

    figures: FiguresShown
    before: FiguresShown
    soon: int
    waiting: int
    overdue: list[LedgerLineShown]
    series: list[SeriesPointShown]


class BulletinQuery(PageQuery):
    """How much of the list is wanted."""


class BulletinLine(Shown):
    """One ten-day bulletin, about all plans of a government or about a part of them."""

    id: int
    area: str
    period: str
    scope: str = Field(description="empty: all plans; unit:<code>: those that a unit leads; route:<key>: those on a route")
    scope_name: str = Field(description="name of the unit or route")
    status: str
    form: Literal["briefing", "circular"] = Field(description="briefing 简报, circular 通报; a draft has the one that is set")
    year: int | None
    number: int | None
    document_number: str | None = Field(description="as it stands on the paper: 2026年第3期, or 浙发改通报〔2026〕3号")
    figures_at: Moment
    released_at: Moment | None


class BulletinShown(BulletinLine):
    """One bulletin with its figures and text."""

    figures: dict[str, Any]
    text: str
    asks: list[dict[str, Any]]
    followed: dict[str, Any] | None
    process_instance_id: int | None = Field(validation_alias="instance_id")


class Bulletins(Page[BulletinLine]):
    """One page of bulletins, the newest first."""


class NoticeQuery(PageQuery):
    """Which of my notices."""

    unread: bool = False


class NoticeShown(Shown):
    """One message to me."""

    id: int
    kind: str
    subject: str
    body: dict[str, Any]
    link: str
    created_at: Moment
    read_at: Moment | None


class Notices(Page[NoticeShown]):
    """One page of my notices, the newest first."""


class MarkedRead(Shown):
    """How many notices were unread."""

    read: int


class ReminderGiven(Given):
    """Which task to push, and why."""

    task_id: Id
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Reminded(Shown):
    """How many people got a notice."""

    notices: int


def figures_shown(found: ledger.LedgerFigures) -> FiguresShown:
    """Give the figures, units in the order of the ranking."""
    units = [
        UnitCounted(**_numbers(one.figures), unit=one.unit, name=found.unit_names.get(one.unit, ""), place=one.place)
        for one in found.ranking
    ]
    return FiguresShown(
        as_of=found.day, total=counted(found.total), key_plans=counted(found.key), filed=found.filed,
        stages={stage.value: number for stage, number in found.stages.items()}, levels=_by(found.levels),
        tiers=_by(found.tiers), importances=_by(found.importances), categories=_by(found.categories), units=units,
    )  # fmt: skip


def counted(figures: Figures) -> Counted:
    """Give one set of figures."""
    return Counted(**_numbers(figures))


def line_shown(line: ledger.LedgerLine) -> LedgerLineShown:
    """Give one row."""
    plain = {name: getattr(line, name) for name in LedgerLineShown.model_fields if name not in ("light", "light_words")}
    plain |= {name: str(plain[name].value) for name in ("category", "level", "tier", "importance", "stage")}
    light = line.light
    return LedgerLineShown(
        **plain, light=light.light.value if light else None, light_words=str(light.words) if light else ""
    )


def series_shown(series: Iterable[ledger.SeriesPoint]) -> list[SeriesPointShown]:
    """Give the series."""
    return [SeriesPointShown(day=one.day, issued=one.issued, due=one.due) for one in series]


def _numbers(figures: Figures) -> dict[str, Any]:
    rate = float(figures.rate) if figures.rate is not None else None
    return {"total": figures.total, "issued": figures.issued, "overdue": figures.overdue, "rate": rate}


def _by(found: Any) -> dict[str, Counted]:
    return {key.value: counted(figures) for key, figures in found.items()}
