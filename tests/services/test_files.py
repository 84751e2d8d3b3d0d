"""A file that something was decided on stays."""

import pytest

from tests.people import NOW
from tests.services.catalogue import Catalogue
from tests.services.house import House
from workflow_service.domain.errors import Conflict
from workflow_service.services import files
from workflow_service.store.plans import LibraryResult, Meeting
from workflow_service.store.runtime import Attachment


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
