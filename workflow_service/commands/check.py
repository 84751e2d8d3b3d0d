"""`workflow check`"""

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from workflow_service.domain.errors import TongchouError
from workflow_service.engine.problems import Problem
from workflow_service.services import deployments
from workflow_service.services.context import Actor
from workflow_service.startup import read_settings, ready_database

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
def command(files: tuple[Path, ...]) -> None:
    """Check FILES (.bpmn, .dmn, form .json) as a deployment would, without deploying them.

    What they refer to is looked for among the files and in what is deployed. One line a finding: file, line, error or warning,
    element, what is wrong and what to do. The exit code is 1 where there is an error.
    """
    contents = {file.name: file.read_bytes() for file in files}
    with ready_database(read_settings()) as database, database.transaction() as session:
        try:
            found = deployments.check_files(session, Actor.system("cli"), contents)
        except TongchouError as error:
            raise click.ClickException(error.message) from error
    print_problems(found)
    errors = sum(problem.is_error for problems in found.values() for problem in problems)
    warnings = sum(len(problems) for problems in found.values()) - errors
    click.echo(f"{len(files)} file(s): {errors} error(s), {warnings} warning(s)")
    if errors:
        sys.exit(1)


def print_problems(found: Mapping[str, list[Problem]]) -> None:
    """Write one line a finding, errors first within each file."""
    for file, problems in found.items():
        for problem in sorted(problems, key=lambda one: not one.is_error):
            click.echo(_line(file, problem))


def _line(file: str, problem: Problem) -> str:
    place = ":".join(filter(None, (file, str(problem.line or ""))))
    words = (place, problem.severity, problem.element_id or "", problem.message, problem.advice)
    return "  ".join(filter(None, words))
