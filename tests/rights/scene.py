"""One county at work with something of every kind, its people of every role, and the same people in the county beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from tests.api.callers import Caller
from tests.engine import xml_drawing
from tests.people import PASSWORD, SYSTEM, password_hash
from tests.services.house import House, user_task
from tests.services.test_hand_decisions import gap_process, table_with_gap
from tests.services.test_pauses import MEETING
from tests.services.test_rhythms import delivered
from tests.web.test_pages import plan_of
from workflow_service.domain.circulations import CirculationKind
from workflow_service.services import (
    absences,
    bulletins,
    catalogue_changes,
    circulations,
    deployments,
    listing,
    meetings,
    processes,
    slips,
    special_reports,
    substitutions,
    tasks,
)
from workflow_service.services.catalogue_changes import ChangeAsked
from workflow_service.services.listing import ListingAsked
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.services.plans import plan_facts
from workflow_service.services.slips import SlipAsked
from workflow_service.services.special_reports import ReportAsked
from workflow_service.services.substitutions import SubstituteAsked
from workflow_service.services.tokens import make_token
from workflow_service.services.units import UnitFacts, add_unit
from workflow_service.store.acting import Extension
from workflow_service.store.definitions import DecisionDefinition, ProcessDefinition, Resource
from workflow_service.store.people import ApiToken, Membership, Post, User
from workflow_service.store.personal import SavedView
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Attachment, Incident, Task
from workflow_service.store.supervision import Bulletin, Delivery, Notice
from workflow_service.web import words

SECRET = "江北区内部"
"""Stands in the titles of the county's drafts: nobody beside it may read it anywhere."""

_POSTS = {
    "staff": ("{}.ecology", "handler"), "supervisor": ("{}.drc", "supervisor"), "designer": ("{}.drc", "designer"),
    "admin": ("{}.drc", "admin"), "leader": ("{}.drc", "leader"), "office": ("{}.office", "handler"),
}  # fmt: skip
OWN = frozenset({"jb.handler", *(f"jb.{one}" for one in _POSTS)})
BESIDE = frozenset({"hs.handler", *(f"hs.{one}" for one in _POSTS)})
ABOVE = frozenset({"zj.supervisor", "zj.designer", "zj.admin"})
EVERYBODY = OWN | BESIDE | ABOVE


@dataclass
class Scene:
    """The government, the application, and the ids of what an address may name."""

    house: House
    app: Flask
    ids: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def caller(self, username: str) -> Caller:
        """The person at the interface, with his token."""
        return Caller(self.app.test_client(), self.tokens[username])

    def visitor(self, username: str) -> Any:
        """The person at a browser, signed in."""
        client = self.app.test_client()
        answer = client.post("/sign-in", data={"username": username, "password": PASSWORD})
        assert answer.status_code == 302, username
        return client


def build(house: House, app: Flask) -> Scene:
    """Fill the small government."""
    app.config["WTF_CSRF_ENABLED"] = False
    scene = Scene(house, app)
    _people(scene)
    _definitions(scene)
    _running(scene)
    _rows(scene)
    _office(scene)
    _files(scene)
    _asked(scene)
    _acting(scene)
    _reports(scene)
    _changing(scene)
    return scene


