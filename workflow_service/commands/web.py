"""`workflow web`"""

import click

from workflow_service.app import create_app
from workflow_service.services.business_clock import clock_of
from workflow_service.serving import listening_socket, serve_pages
from workflow_service.startup import read_settings, ready_database


@click.command()
def command() -> None:
    """Serve the pages and the API alone.

    For installations of several machines; PORT and TONGCHOU_HOST say where. `gunicorn wsgi:app` does the same.
    """
    settings = read_settings()
    with listening_socket(settings.host, settings.port) as listener, ready_database(settings) as database:
        click.echo(f"serving on {settings.public_url}")
        app = create_app(settings, database, clock_of(database))
        serve_pages(app, listener, settings.web_threads)
