"""Drafts the next migration from the difference between the tables in the code and the migrations: `make migration m=…`."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from workflow_service.store.database import Database
from workflow_service.store.embedded import EmbeddedServer
from workflow_service.store.schema import migrate


def draft(message: str) -> None:
    """Write migrations/versions/<number>_<message>.py, to be read and corrected by a person."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder), durable=False) as server:
        database = Database(server.url())
        migrate(database)
        with database.engine.connect() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent))
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            config.attributes["connection"] = connection
            command.revision(config, message, autogenerate=True)
        database.close()


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.exit('usage: make migration m="what changes"')
    draft(sys.argv[1])