def _people(scene: Scene) -> None:
    house = scene.house
    with house.database.transaction() as session:
        for code, name, area in (("jb.office", "江北区政府办公室", "330205"), ("hs.office", "海曙区政府办公室", "330203")):
            facts = UnitFacts(code=code, name=name, area=area, parent=code[:2], relation="government_office")
            add_unit(session, SYSTEM, facts, now=house.now)
        facts = UnitFacts(code="hs.ecology", name="海曙区生态环境局", area="330203", parent="hs")
        add_unit(session, SYSTEM, facts, now=house.now)
        known = set(session.scalars(select(User.username)))
        held = {f"{county}.{one}": (post[0].format(county), post[1]) for county in ("jb", "hs") for one, post in _POSTS.items()}
        held |= {one: ("zj.drc", one.removeprefix("zj.")) for one in ABOVE}
        for username in sorted(EVERYBODY - known):
            add_person(
                session, SYSTEM, PersonFacts(username=username, name=username), [held[username]], now=house.now,
                password_hash=password_hash(), constructed=True,
            )  # fmt: skip
        for owner in session.scalars(select(User).where(User.username.in_(EVERYBODY))):
            scene.tokens[owner.username] = make_token(session, SYSTEM, "t", days=30, now=house.now, owner=owner).text
        handler = session.scalars(select(User).where(User.username == "jb.handler")).one()
        membership = session.scalars(select(Membership).where(Membership.user_id == handler.id)).one()
        token = session.scalars(select(ApiToken).where(ApiToken.user_id == handler.id)).first()
        assert token is not None
        post = session.scalars(select(Post).where(Post.unit_id == house.structure.units["jb.energy"]).limit(1)).one()
        scene.ids |= {
            "user_id": handler.id, "membership_id": membership.id, "token_id": token.id, "post_id": post.id,
            "unit_id": house.structure.units["jb.energy"], "other_unit_id": house.structure.units["jb.ecology"],
        }  # fmt: skip


def _definitions(scene: Scene) -> None:
    house = scene.house
    house.deploy_chain(user_task("fill"), user_task("sign", group="jb.drc:handler"))
    table = (words.__file__.rsplit("/workflow_service/", 1)[0]) + "/bpmn/deadlines.dmn"
    with open(table, "rb") as file, house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "table", {"deadlines.dmn": file.read()}, now=house.now)
    with house.database.transaction() as session:
        definition = session.scalars(select(ProcessDefinition).where(ProcessDefinition.key == "p")).first()
        decision = session.scalars(select(DecisionDefinition)).first()
        resource = session.scalars(select(Resource)).first()
        assert definition is not None and decision is not None and resource is not None
        scene.ids |= {
            "definition_id": definition.id, "decision_id": decision.id, "resource_id": resource.id,
            "deployment_id": definition.deployment_id, "key": "answer",
        }  # fmt: skip


def _running(scene: Scene) -> None:
    house = scene.house
    idle, busy, waiting = (plan_of(house, f"{SECRET}{name}规划") for name in ("甲", "乙乙", "丙丙丙"))
    with house.database.transaction() as session:
        for plan_id in (idle, busy, waiting):
            session.get_one(Plan, plan_id).route = "p"
    run = _start(scene, "p", busy)
    (task,) = house.open(run)
    house.deploy_chain(*MEETING[1:], roots=MEETING[0])
    other = _start(scene, "p", waiting)
    with house.database.transaction() as session:
        (item,) = meetings.pool(session, "330205")
        planned = meetings.plan_meeting(
            session, SYSTEM, item.kind, f"{SECRET}常务会议", "330205", house.now.date(), [item.id], now=house.now
        )
        scene.ids |= {"meeting_id": planned.id, "item_id": item.id, "item": str(item.id)}
    scene.ids |= {"plan_id": busy, "idle_plan_id": idle, "instance_id": run, "task_id": task.id, "waiting_run": other}
    receive, root = '<receiveTask id="hear" name="hear" messageRef="m"/>', '<message id="m" name="answer.given"/>'
    hears = xml_drawing.chain(receive, roots=root)
    house.deploy(hears.replace(b'id="p"', b'id="hears"').replace(b'bpmnElement="p"', b'bpmnElement="hears"'))
    house.start("hears", business_key="hears")
    scene.ids["token"] = str(task.token)
    scene.ids["cycle_id"] = _cycle(scene, busy)
    scene.ids["undecided_id"] = _undecided(scene, waiting)


def _start(scene: Scene, key: str, plan_id: int) -> int:
    with scene.house.database.transaction() as session:
        plan = session.get_one(Plan, plan_id)
        row = processes.start_process(
            session, SYSTEM, key, variables={"plan": plan_facts(plan)}, business_key=str(plan_id), plan_id=plan_id,
            now=scene.house.now,
        )  # fmt: skip
        return row.id


