"""`workflow serve`"""

import contextlib
import importlib
import threading

import click

from workflow_service.app import create_app, is_built
from workflow_service.config import Settings
from workflow_service.serving import in_background, listening_socket, serve_pages, worker_process
from workflow_service.startup import embedded_server, read_settings, ready_database
from workflow_service.store.database import Database


@click.command()
@click.option(
    "--demo", is_flag=True, help="First deploy the delivered routes and load the small demo, unless done."
)
def command(demo: bool) -> None:
    """Serve everything on this machine: pages, API, scheduler and one worker.

    The worker is a process of its own. Ctrl-C or SIGTERM ends all of them and the embedded database.
    """
    settings = read_settings()
    with contextlib.ExitStack() as running:
        listener = running.enter_context(listening_socket(settings.host, settings.port))
        _keep_database(running, settings)
        database = running.enter_context(ready_database(settings))
        greeting = _load_demo(database, settings) if demo else []
        app = create_app(settings, database)
        if is_built("workflow_service.jobs"):
            running.enter_context(worker_process())
        if is_built("workflow_service.scheduler"):
            from workflow_service import scheduler

            running.enter_context(
                in_background("scheduler", lambda stop: scheduler.run(database, settings, stop))
            )
        click.echo("\n".join([*greeting, f"serving on {settings.public_url}"]))
        serve_pages(app, listener, settings.web_threads)


def _load_demo(database: Database, settings: Settings) -> list[str]:
    if not is_built("workflow_service.commands.demo"):
        return []
    importlib.import_module("workflow_service.commands.deploy").deploy_delivered(database, settings)
    lines: list[str] = importlib.import_module("workflow_service.commands.demo").load_small(
        database, settings
    )
    return lines


def _keep_database(running: contextlib.ExitStack, settings: Settings) -> None:
    """Start the embedded server again if it is killed while we run."""
    if not settings.is_embedded:
        return
    server = running.enter_context(embedded_server(settings))

    def watch(stop: threading.Event) -> None:
        while not stop.wait(1.0):
            if not server.is_alive():
                server.start()

    running.enter_context(in_background("database", watch))
