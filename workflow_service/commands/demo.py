"""`workflow demo`"""

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from workflow_service.config import Settings
from workflow_service.demo import databases, registry
from workflow_service.demo.forward import move_clock
from workflow_service.demo.registry import Demo
from workflow_service.domain.errors import TongchouError
from workflow_service.services.business_clock import stored_moment
from workflow_service.startup import (
    database_options,
    embedded_server,
    files_dir_of,
    in_database,
    open_database,
    read_settings,
    ready_database,
)
from workflow_service.startup_error import StartError
from workflow_service.store.database import Database
from workflow_service.store.embedded import EmbeddedServer

FIRST = "small"  # what `make run` shows at first
TOLD_EVERY_SECONDS = 1.0
DIFFERENCES_TOLD = 5


@click.command()
@click.argument("name", required=False, type=click.Choice(["small", "zhejiang", "district", "jiangbei"]))
@click.option(
    "--catalogue",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For zhejiang: another CSV file of plans, in UTF-8 with the columns of the delivered one.",
)
@click.option("--yes", is_flag=True, help="Do not ask before a demo that exists is emptied.")
@click.option("--list", "listed", is_flag=True, help="List the demos, which exist and which is open.")
@click.option("--leave", is_flag=True, help="Go back to the real database; demos stay until filled anew.")
@click.option("--open", "opened", is_flag=True, help="Open the demo NAME that exists, without filling it.")
@click.option(
    "--at",
    "moment",
    metavar="MOMENT",
    help="Move the open demo's clock forward, e.g. 2020-12-25T09:00+08:00.",
)
def command(
    name: str | None,
    catalogue: Path | None,
    yes: bool,
    listed: bool,
    leave: bool,
    opened: bool,
    moment: str | None,
) -> None:
    """Fill the demo NAME through the engine and open it for the next commands (serve, ledger, …).

    \b
    small     a county with plans in all stages, as of today (what `make run` shows)
    zhejiang  179 provincial plans, October 2020 to 30 June 2021
    district  a district's planning calendar, October 2019 to December 2020
    jiangbei  a mid-term evaluation: 18 objects in four phases, 2023

    Each has a database of its own beside the real one, and all but small a clock that stands still. With DATABASE_URL the demo
    fills that database instead, which must not hold any real user.
    """
    settings = read_settings()
    if listed:
        _list(settings)
    elif leave:
        _leave(settings)
    elif moment is not None:
        _move(settings, moment)
    elif name is None:
        raise click.UsageError("name a demo, or use --list, --leave or --at")
    elif opened:
        _open(settings, registry.demos()[name])
    else:
        _fill(settings, registry.demos()[name], catalogue, yes)


def load_small(database: Database, settings: Settings) -> list[str]:
    """Fill the open database with the small demo if it is an empty or unfinished one of its; gives how to sign in."""
    mark = databases.mark_of(database)
    if mark is not None and mark.finished is not None:
        return registry.sign_in_lines(registry.demos()[mark.name])
    if settings.database_name in (None, databases.REAL) and (mark is None and databases.has_data(database)):
        return []
    demo = registry.demos()[FIRST]
    if settings.is_embedded and settings.database_name != demo.database:
        return []
    _tell_differences(_filled(demo, database, None))
    if settings.is_embedded:
        databases.choose(settings.var_dir, demo.database)
    return registry.sign_in_lines(demo)


def first_choice(settings: Settings, server: EmbeddedServer) -> Settings:
    """Where nobody chose yet and nobody real works, the first start is in the small demo's database."""
    if databases.chosen(settings.var_dir) is not None or settings.database_name != databases.REAL:
        return settings
    with _database_of(server, settings, databases.REAL) as real:
        if databases.has_data(real):
            return settings
    name = registry.demos()[FIRST].database
    databases.create_missing(server, name)
    return in_database(settings, name)


def _fill(settings: Settings, demo: Demo, catalogue: Path | None, yes: bool) -> None:
    if catalogue is not None and demo.name != "zhejiang":
        raise click.UsageError("--catalogue belongs to the demo zhejiang")
    with _own_database(settings, demo) as database:
        databases.refuse_unless_free(database)
        if databases.mark_of(database) is not None and not yes:
            click.confirm(
                f"the demo database {database.url.database} exists; empty it and fill it anew?", abort=True
            )
        began = time.monotonic()
        told = _filled(demo, database, catalogue)
    if settings.is_embedded:
        databases.choose(settings.var_dir, demo.database)
    click.echo(
        f"demo {demo.name} is filled ({time.monotonic() - began:.0f} s) and open: run `workflow serve`"
    )
    _tell_differences(told)
    click.echo("\n".join(registry.sign_in_lines(demo)))


