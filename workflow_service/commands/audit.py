"""`workflow audit`"""

import sys

import click

from workflow_service.i18n import _
from workflow_service.services import audit
from workflow_service.services.business_clock import clock_of
from workflow_service.startup import read_settings, ready_database


@click.group()
def command() -> None:
    """Verify the record of every command: who, when, what, from where.

    Records are chained by their hashes, one chain for each instance and one for the rest; the ends of all chains are anchored
    every hour in a chain of their own.
    """


@command.command()
def verify() -> None:
    """Recompute every chain and name each record that was edited, deleted, reordered or cut off.

    Deployed files, their bundles and remarks are held against the hashes in their records.

    One line a fault: chain, number of the record, what is wrong. The exit code is 1 where there is a fault.
    """
    with ready_database(read_settings()) as database, database.snapshot() as session:
        faults = audit.verify(session)
    for fault in faults:
        click.echo(f"{fault.chain}  {fault.seq}  {_(fault.message)}")
    click.echo(f"{len(faults)} fault(s)" if faults else "the record is whole")
    if faults:
        sys.exit(1)


@command.command()
def anchor() -> None:
    """Note the ends of all chains now instead of at the next full hour; before a backup, for instance."""
    with ready_database(read_settings()) as database, database.transaction() as session:
        count = audit.anchor(session, now=clock_of(database)())
    click.echo(f"{count} chain(s) anchored")
