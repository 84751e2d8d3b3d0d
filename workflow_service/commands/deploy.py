"""`workflow deploy`"""

from pathlib import Path

import click
from sqlalchemy import select

from workflow_service.config import Settings
from workflow_service.domain.errors import TongchouError
from workflow_service.engine.problems import DefinitionRefused
from workflow_service.services import delivered, deployments
from workflow_service.services.business_clock import clock_of
from workflow_service.services.context import Actor
from workflow_service.startup import read_settings, ready_database
from workflow_service.store.database import Database
from workflow_service.store.definitions import ProcessDefinition

from .check import print_problems

OPERATOR = Actor.system("cli")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("files", nargs=-1, type=FILE)
@click.option("--name", help="What the deployment is called in the list; by default the first file's name.")
def command(files: tuple[Path, ...], name: str | None) -> None:
    """Deploy FILES (.bpmn, .dmn, form .json) together, or the delivered routes where no file is named.

    All are checked first; with one error nothing is deployed. What did not change makes no new version, running instances stay
    on the version they began with, and a route that uses a changed table or form gets a new version too.
    """
    contents = {file.name: file.read_bytes() for file in files} or delivered.delivered_files()
    with ready_database(read_settings()) as database:
        before = _newest(database)
        try:
            with database.transaction() as session:
                title = name or (files[0].name if files else delivered.NAME)
                deployments.deploy_files(session, OPERATOR, title, contents, now=clock_of(database)())
        except DefinitionRefused as refused:
            print_problems({"": list(refused.problems)})
            raise click.ClickException(f"nothing was deployed: {refused.message}") from refused
        except TongchouError as error:
            raise click.ClickException(error.message) from error
        _tell(before, _newest(database))


def deploy_delivered(database: Database, settings: Settings) -> None:
    """Deploy the delivered files where nothing has been deployed yet: the first start of a database."""
    with database.transaction() as session:
        delivered.deploy_delivered_at_first(session, OPERATOR, now=clock_of(database)())


def _newest(database: Database) -> dict[str, int]:
    statement = select(ProcessDefinition.key, ProcessDefinition.version)
    with database.transaction() as session:
        rows = session.execute(statement.order_by(ProcessDefinition.key, ProcessDefinition.version))
        return {row.key: row.version for row in rows}


def _tell(before: dict[str, int], after: dict[str, int]) -> None:
    changed = [key for key, version in after.items() if before.get(key) != version]
    for key in changed:
        click.echo(f"{key}  version {after[key]}")
    if not changed:
        click.echo("nothing changed: every file was deployed before")
