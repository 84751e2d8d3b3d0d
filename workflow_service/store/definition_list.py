"""What is deployed: the newest version of everything, all versions of one, uploads, and what still runs on what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session, defer, joinedload

from .definitions import DecisionDefinition, Deployment, FormDefinition, ProcessDefinition, Resource
from .people import User
from .runtime import ProcessInstance

OPEN = ("active", "suspended")


@dataclass(frozen=True)
class DefinitionRow:
    """The newest version of a process and how many runs are open on it and on older versions."""

    definition: ProcessDefinition
    running: int
    running_on_older: int


def latest_processes(session: Session) -> list[DefinitionRow]:
    """The newest version of each process by key."""
    newest = select(ProcessDefinition.key, func.max(ProcessDefinition.version).label("version")).group_by(
        ProcessDefinition.key
    )
    top = newest.subquery()
    found = session.scalars(
        select(ProcessDefinition)
        .join(top, (top.c.key == ProcessDefinition.key) & (top.c.version == ProcessDefinition.version))
        .options(joinedload(ProcessDefinition.deployment))
        .order_by(ProcessDefinition.key)
    ).all()
    running = running_by_version(session, [row.key for row in found])
    return [DefinitionRow(row, running.get((row.key, row.version), 0), _older(running, row)) for row in found]


def _older(running: dict[tuple[str, int], int], row: ProcessDefinition) -> int:
    return sum(count for (key, version), count in running.items() if key == row.key and version < row.version)


def running_by_version(session: Session, keys: Collection[str]) -> dict[tuple[str, int], int]:
    """How many open runs each version of these processes has."""
    rows = session.execute(
        select(ProcessDefinition.key, ProcessDefinition.version, func.count())
        .join(ProcessInstance, ProcessInstance.definition_id == ProcessDefinition.id)
        .where(ProcessDefinition.key.in_(list(keys)), ProcessInstance.status.in_(OPEN))
        .group_by(ProcessDefinition.key, ProcessDefinition.version)
    )
    return {(key, version): count for key, version, count in rows}


def versions_of(session: Session, key: str) -> Sequence[tuple[ProcessDefinition, str]]:
    """Every version of a process, the newest first, with who deployed it."""
    rows = session.execute(
        select(ProcessDefinition, func.coalesce(User.name, ""))
        .join(Deployment, Deployment.id == ProcessDefinition.deployment_id)
        .outerjoin(User, User.id == Deployment.deployed_by)
        .where(ProcessDefinition.key == key)
        .order_by(ProcessDefinition.version.desc())
    )
    return [(definition, name) for definition, name in rows]


def definition_by_id(session: Session, definition_id: int) -> ProcessDefinition | None:
    """One version with its file."""
    return session.get(ProcessDefinition, definition_id, options=[joinedload(ProcessDefinition.resource)])


def latest_decisions(session: Session) -> Sequence[DecisionDefinition]:
    """The newest version of each decision table."""
    newest = select(func.max(DecisionDefinition.id)).group_by(DecisionDefinition.key)
    return session.scalars(
        select(DecisionDefinition).where(DecisionDefinition.id.in_(newest)).order_by(DecisionDefinition.key)
    ).all()


def decision_by_id(session: Session, decision_id: int) -> DecisionDefinition | None:
    """One version of a table with its file."""
    return session.get(DecisionDefinition, decision_id, options=[joinedload(DecisionDefinition.resource)])


def latest_forms(session: Session) -> Sequence[FormDefinition]:
    """The newest version of each form."""
    newest = select(func.max(FormDefinition.id)).group_by(FormDefinition.key)
    return session.scalars(
        select(FormDefinition).where(FormDefinition.id.in_(newest)).order_by(FormDefinition.key)
    ).all()


def deployments(
    session: Session, *, after: int | None = None, limit: int = 50
) -> list[tuple[Deployment, str, int]]:
    """Uploads, the newest first, before the id `after`, with who sent them and how many files."""
    files = select(func.count(Resource.id)).where(Resource.deployment_id == Deployment.id).scalar_subquery()
    statement = (
        select(Deployment, func.coalesce(User.name, ""), files)
        .outerjoin(User, User.id == Deployment.deployed_by)
        .order_by(Deployment.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Deployment.id < after)
    return [(row, name, count) for row, name, count in session.execute(statement)]


def deployment_by_id(session: Session, deployment_id: int) -> Deployment | None:
    """One upload."""
    return session.get(Deployment, deployment_id)


def resources_of(session: Session, deployment_id: int) -> Sequence[Resource]:
    """The files of one upload, without their content."""
    return session.scalars(_files().where(Resource.deployment_id == deployment_id)).all()


def _files() -> Select[Resource]:
    return select(Resource).options(defer(Resource.content)).order_by(Resource.name)


def resource_by_id(session: Session, resource_id: int) -> Resource | None:
    """One file with its content."""
    return session.get(Resource, resource_id)


def definitions_of(session: Session, deployment_id: int) -> Sequence[ProcessDefinition]:
    """The process definitions that came of one upload, by key."""
    statement = select(ProcessDefinition).where(ProcessDefinition.deployment_id == deployment_id)
    return session.scalars(statement.order_by(ProcessDefinition.key)).all()


def names_of(
    session: Session, parts: Mapping[str, Sequence[tuple[str, int]]]
) -> dict[tuple[str, str, int], str | dict[str, Any]]:
    """The names of versions (key, version) by kind: of a process (""), a table ("table"); of a form ("form") its schema."""
    columns: dict[str, tuple[Any, Any, Any]] = {
        "": (ProcessDefinition.key, ProcessDefinition.version, ProcessDefinition.name),
        "table": (DecisionDefinition.key, DecisionDefinition.version, DecisionDefinition.name),
        "form": (FormDefinition.key, FormDefinition.version, FormDefinition.form_schema),
    }
    found: dict[tuple[str, str, int], str | dict[str, Any]] = {}
    for kind, (key, version, name) in columns.items():
        wanted = tuple_(key, version).in_([tuple(part) for part in parts.get(kind, ())])
        rows = session.execute(select(key, version, name).where(wanted))
        found |= {(kind, row[0], row[1]): row[2] for row in rows}
    return found
