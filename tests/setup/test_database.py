"""The door to PostgreSQL keeps its promises about commits, limits and call-backs."""

import pytest
from sqlalchemy import text

from workflow_service.startup_error import StartError
from workflow_service.store.database import Database, after_commit


def test_a_call_back_runs_once_the_work_is_committed(database: Database) -> None:
    seen = []
    with database.transaction() as session:
        session.execute(text("INSERT INTO code_series (name, last) VALUES ('ZX', 1)"))
        after_commit(session, lambda: seen.append(_count(database)))
        assert seen == []
    assert seen == [1]


def test_a_rolled_back_command_leaves_neither_rows_nor_call_backs(database: Database) -> None:
    seen = []
    with pytest.raises(RuntimeError), database.transaction() as session:
        session.execute(text("INSERT INTO code_series (name, last) VALUES ('ZX', 1)"))
        after_commit(session, lambda: seen.append("called"))
        raise RuntimeError("the command failed")
    assert seen == []
    assert _count(database) == 0


def test_a_failing_call_back_harms_neither_the_others_nor_the_caller(database: Database) -> None:
    seen = []
    with database.transaction() as session:
        after_commit(session, lambda: 1 / 0)
        after_commit(session, lambda: seen.append("called"))
    assert seen == ["called"]


def test_every_connection_carries_the_limits(database: Database) -> None:
    with database.transaction() as session:
        limits = session.execute(
            text("SELECT current_setting('lock_timeout'), current_setting('TimeZone')")
        ).one()
    assert limits == ("5s", "UTC")


def test_a_password_is_never_shown(database: Database) -> None:
    assert str(database.url.password) not in repr(database)


def test_an_unreachable_server_is_named_in_one_line_without_its_password() -> None:
    with pytest.raises(StartError) as caught:
        Database("postgresql+psycopg://someone:hidden@127.0.0.1:1/plans").check()
    line = str(caught.value)
    assert "127.0.0.1:1/plans" in line
    assert "hidden" not in line
    assert "\n" not in line


def _count(database: Database) -> int:
    with database.transaction() as session:
        return session.execute(text("SELECT count(*) FROM code_series")).scalar_one()
