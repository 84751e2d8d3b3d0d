"""ETag and If-Match: a command says which version it was decided on."""

from __future__ import annotations

from flask import request

from workflow_service.domain.errors import BadRequest, PreconditionFailed
from workflow_service.i18n import N_

NO_VERSION = -1
"""What a tag that is no version number of ours stands for: it never fits."""


def expected_version() -> int | None:
    """Give the version that If-Match names; None without the header or for `*`. Raises BadRequest for unreadable ones."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    tags = request.if_match
    strong = list(tags.as_set())
    if not strong and not tags.as_set(include_weak=True):
        raise BadRequest(N_("If-Match 应写作带引号的版本，例如 \"3\"。"), header="If-Match")
    return int(strong[0]) if len(strong) == 1 and strong[0].isdecimal() and len(strong[0]) < 10 else NO_VERSION


def require_version(expected: int | None, present: int) -> None:
    """Raise PreconditionFailed unless the present version is the expected one (None: any)."""
    if expected is not None and expected != present:
        raise PreconditionFailed(header="If-Match", present=present)
