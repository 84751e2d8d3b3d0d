"""Lists of instances, and what each of them did and waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, not_, or_, select
from sqlalchemy.orm import Session

from workflow_service.domain.drawing import INSERTED

from .runtime import Activity, ProcessInstance, Task


@dataclass(frozen=True)
class InstanceFilter:
    """Which instances. `areas` limits them to what the reader may see (None = everything); his own are added."""

    areas: tuple[str, ...] | None
    user_id: int | None
    status: str = ""
    key: str = ""
    business_key: str = ""
    plan_id: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter as SQL conditions on ProcessInstance."""
        found: list[ColumnElement[bool]] = []
        if self.areas is not None:
            below = [ProcessInstance.area_path.startswith(area, autoescape=True) for area in self.areas]
            found.append(or_(ProcessInstance.started_by == self.user_id, *below))
        for column, value in (
            (ProcessInstance.status, self.status),
            (ProcessInstance.definition_key, self.key),
            (ProcessInstance.business_key, self.business_key),
        ):
            if value:
                found.append(column == value)
        if self.plan_id is not None:
            found.append(ProcessInstance.plan_id == self.plan_id)
        return found


def instance_page(
    session: Session, wanted: InstanceFilter, *, after: int | None = None, limit: int = 50
) -> Sequence[ProcessInstance]:
    """One page of instances, the newest first, before the id `after`."""
    statement = select(ProcessInstance).where(*wanted.conditions()).order_by(ProcessInstance.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(ProcessInstance.id < after)
    return session.scalars(statement).all()


def activity_page(
    session: Session, instance_id: int, *, after: int | None = None, limit: int | None = 50
) -> Sequence[Activity]:
    """What ran in an instance of what was drawn, in order, after the sequence number `after`."""
    drawn = not_(Activity.element_id.startswith(INSERTED, autoescape=True))
    statement = select(Activity).where(Activity.instance_id == instance_id, drawn).order_by(Activity.seq).limit(limit)
    if after is not None:
        statement = statement.where(Activity.seq > after)
    return session.scalars(statement).all()


def tasks_of(session: Session, instance_id: int) -> Sequence[Task]:
    """All tasks of an instance in the order in which they arose."""
    return session.scalars(select(Task).where(Task.instance_id == instance_id).order_by(Task.id)).all()
