"""No event of a task stands in its history as a bare code."""

import ast
from pathlib import Path

import workflow_service
from workflow_service.domain.rounds import Relation
from workflow_service.web.operation_words import OPERATIONS
from workflow_service.web.tasks.moves import SENTENCES

SERVICES = Path(next(iter(workflow_service.__path__))) / "services"


def noted_kinds() -> set[str]:
    """The kinds that services write, as texts or as constants of their module."""
    found: set[str] = set()
    for file in SERVICES.glob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and len(node.args) > 3):
            if isinstance(call.func, ast.Attribute) and call.func.attr in ("note", "note_instance"):
                kind = call.args[3]
                if isinstance(kind, ast.Constant):
                    found.add(str(kind.value))
                elif isinstance(kind, ast.Name) and kind.id in constants:
                    found.add(str(constants[kind.id]))
    return found


def test_every_kind_of_event_has_its_sentence() -> None:
    kinds = noted_kinds() | {relation.value for relation in Relation}
    assert len(kinds) > 15
    assert kinds - set(SENTENCES) - set(OPERATIONS) == set()
