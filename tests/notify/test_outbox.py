"""Deliveries reach a real mail server at least once, under an id that stays; what fails is tried again and seen."""

import email
import email.policy
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import AsyncMessage
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import select

from tests.services.catalogue import Catalogue
from workflow_service.domain.errors import InvalidInput
from workflow_service.identity.actor import Actor
from workflow_service.notify.channel import Channel, DeliveryFailed, Outgoing
from workflow_service.notify.email import EmailChannel, MailServer
from workflow_service.notify.outbox import PAUSES, send_pending
from workflow_service.notify.stub import StubChannel
from workflow_service.services import deliveries as delivering
from workflow_service.services import notices
from workflow_service.store.database import Database
from workflow_service.store.supervision import Delivery

NOW = datetime(2025, 11, 24, 1, 0, tzinfo=UTC)
SYSTEM = Actor.system("cli")


class Mailbox(AsyncMessage):
    """Keeps what a real SMTP server received; refuses addresses that begin with `nobody`."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Any] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_message(self, message: Any) -> None:
        self.received.append(email.message_from_bytes(message.as_bytes(), _class=EmailMessage, policy=email.policy.default))


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, MailServer]]:
    handler = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(handler, hostname="127.0.0.1", port=port)
    server.start()
    yield handler, MailServer("127.0.0.1", port, sender="tongchou@plans.example")
    server.stop()


@pytest.fixture
def office(database: Database) -> Database:
    with database.transaction() as session:
        made = Catalogue(session)
        made.unit("zj.energy")
        for name in ("handler", "nobody"):
            made.person(name, "zj.energy")
        notices.wire_channels(session, {"email": {"domain": "plans.example"}}, now=NOW)
    return database


def post(database: Database, username: str, key: str = "a", subject: str = "待办提醒：今天到期 1 项") -> None:
    with database.transaction() as session:
        user = Catalogue.again(session).people[username]
        body = {"lines": [{"task": 1, "title": "能源规划", "name": "起草", "words": "今天到期"}]}
        one = notices.NewNotice(
            user_id=user.id, kind="digest", subject=subject, dedup_key=key, text="一项", link="/tasks", body=body
        )
        notices.post_notices(session, [one], now=NOW)


def deliveries(database: Database) -> list[Delivery]:
    with database.transaction() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def send(database: Database, channel: Any, at: datetime = NOW) -> int:
    return send_pending(database, {"email": channel}, "https://plans.example", lambda: at)


def test_a_mail_arrives_with_its_id_its_lines_and_a_link(office: Database, mailbox: tuple[Mailbox, MailServer]) -> None:
    box, server = mailbox
    post(office, "handler")
    assert send(office, lambda: EmailChannel(server)) == 1
    (mail,) = box.received
    (sent,) = deliveries(office)
    assert mail["Message-ID"] == sent.message_id
    assert mail["Subject"] == "待办提醒：今天到期 1 项"
    assert mail["To"] == "handler@example.invalid"
    text = mail.get_content()
    assert "- 能源规划 起草 今天到期" in text and "https://plans.example/tasks" in text
    assert (sent.status, sent.attempts, sent.sent_at) == ("sent", 1, NOW)
    assert send(office, lambda: EmailChannel(server)) == 0


MESSAGE = Outgoing("<a@plans.example>", "handler@example.invalid", "待办", "一项", "", NOW)


def own_certificate(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS whose certificate nobody but itself vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(datetime.now(UTC) - timedelta(days=1)).not_valid_after(datetime.now(UTC) + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
    (folder / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, box = own_certificate(tmp_path), Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port, tls_context=context)
    server.start()
    channel = EmailChannel(MailServer("127.0.0.1", port, tls="starttls", sender="tongchou@plans.example"))
    try:
        with pytest.raises(DeliveryFailed, match="certificate"):
            channel.send(MESSAGE)
        assert box.received == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert channel.send(MESSAGE) == "250"
    finally:
        channel.close()
        server.stop()


def test_nor_does_one_that_speaks_tls_from_the_start(tmp_path: Path) -> None:
    context = own_certificate(tmp_path)

    def answer(listening: socket.socket) -> None:
        connection, _address = listening.accept()
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
            secured.sendall(b"220 ready\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=answer, args=(listening,), daemon=True)
        thread.start()
        channel = EmailChannel(MailServer("127.0.0.1", listening.getsockname()[1], tls="tls", sender="tongchou@plans.example"))
        with pytest.raises(DeliveryFailed, match="certificate"):
            channel.send(MESSAGE)
        thread.join(5)


def test_line_breaks_in_a_subject_do_not_become_headers(office: Database, mailbox: tuple[Mailbox, MailServer]) -> None:
    box, server = mailbox
    post(office, "handler", subject="一\r\nBcc: other@example.invalid")
    send(office, lambda: EmailChannel(server))
    assert box.received[0]["Bcc"] is None


def test_a_refused_address_is_given_up_and_seen_with_the_server_s_answer(
    office: Database, mailbox: tuple[Mailbox, MailServer]
) -> None:
    _, server = mailbox
    post(office, "nobody")
    post(office, "handler")
    assert send(office, lambda: EmailChannel(server)) == 2
    assert [one.status for one in deliveries(office)] == ["failed", "sent"]
    with office.transaction() as session:
        (shown,) = delivering.failed_deliveries(session, SYSTEM, now=NOW)
        assert "550" in shown.answer and shown.subject.startswith("待办提醒")
        delivering.retry_delivery(session, SYSTEM, shown.delivery_id, now=NOW)
    assert send(office, lambda: EmailChannel(server)) == 1


def test_a_server_that_is_down_is_tried_again_with_growing_pauses_until_given_up(office: Database) -> None:
    post(office, "handler")
    nobody_listens = MailServer("127.0.0.1", 1)
    at = NOW
    for pause in PAUSES:
        assert send(office, lambda: EmailChannel(nobody_listens), at) == 1
        assert send(office, lambda: EmailChannel(nobody_listens), at) == 0
        (waiting,) = deliveries(office)
        assert (waiting.status, waiting.next_attempt_at) == ("pending", at + pause)
        at += pause
    send(office, lambda: EmailChannel(nobody_listens), at)
    assert deliveries(office)[0].status == "failed"
    assert send(office, StubChannel, at + timedelta(days=9)) == 0


def test_a_server_that_comes_back_gets_the_message(office: Database, mailbox: tuple[Mailbox, MailServer]) -> None:
    box, server = mailbox
    post(office, "handler")
    send(office, lambda: EmailChannel(MailServer("127.0.0.1", 1)))
    send(office, lambda: EmailChannel(server), NOW + PAUSES[0])
    assert len(box.received) == 1


def test_a_channel_that_breaks_in_an_unknown_way_harms_no_other_delivery(office: Database) -> None:
    class Broken(StubChannel):
        def send(self, message: Any) -> str:
            if message.address.startswith("nobody"):
                raise RuntimeError("a bug")
            return super().send(message)

    post(office, "nobody")
    post(office, "handler")
    broken: Channel = Broken()
    assert send(office, lambda: broken) == 2
    assert [one.status for one in deliveries(office)] == ["pending", "sent"]


def test_killed_after_the_server_s_answer_the_message_goes_out_again_under_the_same_id(
    office: Database, mailbox: tuple[Mailbox, MailServer]
) -> None:
    box, server = mailbox
    post(office, "handler")
    program = f"""
