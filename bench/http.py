"""A client that costs little itself: one connection kept open, requests as bytes."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

CSRF = re.compile(rb'name="csrf_token" value="([^"]+)"')
AGREE = {"values": {"outcome": "agree", "opinion": "同意。"}}


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    def json(self) -> Any:
        """The body's content."""
        return json.loads(self.body)


class Connection:
    """One caller at one web process, with a token or a signed-in session."""

    def __init__(self, port: int, token: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"Host: 127.0.0.1:{port}\r\n" + (f"Authorization: Bearer {token}\r\n" if token else "")
        self._cookies: dict[bytes, bytes] = {}
        self._keys = 0

    def get(self, path: str) -> Reply:
        """GET; raises AssertionError unless it is answered with 200 or a redirect."""
        return self._checked(self._exchange("GET", path, "", b""))

    def post(self, path: str, body: Any, *, key: str = "") -> Reply:
        """POST JSON, with an Idempotency-Key if one is given; raises AssertionError unless it succeeds."""
        more = "Content-Type: application/json\r\n" + (f"Idempotency-Key: {key}\r\n" if key else "")
        return self._checked(self._exchange("POST", path, more, json.dumps(body).encode()))

    def sign_in(self, username: str, password: str) -> None:
        """Sign in as a browser does."""
        token = CSRF.search(self.get("/sign-in").body)
        assert token is not None
        form = urlencode({"csrf_token": token[1].decode(), "username": username, "password": password}).encode()
        more = "Content-Type: application/x-www-form-urlencoded\r\n"
        assert self._exchange("POST", "/sign-in", more, form).status == 302

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _checked(self, reply: Reply) -> Reply:
        assert reply.status < 400, (reply.status, reply.body[:500])
        return reply

    def _exchange(self, method: str, path: str, more: str, body: bytes) -> Reply:
        cookies = b"; ".join(name + b"=" + value for name, value in self._cookies.items())
        head = f"{method} {path} HTTP/1.1\r\n{self._head}{more}Content-Length: {len(body)}\r\n".encode()
        self._socket.sendall(head + (b"Cookie: " + cookies + b"\r\n" if cookies else b"") + b"\r\n" + body)
        reply = self._read()
        return reply

    def _read(self) -> Reply:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(b": ")
            headers[name.lower()] = value
            if name.lower() == b"set-cookie":
                self._keep(value)
        length = int(headers.get(b"content-length", b"0"))
        while len(body) < length:
            body += self._more()
        return Reply(int(status.split()[1]), headers, body)

    def _more(self) -> bytes:
        received = self._socket.recv(65536)
        assert received, "the server hung up"
        return received

    def _keep(self, cookie: bytes) -> None:
        name, _, value = cookie.partition(b";")[0].partition(b"=")
        self._cookies[name] = value
