"""`workflow recount`"""

import click

from workflow_service.services import ledger
from workflow_service.services.business_clock import moment_of
from workflow_service.services.context import Actor
from workflow_service.startup import read_settings, ready_database


@click.command()
def command() -> None:
    """Count the plans again and put right every counter of the board that differs.

    Counters change with the plans; this proves it, after a restore for instance. Changes of plans wait meanwhile.
    """
    with ready_database(read_settings()) as database, database.transaction() as session:
        wrong = ledger.recount(session, Actor.system("cli"), now=moment_of(session))
    click.echo(f"{wrong} counter(s) differed and were put right" if wrong else "every counter is right")