def _cycle(scene: Scene, plan_id: int) -> int:
    with scene.house.database.transaction() as session:
        return session.get_one(Plan, plan_id).cycle_id


def _undecided(scene: Scene, plan_id: int) -> int:
    """A run of the plan that stands before a decision table without an answer; gives its incident."""
    house = scene.house
    house.deploy(gap_process("gap"), files={"t.dmn": table_with_gap()})
    with house.database.transaction() as session:
        plan = session.get_one(Plan, plan_id)
        row = processes.start_process(
            session, SYSTEM, "gap", variables={"plan": plan_facts(plan), "grade": "3"}, plan_id=plan_id, now=house.now
        )
        return session.scalars(select(Incident.id).where(Incident.instance_id == row.id)).one()


def _rows(scene: Scene) -> None:
    house = scene.house
    with house.database.transaction() as session:
        draft = bulletins.draft_bulletin(session, "330205", "2025-11-D1", now=house.now)
        released = Bulletin(
            area="330205", area_path=draft.area_path, period="2025-10-D3", created_at=house.now, status="released", text="",
            figures=draft.figures, figures_at=house.now, year=2025, number=1, released_at=house.now,
        )  # fmt: skip
        incident = Incident(
            instance_id=scene.ids["instance_id"], element_id="fill", kind="element", message=f"{SECRET}出错", created_at=house.now
        )
        notice = Notice(
            user_id=scene.ids["user_id"], kind="urge", subject=f"{SECRET}催办", body={"text": ""}, dedup_key="1",
            created_at=house.now,
        )  # fmt: skip
        view = SavedView(
            user_id=scene.ids["user_id"], place="inbox", name=f"{SECRET}视图", query="due=week", created_at=house.now
        )
        session.add_all((released, incident, notice, view))
        session.flush()
        delivery = Delivery(
            notice_id=notice.id, channel="email", address="a@example.invalid", message_id="<1@x>", status="failed", attempts=9,
            next_attempt_at=house.now + timedelta(days=1),
        )  # fmt: skip
        session.add(delivery)
        session.flush()
        scene.ids |= {
            "bulletin_id": draft.id, "released_id": released.id, "incident_id": incident.id, "notice_id": notice.id,
            "delivery_id": delivery.id, "view_id": view.id, "year": date(2028, 1, 1).year,
        }  # fmt: skip


def _office(scene: Scene) -> None:
    """A substitute and a leave for next year, and something sent round to the handler."""
    house, handler = scene.house, scene.ids["user_id"]
    with house.database.transaction() as session:
        supervisor = session.scalars(select(User.id).where(User.username == "jb.supervisor")).one()
        first = house.now.date() + timedelta(days=300)
        asked = SubstituteAsked(handler, supervisor, first, first + timedelta(days=9))
        grant = substitutions.name_substitute(session, SYSTEM, asked, now=house.now)
        leave = absences.AbsenceAsked(handler, "leave", first, first + timedelta(days=9))
        absence = absences.enter_absence(session, SYSTEM, leave, now=house.now)
        about = circulations.Subject(
            f"{SECRET}传阅件", f"/instances/{scene.ids['instance_id']}", "/330000/330200/330205/", scene.ids["instance_id"]
        )
        sending = circulations.Sending(CirculationKind.READ, [f"u:{handler}"])
        sent = circulations.send(session, SYSTEM, sending, about, now=house.now)
        scene.ids |= {"supervisor_id": supervisor, "grant_id": grant.id, "absence_id": absence.id, "circulation_id": sent.id}


def _files(scene: Scene) -> None:
    """A file of the county's draft, and a draft of the form, both the handler's."""
    task_id, handler = scene.ids["task_id"], scene.caller("jb.handler")
    sent = handler.upload(f"/tasks/{task_id}/attachments", {"file": [("a.txt", "正文".encode())]}, {"declared": "true"})
    assert sent.status_code == 201, sent.text
    assert handler.put(f"/tasks/{task_id}/draft", {"values": {"opinion": "先放着"}}).status_code < 300
    scene.ids["attachment_id"] = sent.get_json()["id"]
    with scene.house.database.transaction() as session:
        assert session.get(Attachment, sent.get_json()["id"]) is not None


