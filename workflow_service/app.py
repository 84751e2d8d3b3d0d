"""The only wiring: settings, database and clock are put together here and nowhere else."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from workflow_service import clock
from workflow_service.config import Settings
from workflow_service.resources import PACKAGE
from workflow_service.store.database import Database

MEGABYTE = 1_000_000
FACES = ("workflow_service.web", "workflow_service.api")


@dataclass(frozen=True)
class Wiring:
    """What pages and API reach as `current_app.extensions["tongchou"]`."""

    settings: Settings
    database: Database
    now: Callable[[], datetime]


def create_app(settings: Settings, database: Database, now: Callable[[], datetime] = clock.now) -> Flask:
    """Build the web application on an open, migrated database; each face registers itself."""
    app = Flask(
        "workflow_service",
        static_folder=str(PACKAGE / "web" / "static"),
        template_folder=str(PACKAGE / "web" / "templates"),
    )
    app.config.update(_flask_settings(settings))
    app.extensions["tongchou"] = Wiring(settings, database, now)
    if settings.proxies:
        _trust_proxies(app, settings.proxies)
    app.add_url_rule("/healthz", "healthz", _healthz)
    app.add_url_rule("/readyz", "readyz", _readyz(database))
    for face in FACES:
        importlib.import_module(face).register(app)
    return app


def _flask_settings(settings: Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_key,
        "MAX_CONTENT_LENGTH": (settings.upload_limit_mb + 1) * MEGABYTE,
        # longer than the idle time, so that who comes back late is told why; what has not changed is not sent again
        "PERMANENT_SESSION_LIFETIME": timedelta(minutes=settings.session_idle_minutes, days=1),
        "SESSION_REFRESH_EACH_REQUEST": False,
        "SESSION_COOKIE_NAME": _cookie_name(settings),
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SECURE": settings.secure_cookies,
    }


def _cookie_name(settings: Settings) -> str:
    """One name for all processes behind one address; another for another port, whose cookies browsers do not tell apart."""
    public = urlsplit(settings.public_url)
    return f"tongchou_{public.port or {'http': 80, 'https': 443}.get(public.scheme, settings.port)}"


def _trust_proxies(app: Flask, hops: int) -> None:
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def _healthz() -> tuple[str, int]:
    """The process answers."""
    return "ok", 200


def _readyz(database: Database) -> Callable[[], tuple[str, int]]:
    def readyz() -> tuple[str, int]:
        """The database answers too."""
        try:
            with database.engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except Exception:
            return "the database does not answer", 503
        return "ok", 200

    return readyz
