"""Every text of the engine that users see has its English, with the same places to fill in."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import workflow_service
from tests.engine.xml_drawing import chain
from workflow_service.engine.read import read_diagram
from workflow_service.engine.support import unsupported
from workflow_service.i18n import translations, use_language

ENGINE = Path(next(iter(workflow_service.__path__))) / "engine"


def marked_texts() -> set[str]:
    calls = [
        node
        for file in ENGINE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("N_", "_")
    ]
    return {arg.value for call in calls for arg in call.args[:1] if isinstance(arg, ast.Constant)}


def places(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", text))


def test_every_text_is_translated_with_its_places() -> None:
    english = translations("en")
    assert len(marked_texts()) > 200
    assert sorted(text for text in marked_texts() if english.gettext(text) == text) == []
    assert [text for text in marked_texts() if places(english.gettext(text)) - places(text)] == []


def test_a_problem_is_shown_in_the_readers_language() -> None:
    [problem] = unsupported(read_diagram(chain('<receiveTask id="x" name="收文"/>')))
    assert problem.message == "“收文”：接收任务没有指定消息"
    with use_language("en"):
        assert problem.message == "“收文”: the receive task names no message"
