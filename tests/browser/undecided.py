"""A run that stands before a decision table without an answer, so that a person must decide."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from tests.engine.xml_drawing import file, process
from workflow_service.services import deployments, processes
from workflow_service.services.context import Actor
from workflow_service.store.database import Database
from workflow_service.store.runtime import Incident

RULE = (
    '<businessRuleTask id="rank_project" name="核定项目等级" camunda:decisionRef="project_rank" '
    'camunda:resultVariable="rank" camunda:mapDecisionResult="singleEntry"/>'
)
TABLE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="project_ranks" name="项目等级" namespace="urn:town">
<decision id="project_rank" name="项目等级"><decisionTable id="rows" hitPolicy="UNIQUE">
<input id="i" label="规模"><inputExpression id="e" typeRef="string"><text>scale</text></inputExpression></input>
<output id="o" label="审议形式" name="form" typeRef="string"/>
<rule id="r1"><inputEntry id="i1"><text>"large"</text></inputEntry>
<outputEntry id="o1"><text>"executive_meeting"</text></outputEntry></rule>
<rule id="r2"><inputEntry id="i2"><text>"small"</text></inputEntry>
<outputEntry id="o2"><text>"written_approval"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def stand_before_a_gap(database: Database, *, now: datetime) -> int:
    """Deploy the table with its process and start a run that the table does not know; gives the incident."""
    drawn = file(process(f'<startEvent id="start"/>{RULE}<endEvent id="end"/>', "start -> rank_project", "rank_project -> end",
                         key="project_ranking"))  # fmt: skip
    drawn = drawn.replace(b'name="project_ranking"', 'name="项目等级核定"'.encode())
    with database.transaction() as session:
        system, files = Actor.system("demo"), {"project_ranking.bpmn": drawn, "project_rank.dmn": TABLE.encode()}
        deployments.deploy_files(session, system, "town", files, now=now)
        run = processes.start_process(
            session, system, "project_ranking", variables={"scale": "middle"}, area_path="/330200/", now=now
        )
        return session.scalars(select(Incident.id).where(Incident.instance_id == run.id)).one()
