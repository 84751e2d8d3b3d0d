import pytest

from tests.api.callers import ApiHouse
from tests.conftest import Clock
from tests.services.house import House
from workflow_service.app import create_app
from workflow_service.config import Settings
from workflow_service.store.database import Database


@pytest.fixture
def house(database: Database) -> House:
    """A small government in a fresh database."""
    return House.build(database)


@pytest.fixture
def api(house: House, settings: Settings, clock: Clock) -> ApiHouse:
    """The interface over the small government; its business clock stands at `clock.moment`."""
    return ApiHouse(house, create_app(settings, house.database, clock))