from datetime import datetime
from workflow_service.notify.email import EmailChannel, MailServer
from workflow_service.notify.outbox import send_pending
from workflow_service.store.database import Database
database = Database({office.url.render_as_string(hide_password=False)!r})
send_pending(database, {{"email": lambda: EmailChannel(MailServer("127.0.0.1", {server.port}))}}, "",
             lambda: datetime.fromisoformat({NOW.isoformat()!r}))
"""
    environment = {"TONGCHOU_FAILPOINT": "after-smtp:1", "PATH": "/usr/bin:/bin"}
    killed = subprocess.run([sys.executable, "-c", program], env=environment, check=False, timeout=60)
    assert killed.returncode == -9
    assert [one.status for one in deliveries(office)] == ["pending"]
    send(office, lambda: EmailChannel(server))
    assert len(box.received) == 2
    assert len({mail["Message-ID"] for mail in box.received}) == 1


def test_a_group_robot_is_told_of_an_occasion_once_however_many_people_get_it(office: Database) -> None:
    robot = "https://oapi.dingtalk.com/robot/send?access_token=test"
    with office.transaction() as session:
        notices.set_robots(session, SYSTEM, {robot: ["bulletin"]}, now=NOW)
        people = Catalogue.again(session).people.values()
        made = [
            notices.NewNotice(user_id=one.id, kind=kind, subject="第 3 期", dedup_key=kind)
            for one in people
            for kind in ("bulletin", "digest")
        ]
        assert notices.post_notices(session, made, now=NOW) == 4
    stub = StubChannel()
    assert send_pending(office, {"robot": lambda: stub}, "", lambda: NOW) == 1
    assert [(one.address, one.subject) for one in stub.sent] == [(robot, "第 3 期")]


@pytest.mark.parametrize(("address", "kinds"), [("http://a.example", ["bulletin"]), ("https://a.example", ["digest"])])
def test_a_robot_without_https_or_for_personal_notices_is_refused(office: Database, address: str, kinds: list[str]) -> None:
    with office.transaction() as session, pytest.raises(InvalidInput):
        notices.set_robots(session, SYSTEM, {address: kinds}, now=NOW)
