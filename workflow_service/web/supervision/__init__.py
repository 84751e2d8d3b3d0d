"""What supervisors do beside the flow: listed matters, notice slips, extensions, acting on late tasks."""

from __future__ import annotations

from flask import Flask

from . import acts, extensions, listed, reports, slips
from .blueprint import blueprint


def register(app: Flask) -> None:
    """Open the pages."""
    app.register_blueprint(blueprint)


__all__ = ["acts", "extensions", "listed", "register", "reports", "slips"]
