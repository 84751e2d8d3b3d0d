"""What happens before the first request: settings, secret key, database, migrations. Used by the commands and wsgi.py."""

import atexit
import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from flask import Flask

from workflow_service import logs
from workflow_service.app import create_app
from workflow_service.config import Settings
from workflow_service.demo import databases
from workflow_service.services.business_clock import clock_of
from workflow_service.startup_error import StartError
from workflow_service.store.database import Database, DatabaseOptions
from workflow_service.store.embedded import EmbeddedServer
from workflow_service.store.schema import migrate, require_current


def read_settings() -> Settings:
    """The settings of the environment, completed with the secret key and the chosen database. Raises StartError."""
    settings = Settings.from_environment()
    settings = replace(settings, secret_key=settings.secret_key or _kept_secret_key(settings))
    if not settings.is_embedded:
        return settings
    return in_database(settings, settings.database_name or databases.chosen(settings.var_dir) or databases.REAL)


def in_database(settings: Settings, name: str) -> Settings:
    """The settings for one database of the embedded server.

    Demos get keys and files of their own: who signed in there is not signed in to the real one.
    """
    if name == databases.REAL:
        return replace(settings, database_name=name)
    key, files = f"{settings.secret_key}:{name}", files_dir_of(settings, name)
    return replace(settings, database_name=name, secret_key=key, files_dir=files)


def files_dir_of(settings: Settings, name: str) -> Path:
    """Where the files of one database of the embedded server stand, whichever of them the settings are for."""
    in_a_demo = settings.uploads.name.startswith(databases.PREFIX) and settings.uploads.name == settings.database_name
    all_files = settings.uploads.parent if in_a_demo else settings.uploads
    return all_files if name == databases.REAL else all_files / name


@contextlib.contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """Yield the database that the settings name, starting the embedded server where they name none. Raises StartError."""
    with _server_address(settings) as url:
        database = Database(url, database_options(settings))
        try:
            database.check()
            yield database
        finally:
            database.close()


@contextlib.contextmanager
def ready_database(settings: Settings) -> Iterator[Database]:
    """Yield a database whose tables are up to date: the embedded one is migrated, any other must have been."""
    with open_database(settings) as database:
        if settings.is_embedded:
            migrate(database)
        else:
            require_current(database)
        yield database


def application() -> Flask:
    """The WSGI application for gunicorn and other servers; the database is left when the process ends."""
    settings = read_settings()
    logs.configure(settings.log_level, settings.log_format)
    resources = contextlib.ExitStack()
    atexit.register(resources.close)
    database = resources.enter_context(ready_database(settings))
    database.close()  # a server that forks after loading must not share open connections
    return create_app(settings, database, clock_of(database))


def database_options(settings: Settings) -> DatabaseOptions:
    """The pool sizes, limits and place of files that the settings ask for."""
    return DatabaseOptions(
        pool_size=settings.pool_size,
        pool_overflow=settings.pool_overflow,
        lock_timeout_ms=settings.lock_timeout_ms,
        statement_timeout_ms=settings.statement_timeout_ms,
        idle_timeout_ms=settings.idle_timeout_ms,
        files_dir=settings.uploads,
    )


def embedded_server(settings: Settings) -> EmbeddedServer:
    """The embedded server of the var folder that the settings name."""
    return EmbeddedServer(
        settings.var_dir, version=settings.postgres_version, root_account=settings.postgres_user
    )


@contextlib.contextmanager
def _server_address(settings: Settings) -> Iterator[str]:
    if settings.database_url is not None:
        yield settings.database_url
        return
    name = settings.database_name or databases.REAL
    with embedded_server(settings) as server:
        databases.require_existing(server, name)
        yield server.url(name)


def _kept_secret_key(settings: Settings) -> str:
    if not settings.is_embedded:
        raise StartError(
            "SECRET_KEY is not set: with DATABASE_URL it is required, as every process must share it"
        )
    file = settings.var_dir / "secret_key"
    if not file.exists():
        _write_private(file, secrets.token_urlsafe(48))
    return file.read_text().strip()


def _write_private(file: Path, text: str) -> None:
    """Write a file that only its owner reads; of two processes that try at once, the first wins."""
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise StartError(f"cannot write {file}: {error.strerror}") from error
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    with contextlib.suppress(FileExistsError):
        os.link(unfinished, file)
    unfinished.unlink()
