"""Group robots: only allowed hosts, and only errcode 0 counts as delivered."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from workflow_service.notify.channel import DeliveryFailed, Outgoing
from workflow_service.notify.robots import RobotChannel


@contextmanager
def robot(answer: dict[str, Any], status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if status == 302:
                self.send_header("Location", "http://elsewhere.example/")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            """Be quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()


def message(host: str) -> Outgoing:
    at = datetime(2025, 11, 24, tzinfo=UTC)
    return Outgoing("<1@plans.example>", f"http://{host}/robot", "旬通报", "第 3 期", "https://plans.example/b/3", at)


def test_errcode_0_is_delivered() -> None:
    with robot({"errcode": 0, "errmsg": "ok"}) as (host, received):
        assert RobotChannel((host,), schemes=("http",)).send(message(host)) == "errcode 0"
    assert received == [{"msgtype": "text", "text": {"content": "旬通报\n第 3 期\nhttps://plans.example/b/3"}}]


@pytest.mark.parametrize("answer", [{"errcode": 310000, "errmsg": "keywords not in content"}, {"code": 19001}, {}, []])
def test_an_answer_of_200_without_errcode_0_is_a_failure(answer: Any) -> None:
    with robot(answer) as (host, _), pytest.raises(DeliveryFailed) as caught:
        RobotChannel((host,), schemes=("http",)).send(message(host))
    assert not caught.value.permanent


@pytest.mark.parametrize("allowed", [(), ("oapi.dingtalk.com",), ("127.0.0.1",)])
def test_a_host_that_nobody_allowed_is_never_asked(allowed: tuple[str, ...]) -> None:
    with robot({"errcode": 0}) as (host, received):
        with pytest.raises(DeliveryFailed) as caught:
            RobotChannel(allowed, schemes=("http",)).send(message(host))
        assert caught.value.permanent and received == []


def test_a_redirect_is_not_followed() -> None:
    with robot({"errcode": 0}, status=302) as (host, _), pytest.raises(DeliveryFailed):
        RobotChannel((host,), schemes=("http",)).send(message(host))
