"""What supervisors do beside the flow: listed matters, notice slips."""

from __future__ import annotations

from flask import Flask

from . import listed, slips
from .blueprint import blueprint


def register(app: Flask) -> None:
    """Open the pages."""
    app.register_blueprint(blueprint)


__all__ = ["listed", "register", "slips"]
