"""`python -m bench`: measure, write the report, print it. See --help."""

from __future__ import annotations

import time
import traceback
from datetime import datetime
from pathlib import Path

import click

from workflow_service.collector import search_seldom

from . import report
from .figures import Figure, Row, Scale
from .installation import Installation
from .machine import look_at, present_load
from .measures import ALL

REPORT = Path(__file__).parent.parent / "docs" / "performance.md"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="Small counts, a minute or two: to see that it works.")
@click.option("--large", is_flag=True, help="100,000 idle instances instead of 10,000.")
@click.option("--only", type=click.Choice(list(ALL)), multiple=True, help="Measure only this; repeat for several.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where the database lies meanwhile.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=REPORT, show_default=True,
              help="The report; a run with --only or --quick prints it, and writes it only if this is given.")  # fmt: skip
@click.pass_context
def main(context: click.Context, quick: bool, large: bool, only: tuple[str, ...], folder: Path | None, out: Path) -> None:
    """Measure the service on this machine and write docs/performance.md."""
    search_seldom()
    scale, load, began = Scale(quick, large), present_load(), time.monotonic()
    with Installation.temporary(folder) as installation:
        machine = look_at(installation, load)
        figures = [_measured(name, installation, scale) for name in only or ALL]
    text = report.write(figures, machine, scale, datetime.now().astimezone(), time.monotonic() - began)
    is_given = context.get_parameter_source("out") is not click.core.ParameterSource.DEFAULT
    if is_given or not (only or quick):
        out.write_text(text, encoding="utf-8")
        click.echo(f"written to {out}")
    else:
        click.echo(text)


def _measured(name: str, installation: Installation, scale: Scale) -> Figure:
    """Measure one figure; one that fails is reported as missed and hinders no other."""
    began = time.monotonic()
    try:
        figure = ALL[name](installation, scale)
    except Exception as error:
        traceback.print_exc()
        missed = Row("could not be measured", type(error).__name__, target="a number", met=False)
        figure = Figure(name, name, "", [missed], hindrance=str(error)[:300])
    click.echo(f"{name}: {time.monotonic() - began:.0f} s", err=True)
    for row in figure.rows:
        click.echo(f"  {row.what}: {row.value}  {row.beside}", err=True)
    return figure


if __name__ == "__main__":
    main()
