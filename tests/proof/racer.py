"""One of two people who finish the same tasks at the same moment, in a process of his own.

`python -m tests.proof.racer URL USERNAME` prints its backend's process id, then reads task ids and prints what came of each.
"""

import json
import sys

from tests.people import NOW, actor_of
from tests.services.house import AGREE
from workflow_service.domain.errors import Conflict
from workflow_service.services import tasks
from workflow_service.store.database import Database, DatabaseOptions


def main(url: str, username: str) -> None:
    database = Database(url, DatabaseOptions(pool_size=1, pool_overflow=0))
    with database.transaction() as session:
        actor = actor_of(session, username)
        say({"pid": session.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one()})
    for line in sys.stdin:
        try:
            with database.transaction() as session:
                tasks.complete_task(session, actor, int(line), AGREE, now=NOW)
            say({"done": username})
        except Conflict as conflict:
            say({"status": conflict.status, **{name: conflict.details[name] for name in ("by", "at", "task")}})


def say(what: object) -> None:
    print(json.dumps(what, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
