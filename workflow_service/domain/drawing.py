"""What of a process was drawn, and what the engine put in so that it runs as drawn."""

from __future__ import annotations

INSERTED = "_n_"
"""What the ids of elements begin with that stand in no drawing."""


def is_drawn(element_id: str) -> bool:
    """Whether an element stands in the drawing: only such are shown to people."""
    return not element_id.startswith(INSERTED)
