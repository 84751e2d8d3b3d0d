"""The record of commands: whole when nobody touched it, and every kind of tampering is found."""

import pytest
from sqlalchemy import text

from tests.people import NOW
from tests.services.house import House, user_task
from workflow_service.services import audit


@pytest.fixture
def recorded(house: House) -> House:
    house.deploy_chain(user_task("a"), user_task("b"), user_task("c"))
    house.start()
    house.complete("a")
    house.complete("b")
    with house.database.transaction() as session:
        audit.anchor(session, now=NOW)
    return house


def faults(house: House) -> list[tuple[str, int]]:
    with house.database.transaction() as session:
        return [(fault.chain, fault.seq) for fault in audit.verify(session)]


def test_an_untouched_record_is_whole(recorded: House) -> None:
    assert faults(recorded) == []
    recorded.complete("c")
    assert faults(recorded) == []


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_record SET data = '{}' WHERE chain LIKE 'i%' AND seq = 2",
        "UPDATE audit_record SET actor_name = '别人' WHERE chain LIKE 'i%' AND seq = 2",
        "DELETE FROM audit_record WHERE chain LIKE 'i%' AND seq = 2",
        "DELETE FROM audit_record WHERE chain LIKE 'i%' AND seq = 3",
        "DELETE FROM audit_record WHERE chain LIKE 'i%'",
        "UPDATE audit_record SET seq = CASE seq WHEN 2 THEN -3 ELSE 2 END WHERE chain LIKE 'i%' AND seq IN (2, 3);"
        "UPDATE audit_record SET seq = 3 WHERE seq = -3",
        "DELETE FROM audit_record WHERE chain = 'general' AND seq = 1",
    ],
)
def test_what_was_edited_deleted_reordered_or_cut_off_is_found(recorded: House, tampering: str) -> None:
    with recorded.database.transaction() as session:
        for statement in tampering.split(";"):
            session.execute(text(statement))
    assert faults(recorded)


def test_a_chain_cut_off_together_with_its_end_is_found_by_the_anchor(recorded: House) -> None:
    with recorded.database.transaction() as session:
        session.execute(text("DELETE FROM audit_record WHERE chain LIKE 'i%' AND seq = 3"))
        session.execute(
            text(
                "UPDATE process_instance SET audit_seq = 2, audit_head ="
                " (SELECT hash FROM audit_record WHERE chain = 'i' || process_instance.id AND seq = 2)"
            )
        )
    assert len(faults(recorded)) == 1
