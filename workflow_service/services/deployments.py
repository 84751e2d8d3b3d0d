"""Deployments: files in, immutable versions of processes, decision tables and forms out.

Everything a version calls is pinned into its bundle. So a new version of a called process, a table or a form gives every process
that uses it a new version as well; running instances stay on theirs. A file that did not change makes no new version.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from workflow_service.domain.errors import InvalidInput
from workflow_service.engine import compile as compiler
from workflow_service.engine.decisions import DecisionTable, check_table, read_decisions
from workflow_service.engine.diagram import Diagram
from workflow_service.engine.form_fields import fields_of
from workflow_service.engine.problems import ERROR, DefinitionRefused, Problem
from workflow_service.engine.read import read_diagram
from workflow_service.engine.variables import needed_inputs, results_of
from workflow_service.engine.verify import Surroundings, check
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store.definitions import (
    DecisionDefinition,
    Deployment,
    FormDefinition,
    ProcessDefinition,
    Resource,
)
from workflow_service.store.runtime import ProcessInstance

from . import audit, missing_deadlines, ownership, topics
from .context import Actor
from .form_schemas import read_form
from .ownership import Owners

MAX_FILES = 200
ALWAYS_PINNED = ("deadlines", "stage_deadlines")


class UploadRefused(DefinitionRefused):
    """Some files cannot be deployed, so none was; `by_file` has the findings of each."""

    def __init__(self, name: str, by_file: Mapping[str, list[Problem]]) -> None:
        super().__init__(name, [one for found in by_file.values() for one in found])
        self.by_file = by_file


@dataclass
class Upload:
    """Files of one deployment, read: diagrams and plain processes by key, tables and forms by key."""

    diagrams: dict[str, Diagram] = field(default_factory=dict)
    processes: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, DecisionTable] = field(default_factory=dict)
    forms: dict[str, dict[str, Any]] = field(default_factory=dict)
    file_of: dict[str, str] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)

    @property
    def keys(self) -> set[str]:
        """Name everything that comes with it, tables and forms with their prefix."""
        return set(self.processes) | {f"table {key}" for key in self.tables} | {f"form {key}" for key in self.forms}

    @property
    def errors(self) -> list[Problem]:
        """Give what keeps the upload from being deployed."""
        return [one for found in self.problems.values() for one in found if one.severity == ERROR]


@dataclass(frozen=True)
class Shelf:
    """The newest of everything, deployed or just uploaded: what a bundle is put together from, with version numbers."""

    processes: Mapping[str, dict[str, Any]]
    tables: Mapping[str, dict[str, Any]]
    forms: Mapping[str, dict[str, Any]]
    versions: Mapping[str, int]


def check_files(session: Session, actor: Actor, files: Mapping[str, bytes]) -> dict[str, list[Problem]]:
    """Read and check files as a deployment of this actor would; gives the problems by file name, warnings included."""
    upload = _read(session, files)
    for key, whose in ownership.not_own(session, actor, ownership.owners_of(session, actor), upload.keys).items():
        problem = Problem(ERROR, "not_own", ownership.NOT_OWN, values={"key": key.rpartition(" ")[2], "whose": whose})
        upload.problems[upload.file_of[key]].append(problem)
    return upload.problems


def deploy_files(
    session: Session, actor: Actor, name: str, files: Mapping[str, bytes], *, now: datetime, note: str = ""
) -> Deployment:
    """Deploy files together, or none of them; raises DefinitionRefused with every error, Forbidden (see `ownership`)."""
    policy.require(actor, "definition.deploy")
    upload = _read(session, files)
    if upload.errors:
        raise UploadRefused(name, upload.problems)
    owners = ownership.owners_of(session, actor)
    ownership.require_own(session, actor, owners, upload.keys)
    deployment = Deployment(name=name, deployed_at=now, deployed_by=actor.user_id, note=note)
    session.add(deployment)
    session.flush()
    resources = _store_resources(session, deployment, files)
    changed = _store_tables(session, upload, resources, owners, now)
    changed |= _store_forms(session, upload, resources, owners, now)
    renewed = _store_processes(session, deployment, upload, resources, owners, changed, now)
    ownership.require_own(session, actor, owners, renewed)  # what uses a changed part gets a new version too
    audit.record(
        session, actor, "deployment.create", f"deployment:{deployment.id}", _what(session, deployment, resources), now=now
    )
    return deployment


def _what(session: Session, deployment: Deployment, resources: Mapping[str, Resource]) -> dict[str, Any]:
    """What the record says of a deployment: the hash of each file, and of each bundle that came of it (`audit verify`)."""
    made = select(ProcessDefinition).where(ProcessDefinition.deployment_id == deployment.id).order_by(ProcessDefinition.key)
    bundles = {f"{one.key} {one.version}": audit.hash_of(one.bundle) for one in session.scalars(made)}
    return {"files": {name: one.sha256 for name, one in sorted(resources.items())}, "bundles": bundles}


def running_instances(session: Session, key: str) -> dict[int, int]:
    """Give how many instances run on each version of a process: what a new version leaves where it is."""
    statement = (
        select(ProcessDefinition.version, func.count())
        .join(ProcessInstance, ProcessInstance.definition_id == ProcessDefinition.id)
        .where(ProcessDefinition.key == key, ProcessInstance.status.in_(("active", "suspended")))
        .group_by(ProcessDefinition.version)
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def latest_definitions(session: Session) -> list[ProcessDefinition]:
    """Give the newest version of every process, by key."""
    statement = select(ProcessDefinition).ext(distinct_on(ProcessDefinition.key))
    return list(session.scalars(statement.order_by(ProcessDefinition.key, ProcessDefinition.version.desc())))


def called_by_others(session: Session) -> set[str]:
    """Name the processes that the newest version of another one calls; tables and forms stand among them with their prefix."""
    return {key for one in latest_definitions(session) for key in one.called}


def _read(session: Session, files: Mapping[str, bytes]) -> Upload:
    if not files or len(files) > MAX_FILES:
        raise InvalidInput(N_("请选择 1 到 %(n)s 个文件。"), n=MAX_FILES)
    upload = Upload()
    for name, content in sorted(files.items()):
        upload.problems[name] = []
        try:
            _read_file(upload, name, content)
        except DefinitionRefused as refused:
            upload.problems[name] += refused.problems
        except InvalidInput as error:
            upload.problems[name].append(Problem(ERROR, error.code, error.text, values=error.details))
    _check(session, upload)
    return upload


def _read_file(upload: Upload, name: str, content: bytes) -> None:
    kind = name.rsplit(".", 1)[-1].lower()
    if kind == "bpmn":
        diagram = read_diagram(content)
        for key, plain in compiler.compile_diagram(diagram).items():
            upload.diagrams[key], upload.processes[key], upload.file_of[key] = diagram, plain, name
    elif kind == "dmn":
        for table in read_decisions(content):
            upload.tables[table.id], upload.file_of[f"table {table.id}"] = table, name
            upload.problems[name] += check_table(table)
    elif kind == "json":
        key = name.rsplit("/", 1)[-1].removesuffix(".json")
        upload.forms[key], upload.file_of[f"form {key}"] = read_form(content), name
    else:
        raise InvalidInput(N_("文件“%(name)s”不是 .bpmn、.dmn 或表单 .json。"), name=name)


def _check(session: Session, upload: Upload) -> None:
    known = _shelf(session)
    around = Surroundings(
        forms=frozenset(known.forms) | frozenset(upload.forms),
        decisions=frozenset(known.tables) | frozenset(upload.tables),
        processes=frozenset(known.processes) | frozenset(upload.processes),
        topics=topics.known_topics(),
        fields={key: fields_of(schema) for key, schema in {**known.forms, **upload.forms}.items()},
        table_names={key: DecisionTable.from_plain(plain).names for key, plain in known.tables.items()}
        | {key: table.names for key, table in upload.tables.items()},
        inputs={key: needed_inputs(diagram.process(key)) for key, diagram in upload.diagrams.items()},
        results={key: results_of(diagram.process(key)) for key, diagram in upload.diagrams.items()},
    )
    seen: set[int] = set()
    for key, diagram in upload.diagrams.items():
        if id(diagram) not in seen:
            seen.add(id(diagram))
            upload.problems[upload.file_of[key]] += check(diagram, around)
    _check_deadlines(known, upload)


def _check_deadlines(known: Shelf, upload: Upload) -> None:
    """Warn of tasks without a deadline: of uploaded processes in their files, of all others in that of an uploaded table."""
    file, plain = upload.file_of.get(f"table {missing_deadlines.DEADLINES}"), known.tables.get(missing_deadlines.DEADLINES)
    table = upload.tables.get(missing_deadlines.DEADLINES)
    if table is None and plain is not None:
        table = DecisionTable.from_plain(plain)
    if table is None:
        return
    for key, process in {**(known.processes if file else {}), **upload.processes}.items():
        upload.problems[upload.file_of.get(key) or file or ""] += missing_deadlines.missing(key, process, table)


def _store_resources(
    session: Session, deployment: Deployment, files: Mapping[str, bytes]
) -> dict[str, Resource]:
    rows = {
        name: Resource(
            deployment_id=deployment.id,
            name=name,
            content=content,
            sha256=hashlib.sha256(content).hexdigest(),
        )
        for name, content in files.items()
    }
    session.add_all(rows.values())
    session.flush()
    return rows


def _store_tables(
    session: Session, upload: Upload, resources: Mapping[str, Resource], owners: Owners, now: datetime
) -> set[str]:
    changed: set[str] = set()
    latest = _latest(session, DecisionDefinition)
    for key, table in upload.tables.items():
        plain, before = table.to_plain(), latest.get(key)
        if before is not None and before.table == json.loads(json.dumps(plain)):
            continue
        changed.add(f"table {key}")
        session.add(
            DecisionDefinition(
                key=key, version=before.version + 1 if before else 1, name=table.name, table=plain, deployed_at=now,
                resource_id=resources[upload.file_of[f"table {key}"]].id, area_path=owners.of(f"table {key}"),
            )
        )  # fmt: skip
    session.flush()
    return changed


def _store_forms(
    session: Session, upload: Upload, resources: Mapping[str, Resource], owners: Owners, now: datetime
) -> set[str]:
    changed: set[str] = set()
    latest = _latest(session, FormDefinition)
    for key, schema in upload.forms.items():
        before = latest.get(key)
        if before is not None and before.form_schema == schema:
            continue
        changed.add(f"form {key}")
        session.add(
            FormDefinition(
                key=key, version=before.version + 1 if before else 1, form_schema=schema, deployed_at=now,
                resource_id=resources[upload.file_of[f"form {key}"]].id, area_path=owners.of(f"form {key}"),
            )
        )  # fmt: skip
    session.flush()
    return changed


def _store_processes(
    session: Session,
    deployment: Deployment,
    upload: Upload,
    resources: Mapping[str, Resource],
    owners: Owners,
    changed: set[str],
    now: datetime,
) -> list[str]:
    latest = _latest(session, ProcessDefinition)
    shelf = _shelf(session, upload)
    changed |= {key for key, plain in upload.processes.items() if _differs(latest.get(key), plain)}
    renewed = {key: parts for key in sorted(shelf.processes) if (parts := _parts(key, shelf)) & changed}
    versions = {**shelf.versions, **{key: latest[key].version + 1 if key in latest else 1 for key in renewed}}
    for key, parts in renewed.items():
        before = latest.get(key)
        file = upload.file_of.get(key)
        session.add(
            ProcessDefinition(
                key=key, version=versions[key], name=shelf.processes[key]["name"],
                deployment_id=deployment.id, resource_id=resources[file].id if file else before.resource_id,  # type: ignore[union-attr]
                bundle=_bundle(key, parts, shelf), deployed_at=now, area_path=owners.of(key),
                problems=[one.to_plain() for one in upload.problems.get(file or "", [])],
                called={one: versions[one] for one in sorted(parts - {key})},
            )
        )  # fmt: skip
    session.flush()
    return list(renewed)


def _differs(before: ProcessDefinition | None, plain: dict[str, Any]) -> bool:
    return before is None or before.bundle["processes"][before.key] != json.loads(json.dumps(plain))


def _parts(key: str, shelf: Shelf) -> set[str]:
    """Name everything a process needs, itself included: processes, and tables and forms with their prefix."""
    parts: set[str] = set()
    waiting = [key]
    while waiting:
        one = waiting.pop()
        if one in parts or one not in shelf.processes:
            continue
        parts.add(one)
        plain = shelf.processes[one]
        waiting += compiler.called_by(plain)
        parts |= {
            f"table {name}"
            for name in compiler.decisions_of(plain) | set(ALWAYS_PINNED)
            if name in shelf.tables
        }
        parts |= {f"form {name}" for name in compiler.forms_of(plain) if name in shelf.forms}
    return parts


def _bundle(key: str, parts: Iterable[str], shelf: Shelf) -> dict[str, Any]:
    kinds: dict[str, list[str]] = {"table": [], "form": [], "": []}
    for part in parts:
        kind, _, name = part.rpartition(" ")
        kinds[kind].append(name)
    return {
        "root": key,
        "processes": {name: shelf.processes[name] for name in kinds[""]},
        "decisions": {name: shelf.tables[name] for name in kinds["table"]},
        "forms": {name: shelf.forms[name] for name in kinds["form"]},
    }


def _shelf(session: Session, upload: Upload | None = None) -> Shelf:
    definitions = _latest(session, ProcessDefinition)
    tables, forms = _latest(session, DecisionDefinition), _latest(session, FormDefinition)
    versions = {key: one.version for key, one in definitions.items()}
    versions |= {f"table {key}": one.version for key, one in tables.items()}
    versions |= {f"form {key}": one.version for key, one in forms.items()}
    return Shelf(
        {key: one.bundle["processes"][key] for key, one in definitions.items()}
        | (upload.processes if upload else {}),
        {key: one.table for key, one in tables.items()},
        {key: one.form_schema for key, one in forms.items()},
        versions,
    )


def _latest(session: Session, table: Any) -> dict[str, Any]:
    statement = select(table).ext(distinct_on(table.key)).order_by(table.key, table.version.desc())
    return {one.key: one for one in session.scalars(statement)}
