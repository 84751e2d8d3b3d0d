"""Small programs that work over HTTP as staff do, keep their own journal of what was acknowledged, and never give up a command.

A command whose answer did not arrive is sent again under the same Idempotency-Key until an answer comes.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

ANSWER_SECONDS = 20.0
PAUSE_SECONDS = 0.03
AGREE = {"outcome": "agree", "opinion": "同意。"}


@dataclass(frozen=True)
class Acknowledged:
    """One command that the service said is done. `thing`: the task or the instance."""

    command: str
    key: str
    user: str
    thing: int
    replayed: bool
    tries: int


@dataclass
class Journal:
    """What one client knows; nothing of it comes from the database."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    broken: int = 0
    unforeseen: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """One answer of the service."""

    status: int
    body: dict[str, Any]
    replayed: bool


class Client(threading.Thread):
    """Starts instances of a process and finishes whatever task of it lies before his post."""

    def __init__(self, user: str, token: str, ports: Sequence[int], process: str, quota: Quota, seed: int) -> None:
        super().__init__(name=user, daemon=True)
        self.user, self._token, self._ports, self._process, self._quota = user, token, list(ports), process, quota
        self.journal = Journal()
        self._chance = random.Random(seed)
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        """Work until nothing is left and nothing is to be started."""
        try:
            while not self._quota.is_over.is_set():
                if self._quota.take():
                    self._start()
                if not self._finish_one():
                    time.sleep(PAUSE_SECONDS)
        except Exception as error:
            self.journal.unforeseen.append(f"{self.user} gave up: {error!r}")

    def _start(self) -> None:
        body = {"process_key": self._process, "business_key": f"{self.user}:{uuid4()}"}
        self._command("start", "/process-instances", body, lambda answer: int(answer["id"]))

    def _finish_one(self) -> bool:
        found = self._ask("GET", f"/tasks?process={self._process}&limit=100")
        tasks = [one["id"] for one in found.body.get("items", [])]
        if not tasks:
            return False
        task = self._chance.choice(tasks)
        self._command("complete", f"/tasks/{task}/complete", {"values": AGREE}, lambda answer: int(answer["id"]))
        return True

    def _command(self, command: str, path: str, body: dict[str, Any], thing: Any) -> None:
        key, tries = str(uuid4()), 0
        while True:
            tries += 1
            answer = self._try("POST", path, body, key)
            if answer is not None and not _is_to_be_repeated(answer):
                break
            time.sleep(PAUSE_SECONDS)
        if answer.status in (200, 201):
            done = Acknowledged(command, key, self.user, thing(answer.body), answer.replayed, tries)
            self.journal.acknowledged.append(done)
        elif answer.status == 409:
            self.journal.refused.append((tries, answer.body))
        else:
            self.journal.unforeseen.append(f"{path}: {answer.status} {answer.body}")

    def _ask(self, method: str, path: str) -> Answer:
        while True:
            answer = self._try(method, path)
            if answer is not None and answer.status == 200:
                return answer
            time.sleep(PAUSE_SECONDS)

    def _try(self, method: str, path: str, body: dict[str, Any] | None = None, key: str = "") -> Answer | None:
        """Give the answer, None where the connection broke before it was whole; the next try goes elsewhere."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        try:
            self._connection = self._connection or self._connect()
            self._connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self._disconnect()
            return None
        if response.status >= 500 and response.status != 503:
            self.journal.unforeseen.append(f"{path}: {response.status} {content!r}")
        return Answer(response.status, json.loads(content or b"{}"), response.headers.get("Idempotency-Replayed") == "true")

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._chance.choice(self._ports), timeout=ANSWER_SECONDS)

    def _disconnect(self) -> None:
        self.journal.broken += 1
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class Quota:
    """How many instances may run at a time; shared by the clients, closed by the test."""

    def __init__(self, at_once: int) -> None:
        self._at_once, self._lock = at_once, threading.Lock()
        self._open = True
        self.running = 0
        self.is_over = threading.Event()

    def take(self) -> bool:
        """Whether another instance may be started now."""
        with self._lock:
            if not self._open or self.running >= self._at_once:
                return False
            self.running += 1
            return True

    def count(self, running: int) -> None:
        """Note how many run, as the database says."""
        with self._lock:
            self.running = running

    def close(self) -> None:
        """Start nothing more."""
        with self._lock:
            self._open = False


def _is_to_be_repeated(answer: Answer) -> bool:
    """503: try later. 409 that names the header: the first try under this key is still under way."""
    held = any(place.get("header") == "Idempotency-Key" for place in answer.body.get("errors", []))
    return answer.status >= 500 or (answer.status == 409 and held)
