"""A file that something was decided on stays; one of a draft is its uploader's own."""

import pytest
from sqlalchemy import select

from tests.people import NOW, PASSWORD, SYSTEM
from tests.services.catalogue import Catalogue
from tests.services.house import House, user_task
from workflow_service.domain.errors import Conflict, Forbidden
from workflow_service.services import files, people, tasks, transfers
from workflow_service.services.people import PersonFacts
from workflow_service.services.transfers import TransferAsked
from workflow_service.store import plan_list
from workflow_service.store.people import User
from workflow_service.store.plans import LibraryResult, Meeting
from workflow_service.store.runtime import Attachment, Task


@pytest.mark.parametrize("use", ["", "order", "minutes", "library"])
def test_a_file_is_taken_back_only_while_nothing_was_decided_on_it(house: House, use: str) -> None:
    owner = house.actor("jb.handler")
    with house.database.transaction() as session:
        plan = Catalogue.again(session).plan("规划", "jb.energy", NOW.date(), level="county")
        file = Attachment(
            sha256="0" * 64, name="规划.pdf", media_type="application/pdf", size=1, uploaded_at=NOW, uploaded_by=owner.user_id,
            plan_id=plan.id,
        )  # fmt: skip
        session.add(file)
        session.flush()
        facts = {"plan_id": plan.id, "kind": "plan", "issued_on": NOW.date(), "entered_at": NOW}
        place = {"area": plan.area, "area_path": plan.area_path, "held_on": NOW.date(), "created_at": NOW}
        if use == "order":
            plan.order_attachment_id = file.id
        elif use == "minutes":
            session.add(Meeting(kind="special_meeting", title="会", minutes_attachment_id=file.id, **place))
        elif use == "library":
            session.add(LibraryResult(revision=0, document_number="", attachment_id=file.id, **facts))
    with house.database.transaction() as session:
        if not use:
            assert files.remove_file(session, owner, file.id, now=NOW).removed_at == NOW
            return
        with pytest.raises(Conflict, match="存档"):
            files.remove_file(session, owner, file.id, now=NOW)


def drafted(house: House, task: Task) -> int:
    """A file that the handler has put to his open task; gives its id."""
    owner = house.actor("jb.handler").user_id
    with house.database.transaction() as session:
        file = Attachment(
            sha256="1" * 64, name="初稿.pdf", media_type="application/pdf", size=1, uploaded_at=NOW, uploaded_by=owner,
            task_id=task.id, instance_id=task.instance_id,
        )  # fmt: skip
        session.add(file)
        session.flush()
        values = {"opinion": "先放着", "report": [str(file.id)]}
        tasks.save_draft(session, house.actor("jb.handler"), task.id, values, now=NOW)
        return file.id


def seen_by(house: House, username: str, instance_id: int) -> list[int]:
    """The files of a run that a person is shown, each of which he can open, and of which he can open no other."""
    actor = house.actor(username)
    with house.database.transaction() as session:
        shown = [one.id for one in plan_list.attachments(session, actor.user_id, instance_id=instance_id)]
        for one in session.scalars(select(Attachment).where(Attachment.instance_id == instance_id)):
            if one.id in shown:
                assert files.visible_attachment(session, actor, one.id) is one
            else:
                with pytest.raises(Forbidden):
                    files.visible_attachment(session, actor, one.id)
        return shown


def test_a_file_of_a_draft_is_seen_by_nobody_else_until_it_is_handed_in(house: House) -> None:
    house.deploy_chain(user_task("a"), user_task("b"))
    house.start()
    (task,) = house.open()
    file = drafted(house, task)
    assert seen_by(house, "jb.handler", task.instance_id) == [file]
    assert seen_by(house, "jb.supervisor", task.instance_id) == []
    house.complete("a")
    assert seen_by(house, "jb.supervisor", task.instance_id) == [file]


@pytest.mark.parametrize("along", [True, False])
def test_a_transferred_draft_shows_its_files_only_where_it_was_given_along(house: House, along: bool) -> None:
    with house.database.transaction() as session:
        facts = PersonFacts(username="jb.second", name="同事")
        people.add_person(session, SYSTEM, facts, [("jb.energy", "handler")], now=NOW, password=PASSWORD)
        second = session.scalars(select(User.id).where(User.username == "jb.second")).one()
    house.deploy_chain(user_task("a"), user_task("b"))
    house.start()
    (task,) = house.open()
    file = drafted(house, task)
    with house.database.transaction() as session:
        asked = TransferAsked(f"u:{second}", with_draft=along)
        transfers.transfer_task(session, house.actor("jb.handler"), task.id, asked, now=NOW)
    assert seen_by(house, "jb.second", task.instance_id) == ([file] if along else [])
    assert seen_by(house, "jb.supervisor", task.instance_id) == []
