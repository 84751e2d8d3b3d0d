"""The routes, decision tables and forms that the service is delivered with."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.resources import bpmn_dir, forms_dir
from workflow_service.store.definitions import Deployment, ProcessDefinition

from . import deployments
from .context import Actor

NAME = "交付的审批路线"


def delivered_files() -> dict[str, bytes]:
    """Read every delivered file, by name."""
    return {
        file.name: file.read_bytes()
        for folder in (bpmn_dir(), forms_dir())
        for file in sorted(folder.iterdir())
        if file.suffix in (".bpmn", ".dmn", ".json")
    }


def deploy_delivered(session: Session, actor: Actor, *, now: datetime) -> Deployment:
    """Deploy the delivered files as they are; what did not change makes no new version."""
    return deployments.deploy_files(session, actor, NAME, delivered_files(), now=now)


def deploy_delivered_at_first(session: Session, actor: Actor, *, now: datetime) -> Deployment | None:
    """Deploy the delivered files where nothing has been deployed yet; None where something has."""
    if session.scalars(select(ProcessDefinition.id).limit(1)).first() is not None:
        return None
    return deploy_delivered(session, actor, now=now)
