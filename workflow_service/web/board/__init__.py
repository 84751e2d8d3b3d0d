"""What is late, why and whose: the supervisors' board and the ledger of any day."""

from __future__ import annotations

from flask import Flask

from . import forecasts, progress, routes
from .views import blueprint


def register(app: Flask) -> None:
    """Open the pages."""
    app.register_blueprint(blueprint)


__all__ = ["forecasts", "progress", "register", "routes"]
