"""Migrations give exactly the tables of the code, from an empty database and however many try at once."""

from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from workflow_service.store import tables
from workflow_service.store.database import Database
from workflow_service.store.queue_schema import install_or_upgrade, installed_version, package_version
from workflow_service.store.schema import migrate, schema_state

NOT_OURS = ("procrastinate_", "job_queue_schema", "alembic_version")


def test_an_empty_database_becomes_what_the_code_describes(empty_url: str) -> None:
    database = Database(empty_url)
    assert migrate(database).is_current
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": _is_ours, "compare_type": True}
        )
        assert compare_metadata(context, tables.metadata) == []
    database.close()


def test_migrating_again_changes_nothing(database: Database) -> None:
    before = schema_state(database)
    assert migrate(database) == before


def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        states = list(pool.map(migrate, databases))
    assert all(state.is_current for state in states)
    for database in databases:
        database.close()


def test_an_interrupted_migration_leaves_the_database_as_it_was(empty_url: str) -> None:
    database = Database(empty_url)
    with database.engine.connect() as connection:
        connection.execute(text("CREATE TABLE task (in_the_way int)"))
        connection.commit()
    try:
        migrate(database)
    except Exception:
        assert inspect(database.engine).get_table_names() == ["task"]
    else:
        raise AssertionError("the migration should have failed")
    finally:
        database.close()


def test_the_job_queue_has_the_schema_of_the_installed_package(database: Database) -> None:
    with database.engine.connect() as connection:
        assert installed_version(connection) == package_version()
        install_or_upgrade(connection)
        connection.rollback()


def _is_ours(thing: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    return kind != "table" or not str(name).startswith(NOT_OURS)
