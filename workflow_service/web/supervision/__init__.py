"""What supervisors do beside the flow: the list of matters under supervision."""

from __future__ import annotations

from flask import Flask

from . import listed
from .blueprint import blueprint


def register(app: Flask) -> None:
    """Open the pages."""
    app.register_blueprint(blueprint)


__all__ = ["listed", "register"]
