"""`workflow migrate`"""

import click

from workflow_service.startup import open_database, read_settings
from workflow_service.store.schema import migrate


@click.command()
def command() -> None:
    """Bring the database's tables to this version.

    Several machines may run it at once; one migrates, the others wait. A database that a newer version has used is refused.
    """
    with open_database(read_settings()) as database:
        state = migrate(database)
    click.echo(f"the database stands at migration {state.present}")
