"""Each person is told as he chose: by a real mail server, robot and gateway, at his hours, with every answer kept."""

import json
import socket
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from tests.notify.test_outbox import Mailbox
from tests.services.catalogue import Catalogue
from workflow_service.domain.notices import TellingHours
from workflow_service.identity.actor import Actor
from workflow_service.notify.channel import Outgoing
from workflow_service.notify.email import EmailChannel, MailServer
from workflow_service.notify.outbox import send_pending
from workflow_service.notify.robots import RobotChannel, dingtalk_signed, feishu_signature
from workflow_service.notify.sms import SmsChannel
from workflow_service.services import notice_choices, notices
from workflow_service.services.notice_choices import Telling
from workflow_service.store.database import Database
from workflow_service.store.people import User
from workflow_service.store.personal import NoticeChoice
from workflow_service.store.supervision import Delivery, DeliveryAttempt

NOW = datetime(2025, 11, 24, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


class Web:
    """A real HTTP server that keeps what was posted and answers as told."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.answers: list[tuple[int, Any]] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                web.received.append((self.path, body, dict(self.headers)))
                status, answer = web.answers.pop(0) if web.answers else (200, {"errcode": 0})
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                """Be quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def web() -> Iterator[Web]:
    served = Web()
    yield served
    served.server.shutdown()
    served.server.server_close()


@pytest.fixture
def mail() -> Iterator[tuple[Mailbox, MailServer]]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, MailServer("127.0.0.1", port, sender="tongchou@plans.example")
    server.stop()


@pytest.fixture
def actor(database: Database, web: Web) -> Actor:
    with database.transaction() as session:
        made = Catalogue(session)
        made.unit("zj.energy")
        user = made.person("handler", "zj.energy")
        user.mobile = "13800000000"
        wired = {"email": {"domain": "plans.example"}, "robot": {"hosts": [web.host]}, "sms": {}}
        notices.wire_channels(session, wired, now=NOW)
        return Actor(user_id=user.id, name="经办", source="web")


Send = Callable[[datetime], int]


@pytest.fixture
def send(database: Database, web: Web, mail: tuple[Mailbox, MailServer]) -> Send:
    channels = {
        "email": lambda: EmailChannel(mail[1]), "robot": lambda: RobotChannel((web.host,), schemes=("http",)),
        "sms": lambda: SmsChannel(f"http://{web.host}/sms", "gateway-token"),
    }  # fmt: skip
    return lambda at: send_pending(database, channels, "https://plans.example", lambda: at)


def post(database: Database, actor: Actor, kind: str, key: str, at: datetime = NOW, subject: str = "请抓紧办理") -> None:
    with database.transaction() as session:
        one = notices.NewNotice(int(actor.user_id or 0), kind, subject, key, link="/tasks/7")
        assert notices.post_notices(session, [one], now=at) == 1


def choose(database: Database, actor: Actor, telling: Telling, robot: str = "") -> None:
    with database.transaction() as session:
        notice_choices.set_telling(session, actor, telling, now=NOW)
        if robot:  # the test's host has no https
            session.get_one(NoticeChoice, actor.user_id).robot_address = robot


def deliveries(database: Database) -> list[Delivery]:
    with database.transaction() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def test_each_kind_goes_through_the_channels_chosen_for_it(
    database: Database, actor: Actor, web: Web, mail: tuple[Mailbox, MailServer], send: Send
) -> None:
    chosen = {"urge": ("sms", "robot"), "digest": (), "other": ("email",)}
    good = Telling({kind: () if "robot" in ways else ways for kind, ways in chosen.items()})
    choose(database, actor, good)
    with database.transaction() as session:
        row = session.get_one(NoticeChoice, actor.user_id)
        row.channels, row.robot_address = {kind: list(ways) for kind, ways in chosen.items()}, f"http://{web.host}/mine"
    for kind in ("urge", "digest", "task_ended"):
        post(database, actor, kind, kind)
    assert sorted(one.channel for one in deliveries(database)) == ["email", "robot:own", "sms"]
    assert send(NOW) == 3
    received = {path: (body, headers) for path, body, headers in web.received}
    assert set(received) == {"/mine", "/sms"}
    text, headers = received["/sms"]
    assert text == {"id": text["id"], "mobile": "13800000000", "text": "请抓紧办理"}
    assert headers["Authorization"] == "Bearer gateway-token"
    assert len(mail[0].received) == 1
    assert {one.status for one in deliveries(database)} == {"sent"}


def test_who_chose_nothing_gets_an_e_mail_as_before(database: Database, actor: Actor) -> None:
    post(database, actor, "urge", "1")
    assert [one.channel for one in deliveries(database)] == ["email"]


def test_quiet_hours_hold_back_and_count_as_no_try(
    database: Database, actor: Actor, mail: tuple[Mailbox, MailServer], send: Send
) -> None:
    choose(database, actor, Telling(hours=TellingHours(21 * 60, 8 * 60)))
    night = NOW.replace(hour=23)
    post(database, actor, "urge", "1", night)
    send(night)
    assert mail[0].received == []
    (waits,) = deliveries(database)
    assert (waits.status, waits.attempts) == ("pending", 0)
    assert waits.next_attempt_at == NOW.replace(hour=8) + timedelta(days=1)
    send(waits.next_attempt_at)
    assert len(mail[0].received) == 1


def test_a_digest_is_one_mail_with_all_that_came_and_the_later_ones_wait_for_the_next(
    database: Database, actor: Actor, mail: tuple[Mailbox, MailServer], send: Send
) -> None:
    choose(database, actor, Telling(hours=TellingHours(digest_at=17 * 60)))
    for number in range(3):
        post(database, actor, "urge", str(number), NOW + timedelta(hours=number), subject=f"第 {number} 件")
        send(NOW + timedelta(hours=number))
    assert mail[0].received == []
    five = NOW.replace(hour=17)
    post(database, actor, "urge", "late", five + timedelta(minutes=1), subject="晚到")
    send(five + timedelta(minutes=2))
    (one,) = mail[0].received
    assert one["Subject"] == "消息汇总：3 条"
    text = one.get_content()
    assert all(f"第 {number} 件" in text for number in range(3)) and "晚到" not in text
    assert "https://plans.example/tasks/7" in text
    assert [each.status for each in deliveries(database)] == ["sent", "sent", "sent", "pending"]
    send(five + timedelta(days=1))
    assert mail[0].received[1]["Subject"] == "晚到"


@pytest.mark.parametrize("count", [1, 3])
def test_after_a_crash_a_digest_goes_out_again_as_it_was_and_what_came_since_with_the_next(
    database: Database, actor: Actor, mail: tuple[Mailbox, MailServer], send: Send, count: int
) -> None:
    choose(database, actor, Telling(hours=TellingHours(digest_at=17 * 60)))
    for number in range(count):
        post(database, actor, "urge", str(number), NOW + timedelta(hours=number), subject=f"第 {number} 件")
        send(NOW + timedelta(hours=number))
    five = NOW.replace(hour=17)

    class Dies(EmailChannel):
        def send(self, message: Outgoing) -> str:
            super().send(message)
            raise SystemExit

    with pytest.raises(SystemExit):  # the server took it, the worker is gone before it notes that
        send_pending(database, {"email": lambda: Dies(mail[1])}, "https://plans.example", lambda: five)
    post(database, actor, "urge", "late", five - timedelta(minutes=1), subject="晚到")
    send(five + timedelta(minutes=2))
    first, *later = mail[0].received
    (again,) = [one for one in later if one["Message-ID"] == first["Message-ID"]]
    assert first.get_content() == again.get_content() and "晚到" not in again.get_content()
    assert [one["Subject"] for one in later if one is not again] == ["晚到"]
    assert {one.status for one in deliveries(database)} == {"sent"}


def test_every_answer_is_kept_and_errcode_other_than_0_is_tried_again(
    database: Database, actor: Actor, web: Web, send: Send
) -> None:
    choose(database, actor, Telling({"urge": ("sms",)}))
    web.answers += [(200, {"errcode": 45009, "errmsg": "too often"}), (503, {}), (200, {"code": "0"})]
    post(database, actor, "urge", "1")
    at = NOW
    for _try in range(3):
        send(at)
        at += timedelta(minutes=10)
    (done,) = deliveries(database)
    assert (done.status, done.attempts, done.answer) == ("sent", 3, "errcode 0")
    with database.transaction() as session:
        tries = session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.id)).all()
        assert [(one.arrived, one.answer) for one in tries] == [
            (False, "errcode 45009: too often"), (False, "HTTP 503"), (True, "errcode 0"),
        ]  # fmt: skip
        (shown,) = notice_choices.own_deliveries(session, actor)
        assert (shown.status, shown.answer) == ("sent", "errcode 0")


