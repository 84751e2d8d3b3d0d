"""What tests of the interface share: people who call it with their tokens, and the process of five tasks."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.engine import xml_drawing
from tests.people import SYSTEM
from tests.services.house import House, user_task
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.services.tokens import make_token
from workflow_service.store.people import User

MORE_PEOPLE = (
    ("jb.designer", "区发展改革局·流程设计", ("jb.drc", "designer")),
    ("jb.colleague", "区能源局·第二经办", ("jb.energy", "handler")),
    ("nb.supervisor", "市发展改革委·督办", ("nb.drc", "supervisor")),
)
PROBLEM = "application/problem+json"
MEMBERS = {"type", "title", "status", "detail", "instance", "advice"}


@dataclass
class Caller:
    """One person with a token at the interface's door."""

    client: FlaskClient
    token: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self._call("GET", path, more)

    def post(self, path: str, body: Any = None, **more: Any) -> TestResponse:
        return self._call("POST", path, more | ({"json": body} if body is not None else {}))

    def put(self, path: str, body: Any, **more: Any) -> TestResponse:
        return self._call("PUT", path, {**more, "json": body})

    def delete(self, path: str, **more: Any) -> TestResponse:
        return self._call("DELETE", path, more)

    def upload(
        self, path: str, files: Mapping[str, list[tuple[str, bytes]]], fields: Mapping[str, str] | None = None, **more: Any
    ) -> TestResponse:
        data: dict[str, Any] = {
            name: [(io.BytesIO(content), file) for file, content in found] for name, found in files.items()
        }
        data |= dict(fields or {})
        return self._call("POST", path, {**more, "data": data, "content_type": "multipart/form-data"})

    def _call(self, method: str, path: str, more: dict[str, Any]) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", **self.headers, **more.pop("headers", {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **more)


class ApiHouse:
    """A small government, its processes, and an application that answers for it."""

    def __init__(self, house: House, app: Flask) -> None:
        self.house, self.app, self._tokens = house, app, dict[str, str]()
        with house.database.transaction() as session:
            for username, name, post in MORE_PEOPLE:
                facts = PersonFacts(username=username, name=name)
                add_person(session, SYSTEM, facts, [post], now=house.now, password_hash="-", constructed=True)

    def caller(self, username: str, **headers: str) -> Caller:
        return Caller(self.app.test_client(), self.token(username), headers)

    def token(self, username: str) -> str:
        if username not in self._tokens:
            with self.house.database.transaction() as session:
                owner = session.scalars(select(User).where(User.username == username)).one()
                made = make_token(session, SYSTEM, "test", days=30, now=self.house.now, owner=owner)
                self._tokens[username] = made.text
        return self._tokens[username]

    def deploy_five_tasks(self) -> None:
        self.house.deploy(five_tasks())

    def open_ids(self, instance_id: int) -> dict[str, int]:
        return {task.element_id: task.id for task in self.house.open(instance_id)}


def five_tasks() -> bytes:
    """A → choice → B → (C ∥ D) → E, each a task with a form."""
    nodes = "".join(
        ['<startEvent id="start"/>', user_task("a"), '<exclusiveGateway id="choice" default="straight"/>', user_task("b"),
         '<parallelGateway id="fork"/>', user_task("c"), user_task("d"), '<parallelGateway id="join"/>', user_task("e"),
         '<endEvent id="end"/>']
    )  # fmt: skip
    flows = (
        "start -> a", "a -> choice", 'choice -> b [a.outcome == "agree"] as agreed', "choice -> e as straight",
        "b -> fork", "fork -> c", "fork -> d", "c -> join", "d -> join", "join -> e", "e -> end",
    )  # fmt: skip
    return xml_drawing.draw(nodes, *flows)


def assert_problem(response: TestResponse, status: int, code: str | None = None) -> dict[str, Any]:
    """The answer is problem details with this status; gives its body."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.content_type == PROBLEM
    body = response.get_json(force=True)
    assert set(body) >= MEMBERS
    assert body["status"] == status
    assert body["detail"]
    assert body["advice"]
    assert body["type"].startswith("/problems/")
    if code is not None:
        assert body["type"] == f"/problems/{code}"
    return dict(body)
