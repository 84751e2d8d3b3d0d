"""A run whose countersignature lies before two units, so that the page of signers has something to list."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from tests.engine.xml_drawing import file, process
from workflow_service.services import deployments, processes
from workflow_service.services.context import Actor
from workflow_service.store.database import Database
from workflow_service.store.runtime import Task

SIGN = (
    '<userTask id="countersign" name="会签意见" camunda:formKey="countersign" camunda:candidateGroups="${one}:handler">'
    '<multiInstanceLoopCharacteristics camunda:collection="units" camunda:elementVariable="one"/></userTask>'
)
UNITS = ["nb.traffic", "nb.ecology"]


def stand_in_a_countersignature(database: Database, *, now: datetime) -> int:
    """Deploy the process and start a run of it; gives the first signer's task."""
    drawn = file(process(f'<startEvent id="start"/>{SIGN}<endEvent id="end"/>', "start -> countersign", "countersign -> end",
                         key="countersigning"))  # fmt: skip
    drawn = drawn.replace(b'name="countersigning"', 'name="部门会签"'.encode())
    with database.transaction() as session:
        system = Actor.system("demo")
        deployments.deploy_files(session, system, "town", {"countersigning.bpmn": drawn}, now=now)
        run = processes.start_process(
            session, system, "countersigning", variables={"units": UNITS, "subject": "部门会签"}, area_path="/330200/", now=now
        )
        return session.scalars(select(Task.id).where(Task.instance_id == run.id).order_by(Task.id).limit(1)).one()
