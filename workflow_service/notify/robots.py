"""Group robots of DingTalk, WeCom and Feishu: a POST to a webhook on a host that an administrator allowed.

All three answer 200 even when they refuse: only `errcode` (Feishu: `code`) 0 means that the message arrived.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from .channel import DeliveryFailed, Outgoing

TIMEOUT_SECONDS = 10
LONGEST_ANSWER = 10_000
FEISHU_HOSTS = ("open.feishu.cn", "open.larksuite.com")


class RobotChannel:
    """Posts to webhooks; `allowed_hosts` are host names (with `:port` where it is not the usual one)."""

    def __init__(self, allowed_hosts: tuple[str, ...], *, schemes: tuple[str, ...] = ("https",)) -> None:
        self._allowed, self._schemes = frozenset(allowed_hosts), schemes
        self._opener = build_opener(_NoRedirect)

    def send(self, message: Outgoing) -> str:
        """Post one message; raises DeliveryFailed for a host not allowed, an HTTP error or an errcode other than 0."""
        self._require_allowed(message.address)
        answer = self._post(message.address, _payload(message))
        code = answer.get("errcode", answer.get("code"))
        if code != 0:
            raise DeliveryFailed(f"errcode {code}: {answer.get('errmsg') or answer.get('msg') or ''}")
        return "errcode 0"

    def close(self) -> None:
        """Nothing is kept open."""

    def _require_allowed(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in self._schemes or parts.netloc not in self._allowed:
            raise DeliveryFailed(f"{parts.scheme}://{parts.netloc} is not allowed", permanent=True)

    def _post(self, address: str, payload: dict[str, Any]) -> dict[str, Any]:
        data = json.dumps(payload, ensure_ascii=False).encode()
        request = Request(address, data, {"Content-Type": "application/json; charset=utf-8"})
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                answer = json.loads(response.read(LONGEST_ANSWER))
        except HTTPError as error:
            raise DeliveryFailed(f"HTTP {error.code}", permanent=error.code in (400, 404, 410)) from error
        except (URLError, OSError, ValueError) as error:
            raise DeliveryFailed(str(error)) from error
        return answer if isinstance(answer, dict) else {}


class _NoRedirect(HTTPRedirectHandler):
    """A redirect could lead to a host that nobody allowed."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _payload(message: Outgoing) -> dict[str, Any]:
    text = "\n".join(part for part in (message.subject, message.text, message.link) if part)
    if urlsplit(message.address).hostname in FEISHU_HOSTS:
        return {"msg_type": "text", "content": {"text": text}}
    return {"msgtype": "text", "text": {"content": text}}
