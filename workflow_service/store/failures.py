"""What a failure of the database means to whoever asked. The one place that knows PostgreSQL's states."""

from __future__ import annotations

import logging

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from workflow_service.domain.errors import Busy, Conflict, TongchouError, Unavailable

LOCK_NOT_AVAILABLE, DEADLOCK, SERIALIZATION, CANCELLED = "55P03", "40P01", "40001", "57014"
UNIQUE_VIOLATION = "23505"

log = logging.getLogger(__name__)


def foreseen(error: Exception) -> TongchouError | None:
    """Give the failure as an error that names what to do, None where nobody could foresee it.

    Busy: another command holds the row, try again; Conflict: somebody made the same thing first; Unavailable: no answer.
    """
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state in (LOCK_NOT_AVAILABLE, DEADLOCK, SERIALIZATION, CANCELLED):
        return Busy()
    if state == UNIQUE_VIOLATION:
        return Conflict()
    if isinstance(error, OperationalError | PoolTimeout):
        log.error("the database does not answer: %s", error)
        return Unavailable()
    return None
