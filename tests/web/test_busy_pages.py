"""What a page says when the database refuses to wait, or when somebody made the same thing first."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text

from tests.services.house import House, user_task
from tests.web.conftest import Person
from workflow_service.services.plans import cycle_of
from workflow_service.store.plans import PlanningCycle
from workflow_service.store.runtime import Task

SignIn = Callable[[str], Person]


def test_a_command_that_waits_too_long_says_try_again_and_keeps_nothing(house: House, person: SignIn) -> None:
    house.deploy_chain(user_task("fill"))
    house.start()
    (task,), handler = house.open(), person("jb.handler")
    handler.get(f"/tasks/{task.id}")
    with psycopg.connect(house.database.dsn) as long_meeting:
        long_meeting.execute("SELECT FROM process_instance FOR UPDATE")
        _impatient(house)
        answer = handler.post(f"/tasks/{task.id}/claim", seen=f"/tasks/{task.id}")
        long_meeting.rollback()
    assert answer.status_code == 503
    assert "同一流程正在办理另一步骤" in answer.text and "没有任何内容被改动" in answer.text
    with house.database.transaction() as session:
        assert session.scalars(select(Task.assignee_id)).all() == [None]


def test_two_first_applications_of_a_cycle_share_it(house: House) -> None:
    there, done = threading.Barrier(2), list[int]()

    def note() -> None:
        with house.database.transaction() as session:
            there.wait()
            done.append(cycle_of(session, 2036).id)

    both = [threading.Thread(target=note) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    with house.database.transaction() as session:
        (cycle,) = session.scalars(select(PlanningCycle).where(PlanningCycle.first_year == 2036))
        assert done == [cycle.id, cycle.id]


@pytest.mark.parametrize(
    ("state", "status"), [("55P03", 503), ("40P01", 503), ("23505", 409), ("XX000", 500)]
)
def test_each_refusal_of_the_database_has_its_page(
    app: Flask, person: SignIn, state: str, status: int
) -> None:
    @app.get("/refused")
    def refused() -> Any:
        from workflow_service.web.current import page_session

        page_session().execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"))

    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert person("jb.handler").get("/refused").status_code == status


def _impatient(house: House) -> None:
    """The pool's next connection waits a fifth of a second only."""
    with house.database.engine.connect() as connection:
        connection.execute(text("SELECT set_config('lock_timeout', '200', false)"))
        connection.commit()
