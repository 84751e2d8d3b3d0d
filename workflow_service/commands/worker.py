"""`workflow worker`"""

import os
import sys
import threading
import time

import click

from workflow_service.services.business_clock import clock_of
from workflow_service.serving import run_until_signal
from workflow_service.startup import read_settings, ready_database

LOCK_SECONDS = 2.0


@click.command()
@click.option(
    "--until-input-ends", is_flag=True, hidden=True, help="Stop when the parent process closes the pipe."
)
def command(until_input_ends: bool) -> None:
    """Run background jobs: notices, e-mail, imports, documents.

    Any number of workers may run against one database; a job is done by one of them.
    """
    from workflow_service import jobs

    settings = read_settings()
    stop = threading.Event()
    if until_input_ends:
        threading.Thread(target=_wait_for_the_end, args=[stop], daemon=True).start()
    with ready_database(settings) as database:
        run_until_signal(lambda: jobs.run(database, settings, stop, clock_of(database)), stop)


def _wait_for_the_end(stop: threading.Event) -> None:
    """The pipe ends when the parent dies; its lock on the database may outlive the pipe by a moment, itself it does not.

    A parent that died before we looked never changes again: hence the limit.
    """
    parent = os.getppid()
    sys.stdin.read()
    ends = time.monotonic() + LOCK_SECONDS
    while os.getppid() == parent and time.monotonic() < ends:
        time.sleep(0.02)
    stop.set()
