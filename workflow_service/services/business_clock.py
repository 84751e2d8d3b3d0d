"""The business time of a database: a stored moment where it is a demo, else the machine's clock.

A stored clock stands still until somebody moves it, so that a demo shows its own day whenever it is opened. Sign-in, locks of
accounts and the audit's second time keep to the machine's clock.
"""

import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from workflow_service import clock
from workflow_service.domain.deadlines import aware
from workflow_service.store import setting_rows
from workflow_service.store.database import Database
from workflow_service.store.records import Setting

NAME = "clock"
KEPT_SECONDS = 2.0


def clock_of(database: Database) -> Callable[[], datetime]:
    """Give the function that tells the business time of a database (aware); the stored moment is read anew after 2 s."""
    read_at, stored = float("-inf"), None

    def now() -> datetime:
        nonlocal read_at, stored
        if time.monotonic() - read_at > KEPT_SECONDS:
            with database.transaction() as session:
                read_at, stored = time.monotonic(), stored_moment(session)
        return stored or clock.now()

    return now


def moment_of(session: Session) -> datetime:
    """Give the business time of the database that a session works in, for a command that asks once."""
    return stored_moment(session) or clock.now()


def stored_moment(session: Session) -> datetime | None:
    """Give the moment at which the clock of this database stands; None where it runs with the machine's."""
    value = setting_rows.value_of(session, NAME)
    return datetime.fromisoformat(value["now"]) if value else None


def set_clock(session: Session, moment: datetime | None) -> None:
    """Let the clock stand at `moment` (aware), or run with the machine's again for None; raises for a naive one."""
    if moment is None:
        session.execute(delete(Setting).where(Setting.name == NAME))
        return
    setting_rows.put(session, NAME, {"now": aware(moment).isoformat()}, at=clock.now())
