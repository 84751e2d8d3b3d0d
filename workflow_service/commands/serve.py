"""`workflow serve`"""

import contextlib
import threading

import click

from workflow_service import scheduler
from workflow_service.app import create_app
from workflow_service.config import Settings
from workflow_service.services.business_clock import clock_of
from workflow_service.serving import in_background, listening_socket, serve_pages, worker_process
from workflow_service.startup import embedded_server, read_settings, ready_database
from workflow_service.store.embedded import EmbeddedServer

from .demo import first_choice, load_small
from .deploy import deploy_delivered


@click.command()
@click.option(
    "--demo", is_flag=True, help="First load the small demo, unless a demo or real data stand there already."
)
def command(demo: bool) -> None:
    """Serve everything on this machine: pages, API, scheduler and one worker.

    The worker is a process of its own. Ctrl-C or SIGTERM ends all of them and the embedded database.
    """
    settings = read_settings()
    with contextlib.ExitStack() as running:
        listener = running.enter_context(listening_socket(settings.host, settings.port))
        server = _keep_database(running, settings)
        if demo and server is not None:
            settings = first_choice(settings, server)
        database = running.enter_context(ready_database(settings))
        greeting = load_small(database, settings) if demo else []
        deploy_delivered(database, settings)
        now = clock_of(database)
        app = create_app(settings, database, now)
        running.enter_context(worker_process(settings.database_name))
        running.enter_context(
            in_background("scheduler", lambda stop: scheduler.run(database, settings, stop, now))
        )
        click.echo("\n".join([f"serving on {settings.public_url}", *greeting]))  # how to sign in is read last
        serve_pages(app, listener, settings.web_threads)


def _keep_database(running: contextlib.ExitStack, settings: Settings) -> EmbeddedServer | None:
    """Start the embedded server, and again if it is killed while we run; None where there is none."""
    if not settings.is_embedded:
        return None
    server = running.enter_context(embedded_server(settings))

    def watch(stop: threading.Event) -> None:
        while not stop.wait(1.0):
            if not server.is_alive():
                server.start()

    running.enter_context(in_background("database", watch))
    return server
