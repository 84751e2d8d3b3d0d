"""Programs of definition versions, built once a process and kept: a definition version never changes."""

from collections import OrderedDict
from threading import Lock
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import NotFound
from workflow_service.engine.program import Program
from workflow_service.i18n import N_
from workflow_service.store.definitions import ProcessDefinition

KEPT = 128
OF_PLANS = frozenset({"plan", "catalogue", "meeting", "evaluation"})
"""What the topics of service tasks begin with that need a plan (`plan_topics`)."""

_programs: OrderedDict[tuple[str, int], "LoadedProgram"] = OrderedDict()
_lock = Lock()


class LoadedProgram:
    """A program with what the services need beside it: its key, version and forms."""

    def __init__(self, definition: ProcessDefinition, bundle: dict[str, Any]) -> None:
        self.definition_id, self.key, self.version = definition.id, definition.key, definition.version
        self.name = definition.name
        self.forms: dict[str, Any] = bundle.get("forms", {})
        self.program = Program(bundle)


def program_of(session: Session, definition_id: int) -> LoadedProgram:
    """Give the program of one definition version; no statement when it is already known."""
    key = (str(session.get_bind().engine.url), definition_id)
    with _lock:
        found = _programs.get(key)
        if found is not None:
            _programs.move_to_end(key)
            return found
    loaded = _load(session, definition_id)
    with _lock:
        _programs[key] = loaded
        while len(_programs) > KEPT:
            _programs.popitem(last=False)
    return loaded


def latest_definition(session: Session, key: str) -> ProcessDefinition:
    """Give the newest version of a process; raises NotFound."""
    statement = select(ProcessDefinition).where(ProcessDefinition.key == key)
    found = session.scalars(statement.order_by(ProcessDefinition.version.desc()).limit(1)).first()
    if found is None:
        raise NotFound(N_("没有部署过流程“%(key)s”。"), key=key)
    return found


def carries_plan(session: Session, key: str) -> bool:
    """Whether the newest version of a process, or one that it calls, does something to a plan; raises NotFound."""
    processes = program_of(session, latest_definition(session, key).id).program.processes.values()
    topics = (element["attrs"].get("topic") or "" for one in processes for element in one["elements"].values())
    return any(topic.partition(".")[0] in OF_PLANS for topic in topics)


def _load(session: Session, definition_id: int) -> LoadedProgram:
    definition = session.get(ProcessDefinition, definition_id)
    if definition is None:
        raise NotFound(N_("没有编号为 %(id)s 的流程定义。"), id=definition_id)
    return LoadedProgram(definition, definition.bundle)
