"""The `workflow` command: every module of the folder `commands` that has a `command` is one subcommand."""

import importlib
import pkgutil
import signal
import sys
from types import FrameType
from typing import Any, NoReturn

import click

from workflow_service import __version__, collector, commands, logs
from workflow_service.config import Settings
from workflow_service.startup_error import StartError


class CommandFolder(click.Group):
    """Finds subcommands by file name and imports only the one that is called."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        command: click.Command = importlib.import_module(f"{commands.__name__}.{name}").command
        return command

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except StartError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=CommandFolder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="workflow")
def workflow() -> None:
    """统筹: carries government development plans through their approval routes.

    Settings come from the environment (DATABASE_URL, SECRET_KEY, PORT and TONGCHOU_*); without DATABASE_URL an embedded
    PostgreSQL of this checkout is started for the time of the command.
    """
    settings = Settings.from_environment()
    logs.configure(settings.log_level, settings.log_format)


def main() -> None:
    """Run the command line; SIGTERM ends a command as Ctrl-C does, so that the embedded database is stopped too."""
    signal.signal(signal.SIGTERM, _end)
    collector.search_seldom()
    workflow(prog_name="workflow")


def _end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
