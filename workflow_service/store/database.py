"""The door to PostgreSQL: one engine per process, one transaction per command, call-backs once it is committed."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from blinker import NamedSignal
from psycopg import Connection
from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from workflow_service.startup_error import StartError

OLDEST_POSTGRESQL = 16
CONNECT_TIMEOUT_SECONDS = 10
AFTER_COMMIT = "after_commit"
FILES_DIR = "files_dir"
OWN_PLANS = "own_plans"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DatabaseOptions:
    """Sizes of the pool and limits of every connection; times in milliseconds.

    `files_dir` is where the files stand whose rows the database holds; None where a process keeps none.
    """

    pool_size: int = 10
    pool_overflow: int = 10
    lock_timeout_ms: int = 10_000
    statement_timeout_ms: int = 60_000
    idle_timeout_ms: int = 60_000
    application: str = "tongchou"
    files_dir: Path | None = None

    def session_settings(self) -> dict[str, str]:
        """The PostgreSQL parameters that each new connection gets."""
        return {
            "TimeZone": "UTC",
            "lock_timeout": str(self.lock_timeout_ms),
            "statement_timeout": str(self.statement_timeout_ms),
            "idle_in_transaction_session_timeout": str(self.idle_timeout_ms),
            "application_name": self.application,
        }


class Database:
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, url: str | URL, options: DatabaseOptions | None = None) -> None:
        self.url = make_url(url)
        self.options = options or DatabaseOptions()
        self.engine = _engine(self.url, self.options)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, info={FILES_DIR: self.options.files_dir})

    def __repr__(self) -> str:
        return f"Database({self.url.render_as_string(hide_password=True)})"

    @property
    def dsn(self) -> str:
        """The address as libpq and psycopg read it, password included."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session; commit at the end of the block, roll back on an error; then run what `after_commit` queued.

        A call-back that fails is logged and harms neither the others nor the caller: the work is committed.
        """
        with self._sessions() as session:
            with session.begin():
                yield session
            queued: list[Callable[[], Any]] = session.info.pop(AFTER_COMMIT, [])
        for call_back in queued:
            _run_quietly(call_back)

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Yield a session that reads one state of the database from end to end, whatever is committed meanwhile."""
        with self._sessions() as session, session.begin():
            session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            yield session

    def check(self) -> None:
        """Raise StartError with one telling line unless the server answers and is new enough."""
        try:
            with self.engine.connect() as connection:
                number = connection.execute(text("SHOW server_version_num")).scalar_one()
        except OperationalError as error:
            line = f"the database {self._name()} cannot be reached: {_reason(error)}"
            raise StartError(line) from error
        if int(number) // 10_000 < OLDEST_POSTGRESQL:
            raise StartError(
                f"the database {self._name()} is PostgreSQL {int(number) // 10_000}: "
                f"version {OLDEST_POSTGRESQL} or newer is needed"
            )

    def close(self) -> None:
        """Close every idle connection."""
        self.engine.dispose()

    def _name(self) -> str:
        return self.url.set(query={}).render_as_string(hide_password=True)


def after_commit(session: Session, call_back: Callable[[], Any]) -> None:
    """Queue a call-back without arguments to run once the transaction is committed; a roll-back forgets it."""
    session.info.setdefault(AFTER_COMMIT, []).append(call_back)


@contextmanager
def undone_on_failure(session: Session) -> Iterator[None]:
    """Let an error take back what the block wrote and what it queued for after the commit, and only that."""
    queued = len(session.info.get(AFTER_COMMIT, ()))
    try:
        with session.begin_nested():
            yield
            session.flush()
    except BaseException:
        del session.info.get(AFTER_COMMIT, [])[queued:]
        raise
def plan_for_these_values(session: Session) -> None:
    """Let each statement of this transaction be planned for its own values, once prepared too: for questions about areas, of
    which one is a county and another everything, so that one plan cannot suit both.
    """
    if session.info.get(OWN_PLANS) is not session.get_transaction() or not session.in_transaction():
        session.connection().exec_driver_sql("SET LOCAL plan_cache_mode = 'force_custom_plan'")
        session.info[OWN_PLANS] = session.get_transaction()


def send_after_commit(session: Session, signal: NamedSignal, **payload: Any) -> None:
    """Send a signal (see `signals`) once the transaction is committed; a roll-back forgets it."""
    if signal.receivers:
        after_commit(session, partial(signal.send, None, **payload))


def _engine(url: URL, options: DatabaseOptions) -> Engine:
    engine = create_engine(
        url,
        pool_size=options.pool_size,
        max_overflow=options.pool_overflow,
        pool_pre_ping=False,
        pool_use_lifo=True,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS},
    )
    event.listen(engine, "connect", _preparation(options.session_settings()))
    return engine


def _preparation(settings: dict[str, str]) -> Callable[[Connection, object], None]:
    """Settings are sent after connecting, not as start-up options, because connection poolers refuse those."""
    statement = "SELECT " + ", ".join("set_config(%s, %s, false)" for _ in settings)
    parameters = [word for pair in settings.items() for word in pair]

    def prepare(connection: Connection, record: object) -> None:
        connection.autocommit = True
        connection.execute(statement.encode(), parameters)
        connection.autocommit = False

    return prepare


def _run_quietly(call_back: Callable[[], Any]) -> None:
    try:
        call_back()
    except Exception:
        log.exception("a call-back after commit failed")


def _reason(error: OperationalError) -> str:
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    return lines[-1] if lines else "no answer"
