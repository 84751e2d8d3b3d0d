"""What service tests share: a small government, a deployed process, and commands in one word."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from tests.engine import xml_drawing
from tests.people import NOW, SYSTEM, Structure, actor_of, build_structure
from workflow_service.services import deployments, processes, tasks
from workflow_service.services.context import Actor
from workflow_service.store.database import Database
from workflow_service.store.runtime import Activity, Incident, ProcessInstance, Task, TaskHolder, Timer

FORM: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "outcome": {"type": "string", "title": "结果", "oneOf": [{"const": "agree"}, {"const": "return"}]},
        "opinion": {"type": "string", "title": "意见", "maxLength": 200},
    },
    "required": ["outcome"],
    "additionalProperties": False,
}
AGREE = {"outcome": "agree", "opinion": "同意。"}


def user_task(key: str, group: str = "jb.energy:handler", more: str = "", inner: str = "") -> str:
    """A user task with a form and a group, as XML."""
    attributes = f'id="{key}" name="{key}" camunda:formKey="answer" camunda:candidateGroups="{group}" {more}'
    return f"<userTask {attributes}>{inner}</userTask>"


@dataclass
class House:
    """A migrated database with units, people and whatever was deployed."""

    database: Database
    structure: Structure
    now: datetime = NOW
    actors: dict[str, Actor] = field(default_factory=dict)

    @classmethod
    def build(cls, database: Database) -> "House":
        with database.transaction() as session:
            structure = build_structure(session)
        return cls(database, structure)

    def actor(self, username: str) -> Actor:
        if username not in self.actors:
            with self.database.transaction() as session:
                self.actors[username] = actor_of(session, username)
        return self.actors[username]

    def deploy(self, *diagrams: bytes, files: Mapping[str, bytes] | None = None) -> None:
        named = {f"{number}.bpmn": diagram for number, diagram in enumerate(diagrams)}
        named |= {"answer.json": json.dumps(FORM).encode(), **(files or {})}
        with self.database.transaction() as session:
            deployments.deploy_files(session, SYSTEM, "test", named, now=self.now)

    def deploy_chain(self, *nodes: str, roots: str = "") -> None:
        self.deploy(xml_drawing.chain(*nodes, roots=roots))

    def start(
        self, key: str = "p", variables: dict[str, Any] | None = None, business_key: str = "b1", plan_id: int | None = None
    ) -> int:  # fmt: skip
        with self.database.transaction() as session:
            return processes.start_process(
                session, SYSTEM, key, variables=variables or {}, business_key=business_key, area_path="/330000/330200/330205/",
                plan_id=plan_id, now=self.now,
            ).id  # fmt: skip

    def open(self, instance_id: int | None = None) -> list[Task]:
        with self.database.transaction() as session:
            statement = select(Task).where(Task.status == "open").order_by(Task.id)
            if instance_id is not None:
                statement = statement.where(Task.instance_id == instance_id)
            return list(session.scalars(statement))

    def waiting(self) -> list[str]:
        return sorted(task.element_id for task in self.open())

    def complete(
        self, element_id: str, values: dict[str, Any] | None = None, username: str = "jb.handler"
    ) -> Task:
        task = next(task for task in self.open() if task.element_id == element_id)
        with self.database.transaction() as session:
            return tasks.complete_task(session, self.actor(username), task.id, values or AGREE, now=self.now)

    def instance(self, instance_id: int) -> ProcessInstance:
        with self.database.transaction() as session:
            return session.get_one(ProcessInstance, instance_id)

    def incidents(self) -> list[Incident]:
        with self.database.transaction() as session:
            return list(
                session.scalars(select(Incident).where(Incident.resolved_at.is_(None)).order_by(Incident.id))
            )

    def timers(self) -> list[Timer]:
        with self.database.transaction() as session:
            return list(session.scalars(select(Timer).order_by(Timer.id)))

    def holders(self, task_id: int) -> dict[str, int | None]:
        with self.database.transaction() as session:
            rows = session.execute(
                select(TaskHolder.holder, TaskHolder.claimed_by).where(TaskHolder.task_id == task_id)
            )
            return {row.holder: row.claimed_by for row in rows}

    def history(self, instance_id: int) -> list[tuple[str, str]]:
        with self.database.transaction() as session:
            rows = session.scalars(
                select(Activity).where(Activity.instance_id == instance_id).order_by(Activity.seq)
            )
            return [(row.element_id, row.status) for row in rows]