@contextlib.contextmanager
def _own_database(settings: Settings, demo: Demo) -> Iterator[Database]:
    """The demo's own database of the embedded server, made if missing; the one of DATABASE_URL otherwise."""
    if not settings.is_embedded:
        with open_database(settings) as database:
            yield database
        return
    with embedded_server(settings) as server:
        databases.create_missing(server, demo.database)
        with _database_of(server, settings, demo.database) as database:
            yield database


@contextlib.contextmanager
def _database_of(server: EmbeddedServer, settings: Settings, name: str) -> Iterator[Database]:
    options = replace(database_options(settings), files_dir=files_dir_of(settings, name))
    database = Database(server.url(name), options)
    try:
        yield database
    finally:
        database.close()


def _filled(demo: Demo, database: Database, catalogue: Path | None) -> list[str]:
    telling = _Telling(demo.name)
    try:
        return registry.fill(demo, database, catalogue, telling)
    except TongchouError as error:
        raise StartError(f"the demo {demo.name} could not be filled: {error.message}") from error
    finally:
        telling.end()


class _Telling:
    """Progress on standard error: one line that renews itself, or a line now and then where nobody watches."""

    def __init__(self, name: str) -> None:
        self._name, self._told_at, self._done = name, 0.0, 0
        self._watched = sys.stderr.isatty()
        click.echo(f"filling the demo {name} …", err=True)

    def __call__(self, done: int, left: int, now: datetime) -> None:
        self._done = done
        pause = TOLD_EVERY_SECONDS if self._watched else 10 * TOLD_EVERY_SECONDS
        if time.monotonic() - self._told_at >= pause:
            self._told_at = time.monotonic()
            line = f"{self._name}: {done} acts done, {left} planned, {now:%Y-%m-%d}"
            click.echo(f"\r{line:<70}" if self._watched else line, nl=not self._watched, err=True)

    def end(self) -> None:
        line = f"{self._name}: {self._done} acts done"
        click.echo(f"\r{line:<70}" if self._watched else line, err=True)


def _tell_differences(lines: list[str]) -> None:
    for line in lines[:DIFFERENCES_TOLD]:
        click.echo(line, err=True)
    if len(lines) > DIFFERENCES_TOLD:
        click.echo(
            f"… {len(lines)} differences in all: the tables decide, the file is only compared", err=True
        )


def _list(settings: Settings) -> None:
    if not settings.is_embedded:
        with open_database(settings) as database:
            mark = databases.mark_of(database)
        click.echo(f"DATABASE_URL holds {f'the demo {mark.name}' if mark else 'no demo'}")
        return
    with embedded_server(settings) as server:
        there = set(databases.names_in(server))
    for demo in registry.demos().values():
        state = (
            "open" if settings.database_name == demo.database else "filled" if demo.database in there else "-"
        )
        click.echo(f"{demo.name:<10}{state:<8}{demo.about}")
    if settings.database_name == databases.REAL:
        click.echo("the real database is open")


def _leave(settings: Settings) -> None:
    _require_embedded(settings, "--leave")
    databases.choose(settings.var_dir, databases.REAL)
    click.echo("the next commands use the real database")


def _open(settings: Settings, demo: Demo) -> None:
    _require_embedded(settings, "--open")
    with open_database(replace(settings, database_name=demo.database)):
        databases.choose(settings.var_dir, demo.database)
    click.echo(f"demo {demo.name} is open: run `workflow serve`")
    click.echo("\n".join(registry.sign_in_lines(demo)))


def _move(settings: Settings, text: str) -> None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(
            f"{text} is no moment such as 2020-12-25T09:00+08:00", param_hint="--at"
        ) from error
    with ready_database(settings) as database:
        try:
            move_clock(database, moment)
        except TongchouError as error:
            raise click.ClickException(error.message) from error
        with database.transaction() as session:
            click.echo(f"the clock stands at {stored_moment(session)}")


def _require_embedded(settings: Settings, option: str) -> None:
    if not settings.is_embedded:
        raise StartError(f"{option} is for the embedded server: DATABASE_URL names the database here")
