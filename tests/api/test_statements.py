"""What finishing a task costs the database over HTTP: at most ten statements in one commit, sign-in and idempotency included."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import event

from tests.api.callers import ApiHouse, Caller
from tests.services.house import AGREE
from workflow_service.store.database import Database

MOST_STATEMENTS = 10


@dataclass
class Counted:
    statements: list[str] = field(default_factory=list)
    commits: int = 0


@contextmanager
def counting(database: Database) -> Iterator[Counted]:
    """Count what reaches the database within the block."""
    found = Counted()

    def note(connection: object, cursor: object, statement: str, *more: object) -> None:
        found.statements.append(statement)

    def commit(connection: object) -> None:
        found.commits += 1

    event.listen(database.engine, "before_cursor_execute", note)
    event.listen(database.engine, "commit", commit)
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
        event.remove(database.engine, "commit", commit)


def complete(api: ApiHouse, handler: Caller, task_id: int, key: str) -> Counted:
    with counting(api.house.database) as found:
        answer = handler.post(
            f"/tasks/{task_id}/complete", {"values": AGREE}, headers={"Idempotency-Key": key, "If-Match": '"0"'}
        )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return found


def run_through(api: ApiHouse, number: int) -> dict[str, Counted]:
    instance_id, handler = api.house.start(business_key=str(number)), api.caller("jb.handler")
    return {
        element: complete(api, handler, api.open_ids(instance_id)[element], f"{number}-{element}") for element in "abcde"
    }


def test_finishing_a_task_takes_at_most_ten_statements_in_one_commit(api: ApiHouse) -> None:
    api.deploy_five_tasks()
    run_through(api, 1)  # units, calendar and program are known from here on
    found = run_through(api, 2)
    shown = {element: [one.split()[0] for one in counted.statements] for element, counted in found.items()}
    assert {element: counted.commits for element, counted in found.items()} == dict.fromkeys("abcde", 1)
    assert max(len(one) for one in shown.values()) <= MOST_STATEMENTS, shown


def test_a_repeated_request_costs_three_statements(api: ApiHouse) -> None:
    api.deploy_five_tasks()
    handler, instance_id = api.caller("jb.handler"), api.house.start()
    task_id = api.open_ids(instance_id)["a"]
    complete(api, handler, task_id, "once")
    assert len(complete(api, handler, task_id, "once").statements) == 3


def test_a_page_of_the_inbox_takes_three_statements(api: ApiHouse) -> None:
    api.deploy_five_tasks()
    api.house.start()
    handler = api.caller("jb.handler")
    handler.get("/tasks")
    with counting(api.house.database) as found:
        assert handler.get("/tasks").status_code == 200
    assert len(found.statements) == 3, found.statements
