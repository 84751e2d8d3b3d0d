"""Units, posts and people for administrators; one's own profile and tokens for everybody."""

from __future__ import annotations

from flask import Flask

from . import absences, handover, imports, mergers, own, persons, phrases, substitutes, telling, units
from .blueprint import blueprint


def register(app: Flask) -> None:
    """Open the pages."""
    app.register_blueprint(blueprint)


__all__ = [
    "absences", "handover", "imports", "mergers", "own", "persons", "phrases", "register", "substitutes", "telling", "units",
]  # fmt: skip
