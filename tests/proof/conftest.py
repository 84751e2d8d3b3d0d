import pytest

from tests.services.house import House
from workflow_service.store.database import Database


@pytest.fixture
def house(database: Database) -> House:
    """A small government in a fresh database."""
    return House.build(database)
