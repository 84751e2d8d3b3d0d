"""Which migration a database stands at, and how it is brought to the newest."""

from dataclasses import dataclass

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from workflow_service.resources import migrations_dir
from workflow_service.startup_error import StartError

from .database import Database

ONE_MIGRATION_AT_A_TIME = 0x746F6E67  # the key of an advisory lock


@dataclass(frozen=True)
class SchemaState:
    """The revision that a database has and the newest one that this program knows."""

    present: str | None
    newest: str
    is_known: bool

    @property
    def is_current(self) -> bool:
        return self.present == self.newest


def schema_state(database: Database) -> SchemaState:
    """Compare the database with the migrations of this program."""
    scripts = ScriptDirectory(str(migrations_dir()))
    with database.engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    known = present is None or present in {script.revision for script in scripts.walk_revisions()}
    return SchemaState(present, str(scripts.get_current_head()), known)


def require_current(database: Database) -> None:
    """Raise StartError unless the database stands at the newest migration."""
    state = schema_state(database)
    _refuse_unknown(state)
    if not state.is_current:
        raise StartError(
            f"the database stands at migration {state.present or 'none'}, not {state.newest}: "
            "run `workflow migrate`"
        )


def migrate(database: Database, target: str = "head") -> SchemaState:
    """Bring the database to the newest migration (or to `target`); several processes may call it at once."""
    _refuse_unknown(schema_state(database))
    with database.engine.connect() as connection:
        connection.execute(
            text("SELECT set_config('lock_timeout', '0', false), set_config('statement_timeout', '0', false)")
        )
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ONE_MIGRATION_AT_A_TIME})
        try:
            connection.commit()
            config = Config()
            config.set_main_option("script_location", str(migrations_dir()).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, target)
            connection.commit()
        finally:
            connection.rollback()
            connection.invalidate()
    return schema_state(database)


def _refuse_unknown(state: SchemaState) -> None:
    if not state.is_known:
        raise StartError(
            f"the database stands at migration {state.present}, which this version does not know: "
            "it was used by a newer version, so install that one"
        )
