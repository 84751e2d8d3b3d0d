"""What tests of catalogue changes share: a county with its commission, its office and plans, and each act in one word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.people import SYSTEM, password_hash
from tests.services.catalogue import Catalogue
from tests.services.house import House, user_task
from tests.services.test_rhythms import delivered
from workflow_service.domain.plans import PlanCode
from workflow_service.services import catalogue_changes, deployments, files, people, processes, units
from workflow_service.services.catalogue_changes import ChangeAsked, Successor
from workflow_service.services.numbering import note_number
from workflow_service.services.people import PersonFacts
from workflow_service.services.plans import plan_facts
from workflow_service.services.units import UnitFacts
from workflow_service.store.catalogue_changes import CatalogueChange
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Attachment

FILES = (
    "catalogue_change", "catalogue_change_review", "catalogue_change_amendment", "catalogue_change_approval", "deadlines",
    "route_selection",
)  # fmt: skip
PEOPLE = (("jb.head", "jb.drc", "leader"), ("jb.planner", "jb.drc", "planner"), ("jb.clerk", "jb.office", "handler"))
PLANS = ("能源规划", "电力规划", "热力规划")
SINCE, DUE, LATER = date(2025, 10, 1), date(2025, 12, 31), date(2026, 3, 31)
AREA = "/330000/330200/330205/"
NUMBER = "北区政发〔2025〕9号"


@dataclass
class Changing:
    """The county; plans by title."""

    house: House
    plan_ids: dict[str, int] = field(default_factory=dict)

    @classmethod
    def build(cls, house: House) -> Changing:
        found = cls(house)
        with house.database.transaction() as session:
            deployments.deploy_files(session, SYSTEM, "changes", delivered(*FILES), now=house.now)
            office = UnitFacts(
                code="jb.office", name="江北区政府办公室", area="330205", parent="jb", relation="government_office"
            )
            units.add_unit(session, SYSTEM, office, now=house.now)
            for username, unit, post in PEOPLE:
                facts = PersonFacts(username=username, name=username)
                added = people.add_person(
                    session, SYSTEM, facts, [(unit, post)], now=house.now, password_hash=password_hash(), constructed=True
                )
                house.structure.people[username] = added.user.id
        for title in PLANS:
            found.add(title)
        return found

    def add(self, title: str, unit: str = "jb.energy", issued: date | None = None, due: date = DUE) -> int:
        with self.house.database.transaction() as session:
            plan = Catalogue.again(session).plan(title, unit, SINCE, due, issued, level="county")
            self.plan_ids[title] = plan.id
            code = PlanCode.parse(str(plan.code))
            note_number(session, code.series, code.serial)
        return self.plan_ids[title]

    def plan(self, title: str) -> Plan:
        """The plan of this title that came last."""
        with self.house.database.transaction() as session:
            found = session.query(Plan).filter(Plan.title == title).order_by(Plan.id.desc()).first()
            assert found is not None
            return found

    def run(self, title: str) -> int:
        """A run that carries a plan, with a task before the energy bureau's handler."""
        self.house.deploy_chain(user_task("draft"), user_task("sign"))
        with self.house.database.transaction() as session:
            plan = session.get_one(Plan, self.plan_ids[title])
            return processes.start_process(
                session, SYSTEM, "p", variables={"plan": plan_facts(plan)}, business_key=str(plan.id), plan_id=plan.id,
                now=self.house.now,
            ).id  # fmt: skip

    def asked(self, kind: str, *titles: str, parts: Sequence[str | Successor] = (), into: str = "", **more: Any) -> ChangeAsked:
        made = [one if isinstance(one, Successor) else Successor(one, "jb.energy", LATER) for one in parts]
        ids = [self.plan_ids[one] for one in titles]
        reason = more.pop("reason", "事权调整")
        return ChangeAsked(kind, ids, reason, successors=made, into_plan_id=self.plan_ids[into] if into else None, **more)

    def propose(self, asked: ChangeAsked, by: str = "jb.planner") -> int:
        with self.house.database.transaction() as session:
            return catalogue_changes.propose_change(session, self.house.actor(by), asked, now=self.house.now).id

    def agree(self) -> None:
        self.house.complete("review", {"outcome": "agree"}, "jb.head")

    def approve(self, outcome: str = "approved", **more: Any) -> None:
        """The office enters what the government said, with its document."""
        said = {
            "outcome": outcome, "document": [str(self.paper("批复.pdf"))], "document_number": NUMBER,
            "decided_on": self.house.now.date().isoformat(),
        } | more  # fmt: skip
        self.house.complete("approve", said, "jb.clerk")

    def paper(self, name: str) -> int:
        """The document of the approval, put to the office's open task; gives its id."""
        task = next(one for one in self.house.open() if one.element_id == "approve")
        with self.house.database.transaction() as session:
            file = Attachment(
                sha256="2" * 64, name=name, media_type="application/pdf", size=1, uploaded_at=self.house.now, task_id=task.id,
                instance_id=task.instance_id, uploaded_by=self.house.structure.people["jb.clerk"],
            )  # fmt: skip
            session.add(file)
            session.flush()
            return file.id

    def carry_out(self, asked: ChangeAsked, by: str = "jb.planner") -> int:
        """All the way: proposed, agreed, approved."""
        change = self.propose(asked, by)
        self.agree()
        self.approve()
        assert self.house.incidents() == [], [one.message for one in self.house.incidents()]
        return change

    def change(self, change_id: int) -> CatalogueChange:
        with self.house.database.transaction() as session:
            return session.get_one(CatalogueChange, change_id)

    def keep_file(self, shelf: Path, title: str, name: str, item: str, content: bytes = b"text") -> int:
        """A file of a plan's dossier, on the shelf; gives its id."""
        with self.house.database.transaction() as session:
            return files.store_file(
                session, self.house.actor("jb.handler"), files.FileShelf(shelf), BytesIO(content), name, now=self.house.now,
                declared_unclassified=True, plan_id=self.plan_ids[title], dossier_item=item,
            ).id  # fmt: skip

