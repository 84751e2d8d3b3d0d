"""Where demos live: a database of its own for each beside the real one, and which of them the next commands open.

In the embedded server that is `demo_<name>`; the file `database` in the var folder remembers the choice. A server of somebody
else's holds one database only: a demo may fill it as long as no real person has an account there.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from workflow_service import clock
from workflow_service.startup_error import StartError
from workflow_service.store import setting_rows
from workflow_service.store.database import Database
from workflow_service.store.embedded import DATABASE as REAL
from workflow_service.store.embedded import EmbeddedServer
from workflow_service.store.people import User
from workflow_service.store.records import Setting
from workflow_service.store.schema import migrate

PREFIX = "demo_"
MARK = "demo"
IN_USE = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@dataclass(frozen=True)
class Mark:
    """What a demo database says of itself; `finished` is None while, or where, filling it was not completed."""

    name: str
    finished: datetime | None


def chosen(var: Path) -> str | None:
    """Give the database of the embedded server that was chosen for the next commands; None where nobody chose yet."""
    file = var / "database"
    return file.read_text().strip() if file.exists() else None


def choose(var: Path, name: str) -> None:
    """Let the next commands open this database of the embedded server."""
    var.mkdir(parents=True, exist_ok=True)
    unfinished = var / "database.new"
    unfinished.write_text(name + "\n")
    unfinished.replace(var / "database")


def names_in(server: EmbeddedServer) -> list[str]:
    """Give the databases of a running embedded server, the real one and the demos."""
    with _maintenance(server) as connection:
        rows = connection.execute("SELECT datname FROM pg_database ORDER BY datname").fetchall()
    return [name for (name,) in rows if name == REAL or name.startswith(PREFIX)]


def require_existing(server: EmbeddedServer, name: str) -> None:
    """Raise StartError unless the database exists in the running embedded server."""
    if name not in names_in(server):
        raise StartError(
            f"there is no database {name}: fill it with `workflow demo {name.removeprefix(PREFIX)}`, "
            "or go back to the real one with `workflow demo --leave`"
        )


def create_missing(server: EmbeddedServer, name: str) -> None:
    """Create an empty database in the running embedded server unless it exists."""
    if name in names_in(server):
        return
    with _maintenance(server) as connection:
        made = sql.Identifier(name)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(made))
        # a demo that loses its last second in a crash loses nothing, and is filled in half the time
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(made))


def refuse_unless_free(database: Database) -> None:
    """Raise StartError where a demo must not be filled in: real people, data of nobody's demo, a service that uses it."""
    if real := real_users(database):
        raise StartError(
            f"this database holds {real} real user(s): a demo is never mixed with them, so give it a database of its own"
        )
    if mark_of(database) is None and has_data(database):
        raise StartError(
            "this database holds data that no demo put there: give the demo a database of its own"
        )
    with database.engine.connect() as connection:
        if connection.execute(text(IN_USE)).scalar_one():
            raise StartError("this demo's database is in use: stop the service that shows it, then try again")


def renew(database: Database, name: str) -> None:
    """Drop everything in the database, build the tables and mark it as the unfinished demo `name`."""
    with database.engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        connection.commit()
    database.close()
    migrate(database)
    with database.transaction() as session:
        mark(session, name, None)


def mark(session: Session, name: str, finished: datetime | None) -> None:
    """Note which demo the database holds and when (wall time) it was completed."""
    value = {"name": name, "finished": finished.isoformat() if finished else None}
    setting_rows.put(session, MARK, value, at=clock.now())


def mark_of(database: Database) -> Mark | None:
    """Give what the database says of itself; None where it is no demo."""
    if not _has_table(database, Setting.__tablename__):
        return None
    with database.transaction() as session:
        value = setting_rows.value_of(session, MARK)
    if value is None:
        return None
    return Mark(value["name"], datetime.fromisoformat(value["finished"]) if value["finished"] else None)


def real_users(database: Database) -> int:
    """Count the accounts that no demo constructed; none where there are no tables yet."""
    return _count(database, User.__tablename__, "WHERE NOT constructed")


def has_data(database: Database) -> bool:
    """Whether anybody, a demo included, has put people, units, plans or processes into the database."""
    return any(_count(database, name) for name in ("user_account", "unit", "plan", "process_instance"))


def _count(database: Database, table: str, condition: str = "") -> int:
    if not _has_table(database, table):
        return 0
    with database.engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table} {condition}")).scalar_one())


def _has_table(database: Database, name: str) -> bool:
    return bool(inspect(database.engine).has_table(name))


def _maintenance(server: EmbeddedServer) -> psycopg.Connection[tuple[str]]:
    return psycopg.connect(server.url("postgres").replace("+psycopg", ""), autocommit=True)
