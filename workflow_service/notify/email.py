"""E-mail by SMTP: one connection a batch, a stable Message-ID, plain text."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from workflow_service.i18n import _

from .channel import DeliveryFailed, Outgoing

TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class MailServer:
    """Where mail goes: `tls` is none, starttls or tls; no `user` means no sign-in. `sender` is the From address.

    The server's certificate must be one that this machine trusts, and must bear the server's name.
    """

    host: str
    port: int = 25
    tls: str = "none"
    user: str | None = None
    password: str | None = None
    sender: str = "tongchou@localhost"


class EmailChannel:
    """Sends through one server; the connection is made for the first message and again after an error."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._smtp: smtplib.SMTP | None = None

    def send(self, message: Outgoing) -> str:
        """Hand one message to the server, which answers with 250; raises DeliveryFailed with its answer."""
        try:
            mail = compose(message, self._server.sender)
            self._open().send_message(mail, self._server.sender, [message.address])
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise DeliveryFailed(f"{code} {text!r}", permanent=500 <= code < 600) from error
        except (ValueError, UnicodeError, smtplib.SMTPNotSupportedError) as error:
            raise DeliveryFailed(str(error), permanent=True) from error
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise DeliveryFailed(str(error) or type(error).__name__) from error
        return "250"

    def close(self) -> None:
        """Say goodbye to the server, if it still listens."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            try:
                smtp.quit()
            except (OSError, smtplib.SMTPException):
                smtp.close()

    def _open(self) -> smtplib.SMTP:
        if self._smtp is None:
            self._smtp = self._connect()
        return self._smtp

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        smtp: smtplib.SMTP
        if server.tls == "tls":
            smtp = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        if server.tls == "starttls":
            smtp.starttls(context=ssl.create_default_context())
        if server.user:
            smtp.login(server.user, server.password or "")
        return smtp


def compose(message: Outgoing, sender: str) -> EmailMessage:
    """Put a message into mail form; raises ValueError for an address that is none."""
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.subject.split())
    mail["From"] = Address(display_name="统筹", addr_spec=sender)
    mail["To"] = Address(addr_spec=message.address)
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = message.message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_plain_text(message))
    return mail


def _plain_text(message: Outgoing) -> str:
    lines = [message.text] if message.text else []
    for head, name in ((_("您的待办"), "lines"), (_("下属逾期和外出待办事项"), "below")):
        tasks = message.body.get(name) or []
        if tasks:
            lines += ["", head, *(_task_line(task) for task in tasks)]
    if message.link:
        lines += ["", message.link]
    return "\n".join(lines) + "\n"


def _task_line(task: dict[str, str]) -> str:
    unit = f"（{task['unit']}）" if task.get("unit") else ""
    return f"- {task['title']}{unit} {task['name']} {task['words']}"
