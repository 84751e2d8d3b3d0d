"""Where the CPU of one kind of request goes: a sample every millisecond of CPU, given to the layer that was at work."""

from __future__ import annotations

import contextlib
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType

TICK_SECONDS = 0.001
LAYERS = {
    "psycopg": ("/psycopg/", "/psycopg_binary/"),
    "SQLAlchemy": ("/sqlalchemy/",),
    "engine": ("/SpiffWorkflow/", "/workflow_service/engine/"),
    "form check": ("/jsonschema/", "/referencing/"),
    "Flask, Werkzeug and their extensions": ("/flask", "/werkzeug/", "/workflow_service/web/"),
    "pydantic": ("/pydantic/",),
    "services, store and interface": ("/workflow_service/",),
}
"""By folder; a sample belongs to the innermost frame that has a layer, so that the standard library counts for its caller."""
ENTRY = "Flask.wsgi_app"


@dataclass
class Shares:
    """Samples by layer, of the requests alone."""

    found: Counter[str] = field(default_factory=Counter)

    def parts(self) -> dict[str, float]:
        """The share of each layer, the largest first; none where nothing was sampled."""
        total = sum(self.found.values())
        return {layer: number / total for layer, number in self.found.most_common()} if total else {}

    def take(self, _number: int, frame: FrameType | None) -> None:
        """Note where the process is, if that is within a request."""
        layer = ""
        while frame is not None:
            if not layer:
                layer = _layer_of(frame.f_code.co_filename)
            if frame.f_code.co_qualname == ENTRY:
                self.found[layer] += 1
                return
            frame = frame.f_back


@contextlib.contextmanager
def sampled() -> Iterator[Shares]:
    """Sample this process, in its main thread, for the time of the block."""
    shares = Shares()
    before = signal.signal(signal.SIGPROF, shares.take)
    signal.setitimer(signal.ITIMER_PROF, TICK_SECONDS, TICK_SECONDS)
    try:
        yield shares
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _layer_of(file: str) -> str:
    return next((layer for layer, folders in LAYERS.items() if any(one in file for one in folders)), "")
