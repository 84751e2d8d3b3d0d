"""Every text of supervision that users see has its English."""

import ast
from pathlib import Path

import workflow_service
from workflow_service.i18n import translations

PACKAGE = Path(next(iter(workflow_service.__path__)))
SERVICES = (
    "bulletins", "calendar_days", "digests", "ledger", "ledger_lines", "ledger_sheet", "notices", "rhythms",
    "supervision_topics", "weekly",
)  # fmt: skip


def sources() -> list[Path]:
    rooms = [file for room in ("notify", "jobs", "scheduler") for file in (PACKAGE / room).glob("*.py")]
    commands = [PACKAGE / "commands" / f"{name}.py" for name in ("ledger", "remind")]
    return [*(PACKAGE / "services" / f"{name}.py" for name in SERVICES), *rooms, *commands]


def marked_texts() -> set[str]:
    calls = [
        node
        for file in sources()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("N_", "_")
    ]
    return {arg.value for call in calls for arg in call.args[:1] if isinstance(arg, ast.Constant)}  # type: ignore[misc]


def test_every_marked_text_has_an_english_translation() -> None:
    english = translations("en")
    assert len(marked_texts()) > 30
    assert sorted(text for text in marked_texts() if english.gettext(text) == text) == []
