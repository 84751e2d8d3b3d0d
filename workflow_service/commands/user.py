"""`workflow user`"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy.orm import Session

from workflow_service.domain.errors import TongchouError
from workflow_service.identity.import_people import read_rows, template_csv
from workflow_service.services import people as use
from workflow_service.services.business_clock import moment_of
from workflow_service.services.context import Actor
from workflow_service.services.people import NewAccount, PersonFacts
from workflow_service.services.people_import import check_import, run_import
from workflow_service.services.units import business_day
from workflow_service.startup import read_settings, ready_database
from workflow_service.store import people_queries as ask
from workflow_service.store.people import User
from workflow_service.store.people_queries import PeopleFilter

OPERATOR = Actor.system("cli")
PAGE = 500


@click.group()
def command() -> None:
    """Set up, unlock, stop and list people.

    What administrators do on the pages; here it is for the first administrator and for emergencies. All of it is recorded.
    """


@command.command()
@click.argument("username")
@click.option("--name", required=True, help="Name shown everywhere.")
@click.option(
    "--post", "posts", multiple=True, required=True, metavar="UNIT:POST", help="A post, e.g. zj.drc:admin."
)
@click.option("--email", default="", help="Where reminders go.")
@click.option("--password", help="First password; without it a temporary one is made and printed.")
def add(username: str, name: str, posts: tuple[str, ...], email: str, password: str | None) -> None:
    """Set up USERNAME in one or more posts."""
    places = [_place(post) for post in posts]
    with people_transaction() as session:
        facts = PersonFacts(username=username, name=name, email=email)
        _tell(use.add_person(session, OPERATOR, facts, places, now=moment_of(session), password=password))


@command.command()
@click.argument("username")
@click.option("--password", help="The new password; without it a temporary one is made and printed.")
def password(username: str, password: str | None) -> None:
    """Give USERNAME a new password, unlock the account and end its sessions."""
    with people_transaction() as session:
        user = account_of(session, username)
        _tell(use.reset_password(session, OPERATOR, user.id, now=moment_of(session), password=password))


@command.command()
@click.argument("username")
def unlock(username: str) -> None:
    """Let USERNAME try again after too many wrong passwords."""
    with people_transaction() as session:
        use.unlock_person(session, OPERATOR, account_of(session, username).id, now=moment_of(session))
    click.echo(f"{username} may try again")


@command.command()
@click.argument("username")
def stop(username: str) -> None:
    """Stop USERNAME's account: sessions, tokens and posts end."""
    with people_transaction() as session:
        use.deactivate_person(session, OPERATOR, account_of(session, username).id, now=moment_of(session))
    click.echo(f"{username} is stopped")


@command.command("list")
@click.option("--unit", default="", help="Only this unit (its code) and those below it.")
@click.option("--all", "everybody", is_flag=True, help="Stopped accounts too.")
def list_people(unit: str, everybody: bool) -> None:
    """List people with their posts, by rank and pinyin."""
    with people_transaction() as session:
        found = ask.unit_by_code(session, unit) if unit else None
        if unit and found is None:
            raise click.ClickException(f"there is no unit {unit}")
        wanted = PeopleFilter(
            areas=None, unit_path=found.path if found else "", active=None if everybody else True
        )
        for line in _lines(session, wanted):
            click.echo(line)


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only check the rows.")
def import_people(file: Path, dry_run: bool) -> None:
    """Import people from FILE (.xlsx or .csv): all rows or none."""
    with people_transaction() as session:
        rows = read_rows(file.read_bytes(), file.name)
        check = check_import(session, OPERATOR, rows, now=moment_of(session))
        for each in check.rows:
            for error in each.errors:
                click.echo(f"row {each.row.number}: {error}", err=True)
        click.echo(
            f"{len(check.rows)} rows: {check.count('new')} new people, {check.count('post')} further posts, "
            f"{check.count('same')} unchanged, {check.count('error')} wrong"
        )
        if not check.is_clean:
            raise click.ClickException("nothing was written")
        if not dry_run:
            for person in run_import(session, OPERATOR, rows, now=moment_of(session)).people:
                click.echo(f"{person.username}\t{person.temporary_password}")


@command.command()
def template() -> None:
    """Print the headings of the import file."""
    click.echo(template_csv().decode("utf-8-sig"), nl=False)


def _lines(session: Session, wanted: PeopleFilter) -> Iterator[str]:
    today, after = business_day(moment_of(session)), None
    while people := ask.people_page(session, wanted, today, after=after, limit=PAGE):
        posts: dict[int, list[str]] = {}
        for held in ask.memberships_of(session, [user.id for user in people], today):
            posts.setdefault(held.user_id, []).append(f"{held.post.unit.code}:{held.post.code}")
        for user in people:
            state = "" if user.active else "\tstopped"
            yield f"{user.username}\t{user.name}\t{' '.join(posts.get(user.id, []))}{state}"
        after = (people[-1].sort_key, people[-1].id)


def _place(post: str) -> tuple[str, str]:
    unit, colon, code = post.rpartition(":")
    if not colon or not unit:
        raise click.BadParameter(f"{post} is not UNIT:POST", param_hint="--post")
    return unit, code


def _tell(account: NewAccount) -> None:
    if account.temporary_password:
        click.echo(f"{account.user.username}\t{account.temporary_password}")
    else:
        click.echo(f"{account.user.username} may sign in")


def account_of(session: Session, username: str) -> User:
    """Give the account with this log-in name; raises ClickException."""
    user = ask.user_by_name(session, username)
    if user is None:
        raise click.ClickException(f"there is no account {username}")
    return user


@contextmanager
def people_transaction() -> Iterator[Session]:
    """A transaction on the configured database; a refusal becomes one line and exit code 1."""
    try:
        with ready_database(read_settings()) as database, database.transaction() as session:
            yield session
    except TongchouError as error:
        raise click.ClickException(str(error)) from error
