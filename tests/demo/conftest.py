"""One database for each demo and module of tests: filling it takes seconds, looking at it does not."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from sqlalchemy.orm import Session

from tests.databases import Databases
from tests.setup.conftest import var
from workflow_service.store.database import Database, DatabaseOptions

__all__ = ["filled", "session", "var"]

Filled = Callable[[Callable[[Database], object]], AbstractContextManager[Database]]


@pytest.fixture(scope="module")
def filled(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """Give a function that fills a new database with a builder, for the time of a with-block."""

    @contextmanager
    def fill(build: Callable[[Database], object]) -> Iterator[Database]:
        with databases.temporary(migrated=True) as url:
            database = Database(url, DatabaseOptions(files_dir=tmp_path_factory.mktemp("files")))
            build(database)
            yield database
            database.close()

    return fill


@pytest.fixture
def session(demo: Database) -> Iterator[Session]:
    """A session in the module's demo."""
    with demo.transaction() as session:
        yield session
