"""Visitors of the pages: clients that are signed in, on a small government with a deployed route."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.people import PASSWORD
from tests.services.house import House
from workflow_service.app import create_app
from workflow_service.config import Settings
from workflow_service.store.database import Database

CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Person:
    """One signed-in person at a browser without scripts."""

    client: FlaskClient

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def post(self, path: str, data: Any = (), *, seen: str = "/mine", **more: Any) -> Any:
        """Post a form with the CSRF token of the page on which it stood."""
        token = CSRF.search(self.client.get(seen).text)
        assert token is not None
        pairs = list(data.items()) if isinstance(data, dict) else list(data)
        fields: dict[str, Any] = {"csrf_token": token[1]}
        for name, value in pairs:
            fields.setdefault(name, []).append(value) if name in fields else fields.update({name: [value]})
        return self.client.post(path, data=fields, **more)

    def speaks(self, language: str) -> "Person":
        self.post("/preferences", {"language": language})
        return self


@pytest.fixture
def house(database: Database) -> House:
    """A small government in a fresh database."""
    return House.build(database)


@pytest.fixture
def app(house: House, settings: Settings) -> Flask:
    """The application at the house's moment."""
    return create_app(settings, house.database, lambda: house.now)


@pytest.fixture
def person(app: Flask) -> Callable[[str], Person]:
    """Sign somebody in by log-in name."""

    def sign_in(username: str) -> Person:
        client = app.test_client()
        token = CSRF.search(client.get("/sign-in").text)
        assert token is not None
        form = {"csrf_token": token[1], "username": username, "password": PASSWORD}
        assert client.post("/sign-in", data=form).status_code == 302
        return Person(client)

    return sign_in
