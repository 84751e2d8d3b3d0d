"""`workflow deploy`, `check` and `audit verify` on a database as operators have it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, func, select, update

from tests.databases import Databases
from workflow_service.cli import workflow
from workflow_service.resources import bpmn_dir
from workflow_service.store.database import Database
from workflow_service.store.definitions import FormDefinition, ProcessDefinition
from workflow_service.store.records import AuditRecord

BROKEN = "<bpmn:definitions"


@pytest.fixture(scope="module")
def url(databases: Databases) -> Iterator[str]:
    """One database for this module, with the delivered routes."""
    with databases.temporary(migrated=True) as address:
        assert _run(address, "deploy").exit_code == 0
        yield address


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def test_the_delivered_routes_are_deployed_once(url: str, database: Database) -> None:
    again = _run(url, "deploy")
    assert "nothing changed" in again.output
    with database.transaction() as session:
        keys = set(session.scalars(select(ProcessDefinition.key)))
        assert {"registration", "people_congress", "ten_day_bulletin"} <= keys
        assert session.scalars(select(func.max(ProcessDefinition.version))).one() == 1
        assert session.scalars(select(func.count()).select_from(FormDefinition)).one() > 30


def test_a_changed_table_gives_every_route_that_uses_it_a_version(url: str, tmp_path: Path) -> None:
    table = (
        (bpmn_dir() / "review_form.dmn")
        .read_text()
        .replace('"special_meeting"</text>', '"executive_meeting"</text>', 1)
    )
    changed = tmp_path / "review_form.dmn"
    changed.write_text(table)
    told = _run(url, "deploy", str(changed)).output
    assert "government_executive_meeting  version 2" in told
    assert "weekly_report" not in told


def test_one_error_keeps_all_files_from_being_deployed(url: str, database: Database, tmp_path: Path) -> None:
    broken = tmp_path / "broken.bpmn"
    broken.write_text(BROKEN)
    with database.transaction() as session:
        before = session.scalars(select(func.count()).select_from(ProcessDefinition)).one()
    shown = _run(url, "deploy", str(broken), str(bpmn_dir() / "filing.bpmn"))
    assert shown.exit_code == 1
    assert "nothing was deployed" in shown.output
    with database.transaction() as session:
        assert session.scalars(select(func.count()).select_from(ProcessDefinition)).one() == before


def test_check_names_element_and_problem_and_fails_on_an_error(url: str, tmp_path: Path) -> None:
    text = (
        (bpmn_dir() / "filing.bpmn")
        .read_text()
        .replace('camunda:formKey="filing_check"', 'camunda:formKey="no_such_form"')
    )
    wrong = tmp_path / "filing.bpmn"
    wrong.write_text(text)
    shown = _run(url, "check", str(wrong))
    assert shown.exit_code == 1
    line = next(line for line in shown.output.splitlines() if "no_such_form" in line)
    assert line.startswith("filing.bpmn")
    assert "error  check_filing" in line
    good = _run(url, "check", str(bpmn_dir() / "filing.bpmn"))
    assert (good.exit_code, "0 error(s)" in good.output) == (0, True)


def test_audit_verify_finds_an_edited_and_a_deleted_record(url: str, database: Database) -> None:
    assert _run(url, "audit", "verify").exit_code == 0
    with database.transaction() as session:
        first = session.scalars(select(AuditRecord).order_by(AuditRecord.seq).limit(1)).one()
        session.execute(
            update(AuditRecord).where(AuditRecord.id == first.id).values(actor_name="somebody else")
        )
    edited = _run(url, "audit", "verify")
    assert edited.exit_code == 1
    assert f"{first.chain}  {first.seq}" in edited.output
    with database.transaction() as session:
        session.execute(delete(AuditRecord).where(AuditRecord.id == first.id))
    assert _run(url, "audit", "verify").exit_code == 1


def _run(url: str, *words: str) -> Result:
    environment = {"DATABASE_URL": url.replace("+psycopg", ""), "SECRET_KEY": "only-for-these-tests"}
    return CliRunner().invoke(workflow, list(words), env=environment)
