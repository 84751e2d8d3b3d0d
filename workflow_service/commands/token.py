"""`workflow token`"""

from __future__ import annotations

import click

from workflow_service import clock
from workflow_service.commands.user import OPERATOR, account_of, people_transaction
from workflow_service.identity.access import is_usable
from workflow_service.services.tokens import make_token, revoke_token
from workflow_service.store import people_queries as ask


@click.group()
def command() -> None:
    """Make, list and revoke tokens for the API."""


@command.command()
@click.argument("username")
@click.option("--name", default="cli", show_default=True, help="What the token is for.")
@click.option("--days", type=click.IntRange(1, 366), help="Days until it expires; without it, never.")
def make(username: str, name: str, days: int | None) -> None:
    """Make a token with which programs act as USERNAME, and print it: it is shown only this once."""
    with people_transaction() as session:
        owner = account_of(session, username)
        click.echo(make_token(session, OPERATOR, name, days=days, now=clock.now(), owner=owner).text)


@command.command("list")
@click.argument("username")
def list_tokens(username: str) -> None:
    """List USERNAME's tokens: number, name, expiry, whether they still open."""
    with people_transaction() as session:
        for token in ask.tokens_of(session, account_of(session, username).id):
            state = "valid" if is_usable(token, clock.now()) else "ended"
            expires = f"{token.expires_at:%Y-%m-%d}" if token.expires_at else "never"
            click.echo(f"{token.id}\t{token.name}\t{expires}\t{state}")


@command.command()
@click.argument("number", type=int)
def revoke(number: int) -> None:
    """Revoke the token with this NUMBER (see `list`)."""
    with people_transaction() as session:
        revoke_token(session, OPERATOR, number, now=clock.now())
    click.echo(f"token {number} is revoked")
