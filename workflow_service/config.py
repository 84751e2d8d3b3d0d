"""Every setting of the service, read once from the environment. Imported by app, cli and migrations only."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from workflow_service import failpoints
from workflow_service.resources import default_var_dir
from workflow_service.startup_error import StartError

SHORTEST_KEY = 16


class SettingError(StartError):
    """An environment variable has a value that the service cannot use."""


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise ValueError(f"must lie between {least} and {most}")
        return number

    return parse


def _between(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        number = float(text)
        if not least <= number <= most:
            raise ValueError(f"must lie between {least:g} and {most:g}")
        return number

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError("must be one of " + ", ".join(choices))
        return text

    return parse


def _switch(text: str) -> bool:
    return _one_of("1", "0", "yes", "no", "true", "false")(text.lower()) in ("1", "yes", "true")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _absolute(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _postgresql_url(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ValueError("must begin with postgresql://")
    return f"postgresql+psycopg://{rest}"


def _key(text: str) -> str:
    if len(text) < SHORTEST_KEY:
        raise ValueError(f"must have at least {SHORTEST_KEY} characters, for who guesses it signs in as anybody")
    return text


def _database_name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,50}", text):
        raise ValueError("must be small letters, digits and underscores")
    return text


def _failpoint(text: str) -> str:
    name, _, number = text.partition(":")
    int(number or 1)
    return text if name == _one_of(*failpoints.NAMES)(name) else ""


def setting(
    variable: str, default: Any, parse: Callable[[str], Any], meaning: str, *, secret: bool = False
) -> Any:
    """Declare one field of Settings: its environment variable, default, reader and meaning (with the unit)."""
    return field(
        default=default, metadata={"variable": variable, "parse": parse, "meaning": meaning, "secret": secret}
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator can set. Each field names its environment variable; empty variables count as unset."""

    database_url: str | None = setting(
        "DATABASE_URL",
        None,
        _postgresql_url,
        "PostgreSQL 16 or newer; unset: an embedded server of this checkout",
        secret=True,
    )
    secret_key: str | None = setting(
        "SECRET_KEY",
        None,
        _key,
        "signs sessions, 16 characters or more; required with DATABASE_URL, else generated into the var folder",
        secret=True,
    )
    port: int = setting("PORT", 8000, _whole(1, 65535), "TCP port of the web server")
    host: str = setting("TONGCHOU_HOST", "127.0.0.1", str, "address that the web server listens on")
    base_url: str | None = setting(
        "TONGCHOU_BASE_URL",
        None,
        str,
        "how people reach the service, for links in e-mail; unset: http://host:port",
    )
    proxies: int = setting(
        "TONGCHOU_PROXIES",
        0,
        _whole(0, 5),
        "number of trusted reverse proxies whose X-Forwarded-* headers count",
    )
    secure_cookies: bool = setting(
        "TONGCHOU_SECURE_COOKIES",
        False,
        _switch,
        "send cookies over https only (set it wherever https is used)",
    )
    var_dir: Path = setting(
        "TONGCHOU_VAR",
        default_var_dir(),
        _absolute,
        "folder for the embedded database, the key and the files",
    )
    files_dir: Path | None = setting(
        "TONGCHOU_FILES", None, _absolute, "folder for uploaded files; unset: files/ in the var folder"
    )
    upload_limit_mb: int = setting(
        "TONGCHOU_UPLOAD_LIMIT_MB", 20, _whole(1, 500), "largest uploaded file, in MB"
    )

    postgres_version: int = setting(
        "TONGCHOU_POSTGRES",
        18,
        lambda text: int(_one_of("16", "18")(text)),
        "version of the embedded PostgreSQL: 16 or 18",
    )
    postgres_user: str = setting(
        "TONGCHOU_POSTGRES_USER",
        "nobody",
        str,
        "account of the embedded server when the service is run as root",
    )
    database_name: str | None = setting(
        "TONGCHOU_DATABASE",
        None,
        _database_name,
        "database in the embedded server, such as demo_small; unset: the one that `workflow demo` chose",
    )
    pool_size: int = setting(
        "TONGCHOU_POOL_SIZE", 10, _whole(1, 200), "database connections kept open per process"
    )
    pool_overflow: int = setting(
        "TONGCHOU_POOL_OVERFLOW", 10, _whole(0, 200), "further connections opened under load, per process"
    )
    lock_timeout_ms: int = setting(
        "TONGCHOU_LOCK_TIMEOUT_MS",
        10_000,
        _whole(100, 600_000),
        "longest wait for a row lock, in milliseconds",
    )
    statement_timeout_ms: int = setting(
        "TONGCHOU_STATEMENT_TIMEOUT_MS",
        60_000,
        _whole(1000, 3_600_000),
        "longest SQL statement, in milliseconds",
    )
    idle_timeout_ms: int = setting(
        "TONGCHOU_IDLE_TIMEOUT_MS",
        60_000,
        _whole(1000, 3_600_000),
        "longest idle time inside a transaction, in milliseconds",
    )

    web_threads: int = setting(
        "TONGCHOU_WEB_THREADS", 8, _whole(1, 64), "threads that answer requests, per process"
    )
    worker_jobs: int = setting(
        "TONGCHOU_WORKER_JOBS", 2, _whole(1, 64), "jobs that one worker runs at a time"
    )
    tick_seconds: float = setting(
        "TONGCHOU_TICK_SECONDS",
        0.5,
        _between(0.1, 60.0),
        "how often the scheduler looks for due timers, in seconds",
    )
    catch_up_periods: int = setting(
        "TONGCHOU_CATCH_UP_PERIODS",
        3,
        _whole(1, 60),
        "weekly and ten-day periods made up for after downtime (the daily one: the newest day only)",
    )

    language: str = setting(
        "TONGCHOU_LANGUAGE", "zh", _one_of("zh", "en"), "language of people who have chosen none: zh or en"
    )
    session_idle_minutes: int = setting(
        "TONGCHOU_SESSION_IDLE_MINUTES", 60, _whole(1, 1440), "automatic sign-out after idleness, in minutes"
    )
    login_attempts: int = setting(
        "TONGCHOU_LOGIN_ATTEMPTS", 5, _whole(1, 100), "wrong passwords before an account is locked"
    )
    lockout_minutes: int = setting(
        "TONGCHOU_LOCKOUT_MINUTES", 15, _whole(1, 1440), "how long an account stays locked, in minutes"
    )

    smtp_host: str | None = setting("TONGCHOU_SMTP_HOST", None, str, "mail server; unset: no e-mail is sent")
    smtp_port: int = setting("TONGCHOU_SMTP_PORT", 25, _whole(1, 65535), "port of the mail server")
    smtp_tls: str = setting(
        "TONGCHOU_SMTP_TLS", "none", _one_of("none", "starttls", "tls"), "encryption to the mail server: none, starttls or tls"
    )
    smtp_user: str | None = setting(
        "TONGCHOU_SMTP_USER", None, str, "account at the mail server; unset: none"
    )
    smtp_password: str | None = setting(
        "TONGCHOU_SMTP_PASSWORD", None, str, "password at the mail server", secret=True
    )
    mail_from: str = setting("TONGCHOU_MAIL_FROM", "tongchou@localhost", str, "sender of e-mail")
    webhook_hosts: tuple[str, ...] = setting(
        "TONGCHOU_WEBHOOK_HOSTS", (), _names, "hosts that robot webhooks may post to, separated by commas"
    )

    sms_url: str | None = setting(
        "TONGCHOU_SMS_URL", None, str, "gateway that takes text messages as JSON by POST; unset: no text messages"
    )
    sms_token: str | None = setting(
        "TONGCHOU_SMS_TOKEN", None, str, "bearer token for the SMS gateway; unset: none", secret=True
    )

    log_level: str = setting(
        "TONGCHOU_LOG_LEVEL",
        "info",
        _one_of("debug", "info", "warning", "error"),
        "least severe entry that is logged",
    )
    log_format: str = setting(
        "TONGCHOU_LOG_FORMAT", "text", _one_of("text", "json"), "log lines as text or as JSON"
    )
    failpoint: str | None = setting(
        "TONGCHOU_FAILPOINT", None, _failpoint, "for tests: `name` or `name:3`, where the process kills itself (the third time)"
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read all settings; raises SettingError naming the first variable that does not fit."""
        return cls(**dict(_read(environment)))

    @property
    def is_embedded(self) -> bool:
        """Whether the service runs its own PostgreSQL."""
        return self.database_url is None

    @property
    def uploads(self) -> Path:
        """The folder for uploaded files."""
        return self.files_dir or self.var_dir / "files"

    @property
    def public_url(self) -> str:
        """How people reach the service, without a slash at the end."""
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")


def _read(environment: Mapping[str, str]) -> list[tuple[str, Any]]:
    values = []
    for item in fields(Settings):
        variable, text = item.metadata["variable"], environment.get(item.metadata["variable"], "")
        if text:
            values.append((item.name, _parsed(variable, text, item.metadata["parse"])))
    return values


def _parsed(variable: str, text: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        reason = "must be a whole number" if "invalid literal" in str(error) else str(error)
        raise SettingError(f"{variable}: {reason}") from error
