"""The support table and the code list the same elements and attributes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import workflow_service
from workflow_service.domain.plans import Stage
from workflow_service.engine.dialect import (
    APPROVAL_ATTRIBUTES,
    CAMUNDA_ATTRIBUTES,
    CAMUNDA_ELEMENTS,
    RELATIONS,
    STAGES,
    TASK_KINDS,
)
from workflow_service.engine.functions import FUNCTIONS

ROOT = Path(next(iter(workflow_service.__path__))).parent
PAGES = ["bpmn-support.md", "bpmn-support.zh-CN.md"]
ENGINE = ROOT / "workflow_service" / "engine"


def rows(page: str, prefix: str) -> set[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith(f"| `{prefix}:")]
    return {name for cell in cells for name in re.findall(rf"{prefix}:(\w+)", cell)}


@pytest.mark.parametrize("page", PAGES)
def test_the_page_lists_the_attributes_that_the_code_reads(page: str) -> None:
    assert rows(page, "approval") == set(APPROVAL_ATTRIBUTES)
    assert rows(page, "camunda") == set(CAMUNDA_ATTRIBUTES) | set(CAMUNDA_ELEMENTS)


@pytest.mark.parametrize("page", PAGES)
def test_the_page_names_relations_kinds_and_functions(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", text))
    assert set(RELATIONS) | set(TASK_KINDS) | set(FUNCTIONS) | {"today"} <= words


def test_attributes_that_the_code_names_are_in_the_list() -> None:
    named = {
        match
        for file in ENGINE.glob("*.py")
        for match in re.findall(r"\"(approval|camunda):(\w+)\"", file.read_text(encoding="utf-8"))
    }
    known = {("approval", name) for name in APPROVAL_ATTRIBUTES} | {
        ("camunda", name) for name in CAMUNDA_ATTRIBUTES
    }
    assert named - known - {("camunda", "in"), ("camunda", "out")} == set()


def test_stages_are_those_of_the_domain() -> None:
    assert set(STAGES) == {stage.value for stage in Stage}
