"""`workflow scheduler`"""

import threading

import click

from workflow_service.services.business_clock import clock_of
from workflow_service.serving import run_until_signal
from workflow_service.startup import read_settings, ready_database


@click.command()
def command() -> None:
    """Decide when: due timers, deadlines and the daily, weekly and ten-day rhythms.

    Any number of schedulers may run against one database; each period runs once.
    """
    from workflow_service import scheduler

    settings = read_settings()
    stop = threading.Event()
    with ready_database(settings) as database:
        run_until_signal(lambda: scheduler.run(database, settings, stop, clock_of(database)), stop)
