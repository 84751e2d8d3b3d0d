"""`workflow remind`"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click
from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import aware
from workflow_service.domain.errors import Conflict, InvalidInput, TongchouError
from workflow_service.domain.rhythms import Rhythm, Run
from workflow_service.i18n import N_
from workflow_service.services import bulletins, digests, notices, rhythms, weekly
from workflow_service.services.business_clock import moment_of
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.context import Actor
from workflow_service.startup import read_settings, ready_database
from workflow_service.store.database import Database

OPERATOR = Actor.system("cli")


@click.group(invoke_without_command=True)
@click.option("--at", "at", metavar="TIME", help="The moment, with its offset: 2026-10-12T09:00+08:00; now if not given.")
@click.option("--dry-run", is_flag=True, help="Only show what would go to whom.")
@click.pass_context
def command(context: click.Context, at: str | None, dry_run: bool) -> None:
    """Urge now: one digest for everybody who holds something overdue, due today or due soon.

    The run writes exactly what --dry-run shows; a day that was urged is not urged again. Weekly reports and bulletins that
    fall due at that moment are started with it if their rhythms are switched on. A moment to come can only be looked at.
    """
    if context.invoked_subcommand is not None:
        return
    with _spoken(), ready_database(read_settings()) as database:
        with database.transaction() as session:
            moment = _moment(session, at)
            if not dry_run and moment > moment_of(session):
                raise InvalidInput(N_("这个时间还没有到；可以用 --dry-run 预览。"))
            run = rhythms.daily_run_at(session, moment)
            lines = [*_digest_lines(session, moment), *_other_lines(session, rhythms.due_at_moment(session, moment))]
        click.echo("\n".join([f"{moment.astimezone(SETTINGS.zone):%Y-%m-%d %H:%M}", *lines]))
        if not dry_run:
            _carry_out(database, run, moment)
            click.echo("sent")


@command.command()
@click.option("--anew", is_flag=True, help="Begin again from now where a rhythm runs already.")
def start(anew: bool) -> None:
    """Switch the three rhythms on, from now; what lies before is not made up for."""
    with _spoken(), ready_database(read_settings()) as database, database.transaction() as session:
        setup = rhythms.activate(session, OPERATOR, now=moment_of(session), anew=anew)
        for rhythm, since in setup.activated.items():
            click.echo(f"{rhythm.value:8} since {since.astimezone(SETTINGS.zone):%Y-%m-%d %H:%M}")


@command.command()
@click.argument("rhythm", type=click.Choice([one.value for one in Rhythm]))
def stop(rhythm: str) -> None:
    """Switch one rhythm off: daily, weekly or ten_day."""
    with _spoken(), ready_database(read_settings()) as database, database.transaction() as session:
        rhythms.deactivate(session, OPERATOR, Rhythm(rhythm), now=moment_of(session))


@command.command()
@click.argument("addresses", nargs=-1)
@click.option(
    "--kind", "kinds", multiple=True, default=["bulletin"], type=click.Choice(notices.TOLD_TO_GROUPS), help="What to tell."
)
def robots(addresses: tuple[str, ...], kinds: tuple[str, ...]) -> None:
    """Tell group robots at these webhook ADDRESSES of what is published; without any, none is told any more.

    Their hosts must be among TONGCHOU_WEBHOOK_HOSTS.
    """
    with _spoken(), ready_database(read_settings()) as database, database.transaction() as session:
        notices.set_robots(session, OPERATOR, dict.fromkeys(addresses, kinds), now=moment_of(session))


@command.command()
def status() -> None:
    """Show which rhythms run, when they come next, and the last runs."""
    with _spoken(), ready_database(read_settings()) as database, database.transaction() as session:
        for rhythm, coming in rhythms.preview(session, now=moment_of(session)).items():
            days = ", ".join(f"{run.due_at:%Y-%m-%d %H:%M} {run.period_key}" for run in coming)
            click.echo(f"{rhythm.value:8} next: {days}")
        for row in rhythms.runs_of(session, limit=20):
            state = "finished" if row.finished_at else "waiting"
            caught_up = " (caught up)" if row.caught_up else ""
            click.echo(f"{row.rhythm:14} {row.period:12} {state}{caught_up} {(row.figures or {}).get('error', '')}")


def _moment(session: Session, text: str | None) -> datetime:
    if text is None:
        return moment_of(session)
    try:
        return aware(datetime.fromisoformat(text))
    except ValueError as error:
        raise click.BadParameter(f"{text} is no moment; write 2026-10-12T09:00+08:00") from error


def _digest_lines(session: Session, moment: datetime) -> Iterator[str]:
    found = digests.digests_at(session, moment)
    yield f"digests: {len(found)}"
    for one in found:
        yield f"  {one.person}: {digests.notice_of(one, SETTINGS.day_of(moment)).subject}"
        for task in [*one.own, *one.below]:
            yield f"    {task.title} · {task.name} · {task.words}"


def _other_lines(session: Session, runs: list[Run]) -> Iterator[str]:
    for run in runs:
        if run.rhythm is Rhythm.WEEKLY:
            yield f"weekly report {run.label}: {', '.join(weekly.all_units_with_plans(session)) or '-'}"
        else:
            names = [unit.name for unit in bulletins.reporting_units(session)]
            yield f"bulletin {run.label}: {', '.join(names) or '-'}"


def _carry_out(database: Database, run: Run, moment: datetime) -> None:
    with database.transaction() as session:
        claimed = rhythms.claim(session, run, now=moment)
        if not claimed:
            raise Conflict(N_("%(day)s 的督促已经发送。"), day=run.period_key)
        for other in rhythms.due_at_moment(session, moment):
            claimed += rhythms.claim(session, other, now=moment)
    for rhythm, period in claimed:
        rhythms.finish(database, rhythm, period, now=moment)


@contextmanager
def _spoken() -> Iterator[None]:
    """A refusal is one line and exit code 1."""
    try:
        yield
    except TongchouError as error:
        raise click.ClickException(error.message) from error
