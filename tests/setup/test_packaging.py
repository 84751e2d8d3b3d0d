"""What is imported is declared, what is locked names no registry, and the wheel carries what the service needs."""

import ast
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
LOCKS = sorted((CHECKOUT / "requirements").glob("*.txt"))
NAME = re.compile(r"[A-Za-z0-9._-]+")
OWN = {"workflow_service", "tests", "bench"}


def test_the_service_imports_only_what_it_declares() -> None:
    declared = {_canonical(line) for line in PROJECT["dependencies"]}
    assert _undeclared(CHECKOUT / "workflow_service", declared) == []


def test_the_tests_import_only_what_is_declared() -> None:
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    declared = {_canonical(line) for lines in lists for line in lines}
    assert _undeclared(CHECKOUT / "tests", declared) == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert "--index" not in text
    for package in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in package, package


def test_every_declared_dependency_is_locked() -> None:
    locked = {
        _canonical(line)
        for line in (CHECKOUT / "requirements/runtime.txt").read_text().splitlines()
        if "==" in line
    }
    assert {_canonical(line) for line in PROJECT["dependencies"]} <= locked


def test_the_javascript_lock_names_no_registry_and_pins_exactly() -> None:
    packages = json.loads((CHECKOUT / "frontend/package-lock.json").read_text())["packages"]
    wanted = json.loads((CHECKOUT / "frontend/package.json").read_text())
    assert [name for name, package in packages.items() if "resolved" in package] == []
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert packages[f"node_modules/{name}"]["version"] == version


@pytest.mark.slow
def test_the_wheel_carries_routes_forms_migrations_and_the_built_front_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    for folder in ("bpmn", "forms", "migrations"):
        files = [
            path
            for path in (CHECKOUT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        ]
        expected = {f"workflow_service/delivered/{path.relative_to(CHECKOUT)}" for path in files}
        assert expected <= set(names)
    assert "workflow_service/web/static/built/app.css" in names


def _undeclared(folder: Path, declared: set[str]) -> list[str]:
    distributions = packages_distributions()
    imported = {
        name for file in folder.rglob("*.py") if "violations" not in file.parts for name in _imported(file)
    }
    foreign = imported - set(sys.stdlib_module_names) - OWN
    return sorted(
        name
        for name in foreign
        if not {_canonical(found) for found in distributions.get(name, [name])} & declared
    )


def _imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names


def _canonical(requirement: str) -> str:
    match = NAME.match(requirement)
    assert match is not None
    return re.sub(r"[-_.]+", "-", match.group()).lower()
