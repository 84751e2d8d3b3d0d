"""`workflow unit`"""

from __future__ import annotations

import click

from workflow_service.commands.user import OPERATOR, people_transaction
from workflow_service.identity.groups import RELATIONS
from workflow_service.services.business_clock import moment_of
from workflow_service.services.units import STANDARD_POSTS, USUAL_POSTS, UnitFacts, add_unit
from workflow_service.store import people_queries as ask

FUNCTIONS = sorted({relation for relation, _above in RELATIONS.values()})


@click.group()
def command() -> None:
    """Set up and list units.

    Administrators do it on the pages; here it is for the first unit, in which the first administrator gets his post.
    """


@command.command()
@click.argument("code")
@click.option("--name", required=True, help="Full name.")
@click.option("--area", required=True, help="Division code of its government: 6 digits, 9 for towns.")
@click.option("--parent", default="", help="Code of the unit above.")
@click.option(
    "--function", default="", type=click.Choice(["", *FUNCTIONS]), help="What it is to its government."
)
@click.option("--post", "posts", multiple=True, type=click.Choice(sorted(STANDARD_POSTS)), default=USUAL_POSTS,
              show_default=True, help="Its posts; repeat for several.")  # fmt: skip
def add(code: str, name: str, area: str, parent: str, function: str, posts: tuple[str, ...]) -> None:
    """Set up the unit CODE."""
    facts = UnitFacts(code=code, name=name, area=area, parent=parent, relation=function)
    with people_transaction() as session:
        unit = add_unit(session, OPERATOR, facts, posts, now=moment_of(session))
    click.echo(f"{unit.code}\t{unit.name}\t{unit.area_path}")


@command.command("list")
def list_units() -> None:
    """List all units in use in the order of the tree."""
    with people_transaction() as session:
        for unit in ask.units_below(session, None):
            click.echo(f"{unit.code}\t{unit.name}\t{unit.area}\t{unit.relation}")
