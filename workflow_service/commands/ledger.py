"""`workflow ledger`"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from workflow_service.domain.errors import TongchouError
from workflow_service.domain.plans import Stage
from workflow_service.domain.supervision import Figures
from workflow_service.i18n import use_language
from workflow_service.services.business_clock import moment_of
from workflow_service.services.context import Actor
from workflow_service.services.ledger import LedgerFigures, LedgerFilter, LedgerLine, figures_for, ledger_rows
from workflow_service.services.ledger_sheet import ledger_xlsx
from workflow_service.startup import read_settings, ready_database
from workflow_service.store.people_queries import unit_by_code

EVERYTHING = Actor.system("cli")
WIDTHS = (24, 44, 24, 10, 12, 12, 20)
HEADS = ("规划代码", "规划名称", "牵头单位", "阶段", "应印发", "印发", "时限")


@click.command()
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The end of this day; today and now if not given.")
@click.option("--area", default="", help="An area path such as /330000/; everything if not given.")
@click.option("--unit", default="", help="Code of a lead unit.")
@click.option("--stage", type=click.Choice([one.value for one in Stage]), default=None)
@click.option("--importance", type=click.Choice(["key", "general", "filed"]), default=None)
@click.option("--light", type=click.Choice(["green", "amber", "red", "black", "grey"]), default=None)
@click.option("--state", type=click.Choice(["issued", "in_progress", "filed", "overdue"]), default=None)
@click.option("--text", default="", help="Words of the title, initials, or a plan code.")
@click.option("--figures-only", is_flag=True, help="The totals without the rows.")
@click.option("--xlsx", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write the same rows to this file.")
def command(as_of: datetime | None, figures_only: bool, target: Path | None, **chosen: Any) -> None:
    """Print the ledger as it stood at the end of a day, and its totals.

    Computed from history: what happened later does not change it.
    """
    settings = read_settings()
    given: dict[str, Any] = {name: value or "" for name, value in chosen.items()}
    filters = LedgerFilter(**given)
    with ready_database(settings) as database, database.transaction() as session, use_language("zh"):
        if filters.unit and unit_by_code(session, filters.unit) is None:
            raise click.ClickException(f"there is no unit {filters.unit}")
        now = moment_of(session)
        moment: date | datetime = as_of.date() if as_of else now
        try:
            totals = figures_for(session, EVERYTHING, filters, as_of=moment)
            rows = () if figures_only else ledger_rows(session, EVERYTHING, filters, as_of=moment, limit=None).rows
            if target is not None:
                target.write_bytes(ledger_xlsx(session, EVERYTHING, filters, as_of=moment, now=now))
        except TongchouError as error:
            raise click.ClickException(error.message) from error
        click.echo("\n".join([*_table(rows), *_totals(totals)]))


def _table(rows: tuple[LedgerLine, ...]) -> Iterator[str]:
    if not rows:
        return
    yield _line(HEADS)
    for row in rows:
        light = str(row.light.words) if row.light else ""
        cells = (row.code, row.title, row.unit_name, row.stage.label, str(row.due_on or ""), str(row.issued_on or ""), light)
        yield _line(cells)
    yield ""


def _totals(found: LedgerFigures) -> Iterator[str]:
    yield f"截至 {found.day}"
    yield _sum("合计", found.total)
    for groups in (found.importances, found.tiers, found.levels):
        for kind, figures in groups.items():
            yield _sum(f"其中 {kind.label}", figures)
    yield "按阶段 " + "，".join(f"{stage.label} {count}" for stage, count in found.stages.items())
    yield f"已备案 {found.filed} 项"


def _sum(label: str, figures: Figures) -> str:
    rate = "—" if figures.rate is None else f"{figures.rate}%"
    numbers = f"目录 {figures.total} 项，已印发 {figures.issued} 项，完成率 {rate}，逾期 {figures.overdue} 项"
    return f"{_padded(label, 20)} {numbers}"


def _line(cells: tuple[str, ...]) -> str:
    return " ".join(_padded(cell, width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def _padded(text: str, width: int) -> str:
    """Pad by what a terminal shows: Chinese characters take two columns; what is too long is cut."""
    shown, taken = "", 0
    for letter in text:
        size = 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if taken + size > width:
            break
        shown, taken = shown + letter, taken + size
    return shown + " " * (width - taken)
