"""Posting JSON to another host and reading its answer: what robots and SMS gateways share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from .channel import DeliveryFailed

TIMEOUT_SECONDS = 10
LONGEST_ANSWER = 10_000
HOPELESS = (400, 404, 410)


class Webhook:
    """Posts without following redirects: one could lead to a host that nobody allowed."""

    def __init__(self) -> None:
        self._opener = build_opener(_NoRedirect)

    def post(self, address: str, payload: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Post a JSON object and give the JSON object of the answer ({} for another); raises DeliveryFailed."""
        data = json.dumps(payload, ensure_ascii=False).encode()
        request = Request(address, data, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                answer = json.loads(response.read(LONGEST_ANSWER) or b"{}")
        except HTTPError as error:
            raise DeliveryFailed(f"HTTP {error.code}", permanent=error.code in HOPELESS) from error
        except (URLError, OSError, ValueError) as error:
            raise DeliveryFailed(str(error)) from error
        return answer if isinstance(answer, dict) else {}


def require_zero(answer: Mapping[str, Any], *, may_lack: bool = False) -> None:
    """Raise DeliveryFailed unless `errcode` (or `code`) is 0: these services refuse with HTTP 200."""
    code = answer.get("errcode", answer.get("code", 0 if may_lack else None))
    if isinstance(code, bool) or str(code) != "0":
        raise DeliveryFailed(f"errcode {code}: {answer.get('errmsg') or answer.get('msg') or answer.get('message') or ''}")


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None
