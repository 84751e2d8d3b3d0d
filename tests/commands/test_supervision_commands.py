"""`workflow ledger` and `workflow remind`: what is shown is what is, and what is shown beforehand is what is sent."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook
from sqlalchemy import select, text

from tests.services.catalogue import Catalogue, moment
from tests.services.test_rhythms import government as government
from workflow_service.cli import workflow
from workflow_service.store.database import Database
from workflow_service.store.records import AuditRecord
from workflow_service.store.runtime import ProcessInstance
from workflow_service.store.supervision import Notice

Run = Callable[..., Result]


@pytest.fixture
def run(database: Database, migrated_url: str, tmp_path: Path) -> Run:
    environment = {
        "DATABASE_URL": migrated_url,
        "SECRET_KEY": "only-for-these-tests",
        "TONGCHOU_VAR": str(tmp_path / "var"),
    }
    return lambda *words: CliRunner().invoke(workflow, words, env=environment, catch_exceptions=False)


@pytest.fixture
def due(government: Database) -> Iterator[Database]:
    with government.transaction() as session:
        Catalogue.again(session).task("能源规划", "zj.energy", moment(date(2026, 10, 12), 17))
    yield government


def test_the_ledger_of_a_past_day_shows_rows_and_totals(run: Run, government: Database) -> None:
    shown = run("ledger", "--as-of", "2021-06-30").output
    assert "能源规划" in shown and "水利规划" in shown
    assert "目录 3 项，已印发 1 项，完成率 33.3%，逾期 0 项" in shown
    assert "截至 2021-06-30" in shown
    assert "目录 3 项，已印发 0 项" in run("ledger", "--as-of", "2021-06-29", "--figures-only").output


@pytest.mark.parametrize(("chosen", "said"), [(("--unit", "nowhere"), "no unit nowhere"), (("--stage", "lunch"), "'drafting'")])
def test_a_ledger_of_what_does_not_exist_is_refused(run: Run, chosen: tuple[str, str], said: str) -> None:
    shown = run("ledger", "--as-of", "2021-06-30", *chosen)
    assert shown.exit_code != 0
    assert said in shown.output


def test_the_file_holds_exactly_the_filtered_rows(run: Run, government: Database, tmp_path: Path) -> None:
    target = tmp_path / "ledger.xlsx"
    run("ledger", "--as-of", "2021-06-30", "--unit", "zj.water", "--xlsx", str(target))
    sheet = load_workbook(target).worksheets[0]
    assert [row[0].value for row in sheet.iter_rows(min_row=4)] == ["已印发规划", "水利规划"]


def test_a_recount_puts_right_the_counters_that_differ_and_is_on_record(run: Run, government: Database) -> None:
    assert run("recount").output.strip() == "every counter is right"
    with government.transaction() as session:
        session.execute(text("UPDATE plan_count SET total = total + 1 WHERE name = 'today' AND area_path = ''"))
        wrong = session.scalar(text("SELECT count(*) FROM plan_count WHERE name = 'today' AND area_path = ''"))
    assert run("recount").output.strip() == f"{wrong} counter(s) differed and were put right"
    assert run("recount").output.strip() == "every counter is right"
    with government.transaction() as session:
        records = session.scalars(select(AuditRecord).where(AuditRecord.action == "ledger.recount").order_by(AuditRecord.id))
        assert [one.data["wrong"] for one in records] == [0, wrong, 0]


def test_what_a_dry_run_shows_is_what_the_run_sends(run: Run, due: Database) -> None:
    run("remind", "start")
    shown = run("remind", "--at", "2026-10-12T09:00+08:00", "--dry-run").output
    assert "digests: 1" in shown and "zj.energy·handler: 待办提醒：今天到期 1 项" in shown
    assert "weekly report 2026年第42周: zj.energy单位, zj.water单位" in shown
    assert "bulletin 10月上旬: zj.drc单位" in shown
    with due.transaction() as session:
        assert session.scalars(select(Notice)).all() == []
    sent = run("remind", "--at", "2026-10-12T09:00+08:00").output
    assert sent == shown + "sent\n"
    with due.transaction() as session:
        assert session.scalars(select(Notice.subject)).all() == ["待办提醒：今天到期 1 项"]
        keys = session.scalars(
            select(ProcessInstance.definition_key).where(ProcessInstance.definition_key != "test")
        )
        assert sorted(keys) == ["ten_day_bulletin", "weekly_report", "weekly_report"]


def test_a_day_is_urged_once(run: Run, due: Database) -> None:
    assert run("remind", "--at", "2026-10-12T09:00+08:00").exit_code == 0
    again = run("remind", "--at", "2026-10-12T10:00+08:00")
    assert again.exit_code == 1 and "已经发送" in again.output


@pytest.mark.parametrize(
    ("at", "said"),
    [("2026-10-12T09:00", "时区"), ("2026-10-03T09:00+08:00", "不是工作日"), ("tomorrow", "is no moment")],
)
def test_a_moment_that_cannot_be_is_refused_in_one_line(
    run: Run, government: Database, at: str, said: str
) -> None:
    refused = run("remind", "--at", at, "--dry-run")
    assert refused.exit_code != 0 and said in refused.output


def test_a_moment_to_come_can_only_be_looked_at(run: Run, due: Database) -> None:
    assert run("remind", "--at", "2099-10-12T09:00+08:00", "--dry-run").exit_code == 0
    refused = run("remind", "--at", "2099-10-12T09:00+08:00")
    assert refused.exit_code == 1 and "还没有到" in refused.output
    with due.transaction() as session:
        assert session.scalars(select(Notice)).all() == []


def test_rhythms_are_switched_on_and_off_and_shown(run: Run, government: Database) -> None:
    assert "weekly" in run("remind", "start").output
    assert run("remind", "stop", "weekly").exit_code == 0
    shown = run("remind", "status").output
    assert "ten_day  next:" in shown and "weekly" not in shown