def _asked(scene: Scene) -> None:
    """The handler asks the county's leader a question on behalf of his task."""
    asked = {"people": [{"holder": "g:jb.drc:leader"}], "note": f"{SECRET}可行吗"}
    answer = scene.caller("jb.handler").post(f"/tasks/{scene.ids['task_id']}/consult", asked)
    assert answer.status_code == 200, answer.text
    side = next(one for one in scene.house.open() if one.round_id is not None)
    scene.ids["side_id"], scene.ids["round_id"] = side.id, side.round_id


def _acting(scene: Scene) -> None:
    """A matter under listed supervision, a notice slip to the handler's unit, a later date that he asked for."""
    house = scene.house
    with house.database.transaction() as session:
        files = delivered("listed_supervision", "listed_progress", "listed_check")
        deployments.deploy_files(session, SYSTEM, "acting", files, now=house.now)
        supervisor = house.actor("jb.supervisor")
        asked = ListingAsked(f"{SECRET}久拖不决", "逾期。", "g:jb.energy:handler", house.now.date() + timedelta(days=9))
        slip = SlipAsked("jb.energy", f"{SECRET}抄告", "逾期。", "请抓紧。", house.now.date() + timedelta(days=9), False)
        scene.ids["slip_id"] = slips.issue_slip(session, supervisor, slip, now=house.now).id
        scene.ids["matter_id"] = listing.list_matter(session, supervisor, asked, now=house.now).id
        task = session.get_one(Task, scene.ids["task_id"])
        request = Extension(
            task_id=task.id, plan_id=None, area_path=task.area_path, unit_id=task.unit_id, asked_by=scene.ids["user_id"],
            asked_at=house.now, wanted=house.now + timedelta(days=30), reason=f"{SECRET}等数据", status="open", answer="",
        )  # fmt: skip
        session.add(request)
        session.flush()
        scene.ids["extension_id"] = request.id


def _reports(scene: Scene) -> None:
    """A special report that lies before the county's leader to be read, and one that is still a draft."""
    house = scene.house
    with house.database.transaction() as session:
        files = delivered("special_report", "report_draft", "report_release", "report_reading")
        deployments.deploy_files(session, SYSTEM, "reports", files, now=house.now)
        leader = session.scalars(select(User.id).where(User.username == "jb.leader")).one()
        asked = ReportAsked(f"{SECRET}专报", "逾期。", [leader])
        supervisor, plan_id = house.actor("jb.supervisor"), scene.ids["plan_id"]
        sent = special_reports.draft_report(session, supervisor, plan_id, asked, now=house.now)
        for username, element, outcome in (("jb.supervisor", "draft", "submit"), ("jb.leader", "release", "release")):
            step = select(Task.id).where(Task.instance_id == sent.instance_id, Task.element_id == element)
            tasks.complete_task(
                session, house.actor(username), session.scalars(step).one(), {"outcome": outcome}, now=house.now
            )
        draft = special_reports.draft_report(session, supervisor, plan_id, asked, now=house.now)
        scene.ids |= {"report_id": sent.id, "draft_report_id": draft.id, "leader_id": leader}


def _changing(scene: Scene) -> None:
    """A change of the catalogue that the handler proposed and that came back to him for amendment."""
    house = scene.house
    with house.database.transaction() as session:
        forms = ("catalogue_change_review", "catalogue_change_amendment", "catalogue_change_approval")
        deployments.deploy_files(session, SYSTEM, "changes", delivered("catalogue_change", *forms), now=house.now)
        asked = ChangeAsked("withdraw", [scene.ids["plan_id"]], f"{SECRET}事权调整")
        change = catalogue_changes.propose_change(session, house.actor("jb.handler"), asked, now=house.now)
        review = session.scalars(select(Task).where(Task.instance_id == change.instance_id)).one()
        tasks.complete_task(session, SYSTEM, review.id, {"outcome": "return", "opinion": "写明依据"}, now=house.now)
        scene.ids["change_id"] = change.id
