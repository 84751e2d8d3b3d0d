"""Every type of problem that the service may answer with: the subclasses of its one error."""

from __future__ import annotations

from collections.abc import Iterator

from workflow_service.domain.errors import TongchouError


def known_types() -> dict[str, type[TongchouError]]:
    """Give the error classes by code; of several with one code the most general."""
    found: dict[str, type[TongchouError]] = {}
    for kind in _below(TongchouError):
        found.setdefault(kind.code, kind)
    return found


def _below(kind: type[TongchouError]) -> Iterator[type[TongchouError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _below(below)
