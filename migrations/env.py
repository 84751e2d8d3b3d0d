"""Alembic's entry: runs on the connection that the caller hands over (store/schema.py, draft.py)."""

from typing import Any

from alembic import context
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from workflow_service.store import tables
from workflow_service.store.base import Moment

OF_THE_QUEUE = ("procrastinate_", "job_queue_schema", "alembic_version")


def is_ours(thing: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """Leave the job queue's tables out of comparisons: their schema belongs to Procrastinate."""
    return kind != "table" or not str(name).startswith(OF_THE_QUEUE)


def written_out(kind: str, thing: Any, autogen: Any) -> str | bool:
    """Write our own column type as what it is in the database, so that a migration does not change with our code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, Moment) else False


def numbered(migration: Any, revision: Any, directives: list[Any]) -> None:
    """Number a new migration after the newest one: 0001, 0002, and so on."""
    newest = ScriptDirectory.from_config(context.config).get_current_head()
    for directive in directives:
        directive.rev_id = f"{int(newest or 0) + 1:04}"


def run(connection: Connection) -> None:
    """Run the migrations that were asked for in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        include_object=is_ours,
        compare_type=True,
        compare_server_default=False,
        render_item=written_out,
        process_revision_directives=numbered,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
