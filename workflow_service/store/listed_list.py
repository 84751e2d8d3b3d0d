"""The list of matters under listed supervision: pages of it, counts, one matter's course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from workflow_service.domain.divisions import paths_down_to

from .acting import ListedMatter, ListedNote
from .former_names import person_name_at, unit_name_at
from .people import Unit, User
from .plans import Plan
from .runtime import ProcessInstance, Task

COUNT_LIMIT = 1000
ENDED = ("terminated", "withdrawn")
_responsible, _lister, _confirmer = aliased(User), aliased(User), aliased(User)


@dataclass(frozen=True)
class ListedFilter:
    """What to show. `state`: open (asked ones too), asked, struck_off or withdrawn; `late` those whose day is over on `today`.

    `areas` are the paths below which everything is seen; `within` the paths of one's own governments, whose lists and those
    above are seen too (None: no limit).
    """

    areas: tuple[str, ...] | None
    within: tuple[str, ...] = ()
    state: str = ""
    unit: str = ""
    area: str = ""
    text: str = ""
    plan_id: int | None = None
    late: bool = False
    today: date = date.min


@dataclass(frozen=True)
class ListedRow:
    """One matter with the names that a list shows; `state` is open, asked, struck_off, or withdrawn where its run was ended."""

    matter: ListedMatter
    unit: Unit
    responsible: str
    lister: str
    confirmer: str
    plan_title: str
    state: str
    last_note: str


def on_the_list() -> Select[Any]:
    """Matters that are not struck off and whose run was not ended."""
    return _joined().where(ListedMatter.status != "struck_off", _runs())


def rows(
    session: Session, wanted: ListedFilter, *, after: int | None = None, limit: int | None = 50
) -> list[ListedRow]:
    """Give the matters of a filter, the latest first, before the id `after`."""
    statement = _filtered(_shown(), wanted).order_by(ListedMatter.id.desc())
    if after is not None:
        statement = statement.where(ListedMatter.id < after)
    found = session.execute(statement if limit is None else statement.limit(limit)).all()
    return [_row(one) for one in found]


def row_of(session: Session, matter_id: int) -> ListedRow:
    """Give one matter with its names."""
    return _row(session.execute(_shown().where(ListedMatter.id == matter_id)).one())


def count(session: Session, wanted: ListedFilter) -> int:
    """Tell how many matters a filter gives, exact to 1,000; 1,001 means more."""
    inner = _filtered(_joined().with_only_columns(ListedMatter.id), wanted).limit(COUNT_LIMIT + 1).subquery()
    return session.scalar(select(func.count()).select_from(inner)) or 0


def notes_of(session: Session, matter_id: int) -> Sequence[tuple[ListedNote, str, str]]:
    """Give the course of a matter in order, each entry with person and unit as they were called then."""
    person, unit = person_name_at(ListedNote.at), unit_name_at(ListedNote.at, short=True)
    statement = (
        select(ListedNote, func.coalesce(person, ""), func.coalesce(unit, ""))
        .outerjoin(User, User.id == ListedNote.by_id)
        .outerjoin(Unit, Unit.id == ListedNote.unit_id)
        .where(ListedNote.matter_id == matter_id)
        .order_by(ListedNote.id)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(statement)]


def units_on_the_list(session: Session, wanted: ListedFilter) -> list[tuple[str, str]]:
    """Give the units that answer for matters in sight, as (code, name)."""
    statement = _filtered(_joined().with_only_columns(Unit.code, Unit.name), wanted).distinct()
    return [(row[0], row[1]) for row in session.execute(statement.order_by(Unit.name))]


def _joined() -> Select[Any]:
    return (
        select(ListedMatter)
        .join(Unit, Unit.id == ListedMatter.unit_id)
        .outerjoin(ProcessInstance, ProcessInstance.id == ListedMatter.instance_id)
    )


def _shown() -> Any:
    last = (
        select(ListedNote.text)
        .where(ListedNote.matter_id == ListedMatter.id)
        .order_by(ListedNote.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    names = [func.coalesce(one.name, "") for one in (_responsible, _lister, _confirmer)]
    return (
        _joined()
        .outerjoin(_responsible, _responsible.id == ListedMatter.responsible_id)
        .outerjoin(_lister, _lister.id == ListedMatter.listed_by)
        .outerjoin(_confirmer, _confirmer.id == ListedMatter.struck_off_by)
        .outerjoin(Plan, Plan.id == ListedMatter.plan_id)
        .with_only_columns(
            ListedMatter, Unit, *names, func.coalesce(Plan.title, ""), ProcessInstance.status, last
        )
    )


def _row(one: Any) -> ListedRow:
    matter, unit, responsible, lister, confirmer, plan_title, status, last = one
    state = "withdrawn" if matter.status != "struck_off" and status in ENDED else matter.status
    return ListedRow(matter, unit, responsible, lister, confirmer, plan_title, state, last or "")


def _runs() -> ColumnElement[bool]:
    return or_(ProcessInstance.id.is_(None), ProcessInstance.status.not_in(ENDED))


def _filtered(statement: Any, wanted: ListedFilter) -> Any:
    conditions = [_in_sight(wanted)]
    if wanted.state in ("open", "asked"):
        conditions.append(
            and_(
                _runs(), ListedMatter.status.in_(("open", "asked") if wanted.state == "open" else ("asked",))
            )
        )
    elif wanted.state == "struck_off":
        conditions.append(ListedMatter.status == "struck_off")
    elif wanted.state == "withdrawn":
        conditions.append(and_(ListedMatter.status != "struck_off", ProcessInstance.status.in_(ENDED)))
    if wanted.unit:
        conditions.append(Unit.code == wanted.unit)
    if wanted.area:
        conditions.append(ListedMatter.area_path.startswith(wanted.area, autoescape=True))
    if wanted.text:
        conditions.append(ListedMatter.title.icontains(wanted.text, autoescape=True))
    if wanted.plan_id is not None:
        conditions.append(ListedMatter.plan_id == wanted.plan_id)
    if wanted.late:
        conditions.append(
            and_(_runs(), ListedMatter.status != "struck_off", ListedMatter.due_on < wanted.today)
        )
    return statement.where(*conditions)


def _in_sight(wanted: ListedFilter) -> ColumnElement[bool]:
    if wanted.areas is None:
        return ListedMatter.id.is_not(None)
    below = [ListedMatter.area_path.startswith(one, autoescape=True) for one in wanted.areas]
    above = ListedMatter.area_path.in_({path for one in wanted.within for path in paths_down_to(one)})
    return or_(false(), *below, above)


def open_tasks(session: Session, instance_id: int | None) -> Sequence[Task]:
    """Give what lies before somebody in a matter's run."""
    wanted = select(Task).where(Task.instance_id == instance_id, Task.status == "open", Task.round_id.is_(None))
    return session.scalars(wanted.order_by(Task.id)).all()


def of_plan(session: Session, plan_id: int) -> Sequence[ListedMatter]:
    """Give the matters about a plan that are on the list, the latest first."""
    statement = on_the_list().where(ListedMatter.plan_id == plan_id).order_by(ListedMatter.id.desc())
    return session.scalars(statement).all()
