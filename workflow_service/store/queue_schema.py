"""Procrastinate's tables, installed and upgraded by our own migrations, so that one command prepares a database.

The schema comes from the installed package. `job_queue_schema` remembers the newest of the package's migrations that
the database has, because a fresh database gets the whole schema of today and must not see those migrations again.
"""

from pathlib import Path

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text

TABLE = "job_queue_schema"


def install_or_upgrade(connection: Connection) -> None:
    """Bring the queue's tables to the version of the installed package; does nothing when they are."""
    connection.execute(text(f"CREATE TABLE IF NOT EXISTS {TABLE} (version text NOT NULL)"))
    present = installed_version(connection)
    if present is None:
        _run(connection, SchemaManager.get_schema())
        connection.execute(text(f"INSERT INTO {TABLE} VALUES (:version)"), {"version": package_version()})
        return
    for script in package_migrations():
        if script.stem > present:
            _run(connection, script.read_text(encoding="utf-8"))
    connection.execute(text(f"UPDATE {TABLE} SET version = :version"), {"version": package_version()})


def installed_version(connection: Connection) -> str | None:
    """The newest of the package's migrations that the database has; None before the first installation."""
    return connection.execute(text(f"SELECT version FROM {TABLE}")).scalar_one_or_none()


def package_migrations() -> list[Path]:
    """The package's own upgrade scripts, oldest first; their names sort by version."""
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def package_version() -> str:
    """The newest upgrade script of the installed package."""
    return package_migrations()[-1].stem


def _run(connection: Connection, script: str) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(script.encode())
    cursor.close()
