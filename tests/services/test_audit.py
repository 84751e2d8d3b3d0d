"""The record of commands: whole when nobody touched it, and every kind of tampering is found."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.people import NOW, SYSTEM
from tests.services.house import House, user_task
from workflow_service.services import audit, comments
from workflow_service.store.records import AuditRecord


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
    with house.database.snapshot() as session:
        return [(fault.chain, fault.seq) for fault in audit.verify(session)]


def test_what_is_committed_while_the_record_is_read_is_no_fault(
    recorded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_ends = audit._stored_ends

    def then_somebody_works(session: Session) -> dict[str, tuple[int, bytes]]:
        ends = read_ends(session)
        recorded.complete("c")
        recorded.start()
        return ends

    monkeypatch.setattr(audit, "_stored_ends", then_somebody_works)
    assert faults(recorded) == []


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


def test_a_record_that_was_committed_after_an_anchor_is_in_the_next(house: House) -> None:
    with house.database.transaction() as slow:
        audit.record(slow, SYSTEM, "test", "thing", {}, now=NOW)
        with house.database.transaction() as session:
            audit.anchor(session, now=NOW)
    with house.database.transaction() as session:
        assert audit.anchor(session, now=NOW) >= 1
        newest = select(AuditRecord).where(AuditRecord.chain == audit.GENERAL).order_by(AuditRecord.seq.desc())
        last = session.scalars(newest.limit(1)).one()
        anchored = session.scalars(
            select(AuditRecord).where(AuditRecord.chain == audit.ANCHORS).order_by(AuditRecord.seq.desc()).limit(1)
        ).one()
        assert anchored.data["heads"][audit.GENERAL] == [last.seq, last.hash.hex()]


@pytest.mark.parametrize("number", [1e16, 1.5e300, -0.0, 5.0, 0.1, 1e-7, 12345678901234567890])
def test_a_number_is_recorded_so_that_the_database_gives_it_back_unchanged(house: House, number: float) -> None:
    with house.database.transaction() as session:
        audit.record(session, SYSTEM, "test", "thing", {"n": [number]}, now=NOW)
    assert faults(house) == []


@pytest.mark.parametrize(
    ("tampering", "chain"),
    [
        ("UPDATE resource SET content = 'other' WHERE name = '0.bpmn'", "general"),
        ("UPDATE resource SET content = 'other', sha256 = encode(sha256('other'), 'hex') WHERE name = '0.bpmn'", "general"),
        ("UPDATE process_definition SET bundle = jsonb_set(bundle, '{processes,p,name}', '\"别的\"')", "general"),
        ("UPDATE comment SET body = '同意'", "general"),
    ],
)
def test_what_was_deployed_or_remarked_is_held_against_its_record(recorded: House, tampering: str, chain: str) -> None:
    with recorded.database.transaction() as session:
        instance_id = recorded.open()[0].instance_id
        comments.add_comment(session, recorded.actor("jb.handler"), "不同意", instance_id=instance_id, now=NOW)
    assert faults(recorded) == []
    with recorded.database.transaction() as session:
        session.execute(text(tampering))
    assert [one[0] for one in faults(recorded)] == [chain]


def test_the_record_of_a_start_says_with_what(recorded: House) -> None:
    run = recorded.start(variables={"unit": "jb.energy", "share": 0.5})
    with recorded.database.transaction() as session:
        entry = session.scalars(select(AuditRecord).where(AuditRecord.chain == f"i{run}", AuditRecord.seq == 1)).one()
    assert entry.data["variables"] == {"unit": "jb.energy", "share": 0.5}
