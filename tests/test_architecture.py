"""The layers of docs/architecture.md hold, and each contract is known to fail on the violation kept for it.

The contracts stand in pyproject.toml under [tool.importlinter]; `tests/violations/<id>/` holds one breach of each.
"""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
PACKAGE = CHECKOUT / "workflow_service"
VIOLATIONS = Path(__file__).parent / "violations"
CONTRACTS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
WITHOUT_A_LAYER = {"clock", "collector", "config", "failpoints", "i18n", "logs", "resources", "startup_error"}
OWN_LEAVES = {"workflow_service.domain", "workflow_service.i18n"}


def test_the_package_keeps_every_contract() -> None:
    kept, report = _lint(CHECKOUT)
    assert kept, report


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["id"])
def test_each_contract_fails_on_its_violation(contract: dict[str, str], tmp_path: Path) -> None:
    _empty_rooms(tmp_path)
    kept, report = _lint(tmp_path)
    assert kept, report
    shutil.copytree(VIOLATIONS / contract["id"], tmp_path, dirs_exist_ok=True)
    kept, report = _lint(tmp_path)
    assert not kept
    assert f"{contract['name']} BROKEN" in report


def test_every_room_of_the_package_has_its_place_in_the_contracts() -> None:
    built = {entry.stem for entry in PACKAGE.iterdir() if _is_module(entry)}
    layered = {name.strip() for layer in CONTRACTS[0]["layers"] for name in layer.split("|")}
    named = {name.removeprefix("workflow_service.") for contract in CONTRACTS for name in _modules(contract)}
    assert built - layered - WITHOUT_A_LAYER == set()
    assert built - named - {"collector", "engine", "failpoints", "logs", "startup_error"} == set()


def test_rules_need_only_the_standard_library() -> None:
    assert _foreign_imports(PACKAGE / "domain") == []


def test_the_check_of_the_standard_library_fails_on_its_violation() -> None:
    assert _foreign_imports(VIOLATIONS / "stdlib/workflow_service/domain") == ["needs_more.py: holidays"]


def test_the_language_module_that_rules_use_needs_nothing_more_than_babel() -> None:
    imported = _imported(PACKAGE / "i18n.py")
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names | {"babel"}


def _lint(folder: Path) -> tuple[bool, str]:
    command = [
        Path(sys.executable).with_name("lint-imports"),
        "--no-cache",
        "--config",
        CHECKOUT / "pyproject.toml",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def _empty_rooms(folder: Path) -> None:
    """A package with every room that a contract names, and nothing in them."""
    rooms = {name.strip() for layer in CONTRACTS[0]["layers"] for name in layer.split("|")} | WITHOUT_A_LAYER
    for room in rooms:
        place = folder / "workflow_service" / room
        place.mkdir(parents=True)
        (place / "__init__.py").touch()
    (folder / "workflow_service" / "__init__.py").touch()
    (folder / "workflow_service" / "store" / "rows.py").touch()


def _is_module(entry: Path) -> bool:
    return (entry / "__init__.py").is_file() or (entry.suffix == ".py" and entry.stem != "__init__")


def _modules(contract: dict[str, list[str]]) -> list[str]:
    return contract.get("source_modules", []) + contract.get("forbidden_modules", [])


def _foreign_imports(folder: Path) -> list[str]:
    return [
        f"{file.name}: {name}"
        for file in sorted(folder.rglob("*.py"))
        for name in sorted(_imported(file))
        if name.partition(".")[0] not in sys.stdlib_module_names and not _is_own_leaf(name)
    ]


def _is_own_leaf(name: str) -> bool:
    return name.startswith(".") or any(name == leaf or name.startswith(f"{leaf}.") for leaf in OWN_LEAVES)


def _imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names