def test_a_test_message_goes_through_what_was_chosen(database: Database, actor: Actor, web: Web, send: Send) -> None:
    choose(database, actor, Telling({"other": ("sms",)}))
    with database.transaction() as session:
        assert notice_choices.try_out(session, actor, now=NOW) == 1
    send(NOW)
    assert "测试消息" in web.received[0][1]["text"]


def test_robots_that_ask_for_signatures_get_them_and_never_the_secret(web: Web) -> None:
    from tests.notify.test_robots import message
    from workflow_service.notify.channel import Outgoing

    plain = message(web.host)
    signed = Outgoing(**{**plain.__dict__, "address": f"http://{web.host}/robot?access_token=t#SECabc"})
    RobotChannel((web.host,), schemes=("http",)).send(signed)
    path = web.received[0][0]
    assert "&timestamp=" in path and "&sign=" in path and "SECabc" not in path


def test_signatures_are_those_of_the_makers_recipes() -> None:
    import base64
    import hashlib
    import hmac
    from urllib.parse import parse_qs, urlsplit

    asked = parse_qs(urlsplit(dingtalk_signed("https://x/robot?access_token=t", "SEC1", 1700000000000)).query)
    expected = hmac.new(b"SEC1", b"1700000000000\nSEC1", hashlib.sha256).digest()
    assert base64.b64decode(asked["sign"][0]) == expected and asked["timestamp"] == ["1700000000000"]
    found = feishu_signature("s", 1700000000)
    assert base64.b64decode(found["sign"]) == hmac.new(b"1700000000\ns", b"", hashlib.sha256).digest()


def test_an_inactive_person_is_not_told(database: Database, actor: Actor) -> None:
    with database.transaction() as session:
        session.get_one(User, actor.user_id).active = False
    choose(database, actor, Telling({"urge": ("sms", "email")}))
    post(database, actor, "urge", "1")
    assert deliveries(database) == []
