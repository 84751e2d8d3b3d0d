"""The files that the package delivers: diagrams as drawings, processes and tables as the engine takes them, forms as schemas."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from workflow_service.engine.compile import compile_diagram
from workflow_service.engine.decisions import DecisionTable, read_decisions
from workflow_service.engine.diagram import Diagram
from workflow_service.engine.program import Program
from workflow_service.engine.read import read_diagram

ROOT = Path(__file__).parents[2]
DIAGRAMS = sorted((ROOT / "bpmn").glob("*.bpmn"))
TABLES = sorted((ROOT / "bpmn").glob("*.dmn"))
FORMS = sorted((ROOT / "forms").glob("*.json"))
ROUTES = frozenset(path.stem for path in DIAGRAMS)


@cache
def diagram(key: str) -> Diagram:
    """Give one drawing as it was read."""
    return read_diagram((ROOT / "bpmn" / f"{key}.bpmn").read_bytes())


@cache
def processes() -> dict[str, dict[str, Any]]:
    """Give every process in plain form, by key."""
    return {key: one for path in DIAGRAMS for key, one in compile_diagram(diagram(path.stem)).items()}


@cache
def table(key: str) -> DecisionTable:
    """Give one decision table."""
    return next(one for one in read_decisions((ROOT / "bpmn" / f"{key}.dmn").read_bytes()) if one.id == key)


@cache
def form(key: str) -> dict[str, Any]:
    """Give one form."""
    schema: dict[str, Any] = json.loads((ROOT / "forms" / f"{key}.json").read_text("utf-8"))
    return schema


def program(root: str, **tables: DecisionTable) -> Program:
    """Give a route with everything it calls; `tables` stand in for delivered tables of their name."""
    return _delivered(root) if not tables else _build(root, tables)


@cache
def _delivered(root: str) -> Program:
    return _build(root, {})


def _build(root: str, changed: dict[str, DecisionTable]) -> Program:
    tables = {path.stem: table(path.stem) for path in TABLES} | changed
    decisions = {key: one.to_plain() for key, one in tables.items()}
    return Program({"root": root, "processes": processes(), "decisions": decisions})
