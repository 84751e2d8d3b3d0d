"""The only place that reads the machine's clock; every rule below takes `now` as an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment as an aware datetime in UTC."""
    return datetime.now(UTC)
