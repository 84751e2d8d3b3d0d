"""Group robots of DingTalk, WeCom and Feishu: a POST to a webhook on a host that an administrator allowed.

All three answer 200 even when they refuse: only `errcode` (Feishu: `code`) 0 means that the message arrived. A robot that asks
for signatures (加签) has its secret behind a `#` at the end of its address; that part is never sent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any
from urllib.parse import quote, urldefrag, urlsplit

from . import webhook
from .channel import DeliveryFailed, Outgoing

FEISHU_HOSTS = ("open.feishu.cn", "open.larksuite.com")


class RobotChannel:
    """Posts to webhooks; `allowed_hosts` are host names (with `:port` where it is not the usual one)."""

    def __init__(self, allowed_hosts: tuple[str, ...], *, schemes: tuple[str, ...] = ("https",)) -> None:
        self._allowed, self._schemes = frozenset(allowed_hosts), schemes
        self._webhook = webhook.Webhook()

    def send(self, message: Outgoing) -> str:
        """Post one message; raises DeliveryFailed for a host not allowed, an HTTP error or an errcode other than 0."""
        self._require_allowed(message.address)
        address, secret = urldefrag(message.address)
        payload = _payload(message)
        if secret and urlsplit(address).hostname in FEISHU_HOSTS:
            payload |= feishu_signature(secret, int(time.time()))
        elif secret:
            address = dingtalk_signed(address, secret, int(time.time() * 1000))
        answer = self._webhook.post(address, payload)
        webhook.require_zero(answer)
        return "errcode 0"

    def close(self) -> None:
        """Nothing is kept open."""

    def _require_allowed(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in self._schemes or parts.netloc not in self._allowed:
            raise DeliveryFailed(f"{parts.scheme}://{parts.netloc} is not allowed", permanent=True)


def _payload(message: Outgoing) -> dict[str, Any]:
    text = "\n".join(part for part in (message.subject, message.text, message.link) if part)
    if urlsplit(message.address).hostname in FEISHU_HOSTS:
        return {"msg_type": "text", "content": {"text": text}}
    return {"msgtype": "text", "text": {"content": text}}


def dingtalk_signed(address: str, secret: str, milliseconds: int) -> str:
    """The address with the time and DingTalk's signature over it."""
    text = f"{milliseconds}\n{secret}".encode()
    sign = base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
    return f"{address}{'&' if '?' in address else '?'}timestamp={milliseconds}&sign={quote(sign, safe='')}"


def feishu_signature(secret: str, seconds: int) -> dict[str, str]:
    """What Feishu wants in the body: the time, and the signature with time and secret as the key over nothing."""
    sign = base64.b64encode(hmac.new(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()
    return {"timestamp": str(seconds), "sign": sign}
