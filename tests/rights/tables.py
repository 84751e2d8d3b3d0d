"""Every address of the service with the action that it needs and the people of the scene who may do it.

An address without an entry fails the tests: whoever adds one says here whose it is.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from tests.engine import xml_drawing
from tests.rights.scene import ABOVE, EVERYBODY, OWN
from tests.services.house import user_task
from workflow_service.documents.built_in_templates import built_in
from workflow_service.documents.template_examples import WRITTEN_AT

PUBLIC = "public"
"""Open without signing in, or showing nothing but what is public."""
OF_ONESELF = "one's own"
"""Signed in, and it shows or changes nothing but what the person may see: lists, one's own account."""

SEES = OWN | ABOVE
HOLDER = frozenset({"jb.handler"})
SUPERVISORS = frozenset({"jb.supervisor", "zj.supervisor"})
MANAGERS = frozenset({"jb.designer", "jb.admin", "zj.designer", "zj.admin"}) | SUPERVISORS
ADMINS = frozenset({"jb.admin", "zj.admin"})
PEOPLE_SEEN = ADMINS | SUPERVISORS
LISTERS = frozenset({"jb.supervisor", "hs.supervisor", "zj.supervisor"})
ISSUERS = LISTERS | {"jb.office", "hs.office"}
DECIDERS = SUPERVISORS | {"jb.designer", "zj.designer"}
PROPOSERS = frozenset({"jb.handler", "jb.supervisor", "jb.leader", "jb.designer", "jb.admin", "zj.supervisor"})
"""The lead unit, the commission of the same government, supervisors."""
OF_PLAN = HOLDER | SUPERVISORS
HOSTS = frozenset({"jb.office"}) | SUPERVISORS
TOP_DESIGNER = frozenset({"zj.designer"})
TOP_ADMIN = frozenset({"zj.admin"})
TOP_CALENDAR = frozenset({"zj.supervisor", "zj.admin"})
DESIGNERS = frozenset({"jb.designer", "hs.designer", "zj.designer"})
READERS = HOLDER | SUPERVISORS
SLIP_READERS = READERS | {"jb.admin", "jb.designer", "jb.leader"}
"""Who issued it too: all of the unit that speaks in it."""
LEADERS = frozenset({"jb.leader"})
REPORT_READERS = SUPERVISORS | LEADERS
BOARD = frozenset({f"{county}.{one}" for county in ("jb", "hs") for one in ("supervisor", "leader")} | {"zj.supervisor"})
PEOPLE_ROLES = frozenset(f"{place}.{one}" for place in ("jb", "hs", "zj") for one in ("admin", "supervisor"))
ADMIN_ROLES = frozenset(f"{place}.admin" for place in ("jb", "hs", "zj"))
UNIT_PHRASES = ADMIN_ROLES | {"jb.leader", "hs.leader"}
RHYTHMS_SEEN = BOARD | ADMIN_ROLES
MANAGER_ROLES = DESIGNERS | ADMIN_ROLES | {f"{county}.supervisor" for county in ("jb", "hs", "zj")}
INCIDENTS = BOARD | DESIGNERS | ADMIN_ROLES


@dataclass(frozen=True)
class Need:
    """What an address needs: the action, who has it, and what is sent. `at` replaces places of the address.

    `data` is a form (pages) or a body (interface), with the scene's ids filled in; `files` are uploaded with it.
    `soft`: for those who may, the answer can still be that the thing is not there or not so (404, 409).
    """

    action: str
    may: frozenset[str] = EVERYBODY
    data: dict[str, Any] = field(default_factory=dict)
    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    at: dict[str, Any] = field(default_factory=dict)
    soft: bool = False

    def form(self, ids: dict[str, Any]) -> dict[str, Any]:
        """The form with files, fresh for each call."""
        found = {filled(name, ids): filled(value, ids) for name, value in self.data.items()}
        return found | {name: (BytesIO(content), file) for name, (content, file) in self.files.items()}


def filled(value: Any, ids: dict[str, Any]) -> Any:
    """The value with `{task_id}` and the like replaced; a text that is nothing else becomes the number."""
    if isinstance(value, dict):
        return {name: filled(one, ids) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, ids) for one in value]
    if not isinstance(value, str) or "{" not in value or "<" in value:
        return value
    name = value[1:-1]
    return ids[name] if value == f"{{{name}}}" and name in ids else value.format(**ids)


def own(**more: Any) -> Need:
    return Need(OF_ONESELF, **more)


public = Need(PUBLIC)
_CHANGED = xml_drawing.chain(user_task("fill"), user_task("other"))
_TEXT = (b"text", "a.txt")
_PERSON = {"username": "new.one", "name": "新人", "unit": "jb.energy", "post": "handler"}
_UNIT = {"code": "jb.new", "name": "江北区新局", "area": "330205", "parent": "jb"}
_REASON = {"reason": "测试"}
_LEADER = "g:jb.drc:leader"
_LISTING = {"title": "久拖不决", "reason": "逾期", "holder": "g:jb.energy:handler", "due_on": "2026-01-05"}
_SLIP = {"unit": "jb.energy", "matter": "加快编制", "facts": "已逾期", "asked": "请抓紧", "until": "2026-01-05"}
_SLIP_BODY: dict[str, Any] = {**_SLIP, "answer_wanted": False}
_REPORT: dict[str, Any] = {"title": "加快编制", "text": "已逾期", "recipients": ["{leader_id}"]}
_REPORT_FORM = {"title": "加快编制", "text": "已逾期", "recipient": "{leader_id}"}
_OF_DRAFT = {"report_id": "{draft_report_id}"}
_CHANGE: dict[str, Any] = {"kind": "withdraw", "plan_ids": ["{idle_plan_id}"], "reason": "事权调整"}
_AMENDED: dict[str, Any] = {"kind": "withdraw", "plan_ids": ["{plan_id}"], "reason": "再说一次"}
_APPLY = {"title": "江北区新规划", "category": "special", "level": "county", "tier": "N", "importance": "key",
          "first_year": 2026, "last_year": 2030}  # fmt: skip

PAGES: dict[str, Need] = {
    "GET /": public, "GET /healthz": public, "GET /readyz": public, "GET /static/<path:filename>": public,
    "GET /manifest.webmanifest": public, "GET /service-worker.js": public,
    "GET /sign-in": public, "POST /sign-in": public, "POST /sign-out": public, "GET /problems/<code>": public,
    "GET /api/v1/docs": public, "GET /api/v1/openapi.json": public,
    "GET /mine": own(), "GET /counts": own(), "POST /preferences": public, "GET /search": own(),
    "GET /password": own(), "POST /password": own(), "GET /people/me": own(),
    "POST /people/me": own(data={"email": "a@example.invalid"}), "POST /people/me/preferences": own(data={"language": "zh"}),
    "GET /people/me/tokens": own(), "POST /people/me/tokens": own(data={"name": "t", "days": "30"}),
    "POST /people/me/tokens/<int:token_id>/revoke": Need("token.revoke", HOLDER),
    "GET /people/me/notices": own(), "POST /people/me/notices": own(data={"digest:email": "1"}),
    "POST /people/me/notices/try": own(),
    "GET /people/me/phrases": own(), "POST /people/me/phrases": own(data={"text": "同意。"}),
    "POST /people/me/phrases/keep": own(data={"text": "同意。"}),
    "POST /people/me/phrases/unit": Need("phrase.unit", UNIT_PHRASES, {"text": "同意。"}),
    "GET /tasks/drafts": own(),
    "POST /tasks/views": own(data={"place": "inbox", "name": "本周", "query": "due=week"}),
    "POST /tasks/views/<int:view_id>/remove": Need("view.remove", HOLDER),
    "POST /tasks/<int:task_id>/draft/discard": Need("task.see", SEES),
    "GET /tasks/<int:task_id>/<any(next, previous):which>": Need("task.see", SEES, at={"which": "next"}),
    "GET /tasks/files/<int:attachment_id>/preview": Need("instance.see", HOLDER),
    "GET /instances/<int:instance_id>/slip": Need("instance.see", SEES),
    "GET /instances/<int:instance_id>/slip.pdf": Need("instance.see", SEES),
    "GET /tasks": own(), "GET /tasks/done": own(), "GET /tasks/started": own(), "GET /tasks/export.xlsx": own(),
    "POST /tasks/batch": Need("task.see", SEES, {"task": "{task_id}", "action": "claim"}),
    "GET /settings": Need("setting.manage", TOP_ADMIN),
    "POST /settings": Need("setting.manage", TOP_ADMIN, {"operation_names": "oa"}),
    **{
        f"{method} /tasks/<int:task_id>/<any(return, transfer, reassign, delegate, sign, assign, consult):operation>": Need(
            "task.work", HOLDER, {"holder": _LEADER, **_REASON}, at={"operation": "consult"}
        )
        for method in ("GET", "POST")
    },
    "GET /tasks/<int:task_id>/return/effect": Need("task.return", HOLDER),
    "GET /tasks/<int:task_id>/people": Need("task.see", SEES),
    "POST /tasks/<int:task_id>/opened": Need("task.see", SEES),
    "POST /tasks/<int:task_id>/retrieve": Need("task.see", SEES, soft=True),
    "POST /tasks/<int:task_id>/remove-signer": Need("task.reassign", HOLDER | SUPERVISORS, at={"task_id": "{side_id}"}),
    "GET /tasks/<int:task_id>/signers": Need("task.see", SEES, soft=True),
    "POST /tasks/<int:task_id>/signers": Need("task.signers", SUPERVISORS, {"holder": _LEADER, **_REASON}, soft=True),
    "POST /tasks/<int:task_id>/signers/remove": Need("task.signers", SUPERVISORS, {"turn": "0", **_REASON}, soft=True),
    "POST /tasks/rounds/<int:round_id>/remove": Need("task.reassign", HOLDER | SUPERVISORS, {"turn": "0"}),
    "GET /tasks/<int:task_id>": Need("task.see", SEES),
    "POST /tasks/<int:task_id>/claim": Need("task.claim", HOLDER),
    "POST /tasks/<int:task_id>/unclaim": Need("task.claim", HOLDER, soft=True),
    "POST /tasks/<int:task_id>/comments": Need("task.see", SEES, {"body": "看过"}),
    "POST /tasks/<int:task_id>/complete": Need("task.work", HOLDER, {"outcome": "agree"}),
    "POST /tasks/<int:task_id>/draft": Need("task.work", HOLDER, {"opinion": "x"}),
    "POST /tasks/<int:task_id>/due": Need("task.set_due", SUPERVISORS, {"due_on": "2026-01-05", **_REASON}),
    "POST /tasks/<int:task_id>/files": Need("task.work", HOLDER, {"declared": "1"}, {"file": _TEXT}),
    "GET /tasks/<int:task_id>/urge": Need("task.urge", SUPERVISORS),
    "POST /tasks/<int:task_id>/urge": Need("task.urge", SUPERVISORS, _REASON),
    "GET /tasks/files/<int:attachment_id>": Need("instance.see", HOLDER),
    "GET /instances/<int:instance_id>": Need("instance.see", SEES),
    "GET /instances/<int:instance_id>/diagram.bpmn": Need("instance.see", SEES),
    "GET /instances/<int:instance_id>/history.xlsx": Need("instance.see", SEES),
    **{
        f"{method} /instances/<int:instance_id>/<any(suspend, resume, terminate, jump, reopen, withdraw):command>": Need(
            "instance.control", SUPERVISORS, _REASON, at={"command": "suspend"}
        )
        for method in ("GET", "POST")
    },
    "GET /instances/<int:instance_id>/jump/effect": Need("instance.control", SUPERVISORS),
    "GET /instances/<int:instance_id>/reopen/effect": Need("instance.control", SUPERVISORS),
    "GET /incidents": Need("board.see", INCIDENTS),
    "POST /incidents/<int:incident_id>/retry": Need("instance.manage", MANAGERS),
    "GET /incidents/<int:incident_id>/decision": Need("decision.by_hand", DECIDERS, at={"incident_id": "{undecided_id}"}),
    "POST /incidents/<int:incident_id>/decision": Need(
        "decision.by_hand", DECIDERS, {"output.out0": "short", "reason": "测试"}, at={"incident_id": "{undecided_id}"}
    ),
    "GET /plans": own(), "GET /plans/export.xlsx": own(), "GET /plans/apply": own(), "POST /plans/apply": own(),
    "POST /plans/apply/files": own(data={"declared": "1"}, files={"file": _TEXT}),
    "GET /plans/<int:plan_id>": Need("plan.see", SEES),
    "GET /plans/<int:plan_id>/notice.pdf": Need("plan.see", SEES, soft=True),
    "POST /plans/<int:plan_id>/start/<any(route, revision, evaluation):what>": Need(
        "plan.edit", OF_PLAN, at={"plan_id": "{idle_plan_id}", "what": "route"}
    ),
    "GET /catalogue": own(), "GET /catalogue/changes.xlsx": own(),
    "GET /catalogue/<int:change_id>": Need("catalogue.see", SEES),
    **{
        f"{method} /catalogue/new/<int:plan_id>/<any(split, merge, withdraw, re_date):kind>": Need(
            "catalogue.propose", PROPOSERS, {"reason": "事权调整"}, at={"plan_id": "{idle_plan_id}", "kind": "withdraw"}
        )
        for method in ("GET", "POST")
    },
    "GET /catalogue/<int:change_id>/amend": Need("task.work", HOLDER),
    "POST /catalogue/<int:change_id>/amend": Need("task.work", HOLDER, {"reason": "再说一次"}),
    "GET /meetings": own(),
    "POST /meetings": Need(
        "meeting.manage", HOSTS,
        {"kind": "executive_meeting", "title": "会", "area": "330205", "held_on": "2025-12-01", "item": "{item_id}"}, soft=True,
    ),
    "GET /meetings/<int:meeting_id>": Need("plan.see", SEES),
    "POST /meetings/<int:meeting_id>/day": Need("meeting.manage", HOSTS, {"held_on": "2025-12-05", **_REASON}),
    "POST /meetings/<int:meeting_id>/results": Need(
        "meeting.manage", HOSTS, {"result.{item_id}": "passed", "minutes_number": "纪要1号"}
    ),
    "GET /board": Need("board.see", BOARD), "GET /board/ledger": Need("board.see", BOARD),
    "GET /board/ledger.xlsx": Need("board.see", BOARD), "GET /board/series.json": Need("board.see", BOARD),
    "GET /board/live": Need("board.see", BOARD),
    "GET /board/board.xlsx": Need("board.see", BOARD), "GET /board/trend.json": Need("board.see", BOARD),
    "GET /board/routes": Need("board.see", BOARD), "GET /board/routes/diagram.bpmn": Need("board.see", BOARD, soft=True),
    "GET /board/forecasts": Need("board.see", BOARD), "GET /board/forecasts.xlsx": Need("board.see", BOARD),
    "GET /board/progress.xlsx": Need("board.see", BOARD),
    "GET /board/progress": Need("board.see", BOARD), "GET /board/gantt.json": Need("board.see", BOARD),
    "GET /supervision/act": Need("task.escalate", LISTERS),
    "GET /supervision/act/effect": Need("task.escalate", LISTERS),
    "POST /supervision/act": Need("task.escalate", LISTERS, soft=True),
    "GET /supervision/extensions": own(),
    "POST /supervision/extensions/<int:extension_id>": Need(
        "extension.decide", SUPERVISORS, {"outcome": "refuse", "answer": "不宜再拖"}
    ),
    "GET /supervision/extensions/ask/<int:task_id>": Need("task.work", HOLDER),
    "POST /supervision/extensions/ask/<int:task_id>": Need("task.work", HOLDER, {"wanted": "2026-03-05", **_REASON}, soft=True),
    "GET /supervision/slips": own(), "GET /supervision/slips.xlsx": own(),
    "GET /supervision/slips/<int:slip_id>": Need("slip.see", SLIP_READERS),
    "POST /supervision/slips/<int:slip_id>/sign": Need("circulation.read", HOLDER),
    "GET /supervision/slips/<int:slip_id>.<any(docx, pdf):ending>": Need("slip.see", SLIP_READERS, at={"ending": "docx"}),
    "GET /supervision/slips/new": Need("slip.issue", ISSUERS),
    "POST /supervision/slips/new": Need("slip.issue", HOSTS, _SLIP),
    "GET /supervision/reports": own(), "GET /supervision/reports.xlsx": own(),
    "GET /supervision/reports/<int:report_id>": Need("report.see", REPORT_READERS),
    "GET /supervision/reports/<int:report_id>.<any(docx, pdf):ending>": Need("report.see", REPORT_READERS, at={"ending": "docx"}),
    "GET /supervision/reports/new": Need("report.draft", ISSUERS, soft=True),
    "POST /supervision/reports/new": Need("report.draft", HOSTS, {"plan": "{plan_id}", **_REPORT_FORM}),
    "GET /supervision/reports/<int:report_id>/edit": Need("report.edit", SUPERVISORS, at=_OF_DRAFT),
    "POST /supervision/reports/<int:report_id>/edit": Need("report.edit", SUPERVISORS, _REPORT_FORM, at=_OF_DRAFT),
    "GET /supervision/reports/<int:report_id>/instruct": Need("instance.instruct", LEADERS),
    "POST /supervision/reports/<int:report_id>/instruct": Need("instance.instruct", LEADERS, {"words": "请办"}),
    "GET /supervision/extensions/plan/<int:plan_id>": Need("plan.edit", OF_PLAN),
    "POST /supervision/extensions/plan/<int:plan_id>": Need(
        "plan.edit", OF_PLAN, {"wanted": "2027-01-05", "reason": "等待省里数据"}, soft=True
    ),
    "GET /supervision/listed": own(), "GET /supervision/listed.xlsx": own(),
    "GET /supervision/listed/<int:matter_id>": Need("listing.see", SEES),
    "GET /supervision/listed/new": Need("listing.manage", LISTERS),
    "POST /supervision/listed/<int:matter_id>/responsible": Need("listing.manage", SUPERVISORS, {"responsible": "{user_id}"}),
    "POST /supervision/listed/new": Need("listing.manage", SUPERVISORS, _LISTING),
    "GET /bulletins": own(), "GET /bulletins/<int:bulletin_id>": Need("bulletin.see_draft", SUPERVISORS),
    "GET /bulletins/<int:bulletin_id>.<any(docx, pdf):ending>": Need(
        "instance.see", SEES, at={"bulletin_id": "{released_id}", "ending": "docx"}
    ),
    "GET /rhythms": Need("rhythm.see", RHYTHMS_SEEN),
    "GET /rhythms/<any(daily, weekly, ten_day):rhythm>": Need("rhythm.see", RHYTHMS_SEEN, at={"rhythm": "weekly"}),
    "POST /rhythms/<any(daily, weekly, ten_day):rhythm>": Need(
        "rhythm.manage", TOP_CALENDAR, {"starts_at": "09:00", "role": "supervisor"}, at={"rhythm": "weekly"}
    ),
    "POST /rhythms/lights": Need("rhythm.manage", TOP_CALENDAR, {"amber": "3", "black": "8"}),
    "POST /rhythms/<any(daily, weekly, ten_day):rhythm>/run": Need(
        "rhythm.run", SUPERVISORS, {"scope": "unit:jb.energy"}, at={"rhythm": "weekly"}
    ),
    "GET /templates": Need("rhythm.see", RHYTHMS_SEEN),
    "GET /templates/<kind>": Need("rhythm.see", RHYTHMS_SEEN, at={"kind": "weekly"}),
    "GET /templates/<kind>/<any(current, example):what>.docx": Need(
        "rhythm.see", RHYTHMS_SEEN, at={"kind": "weekly", "what": "current"}
    ),
    "POST /templates/<kind>": Need(
        "rhythm.manage", TOP_CALENDAR, files={"file": (built_in("weekly", WRITTEN_AT), "周.docx")}, at={"kind": "weekly"}
    ),
    "POST /templates/<kind>/delivered": Need("rhythm.manage", TOP_CALENDAR, at={"kind": "weekly"}, soft=True),
    "GET /weekly": Need("board.see", BOARD),
    "GET /weekly/ledger.<any(docx, xlsx):ending>": Need("board.see", BOARD, at={"ending": "xlsx"}),
    "GET /calendar": own(), "POST /calendar": Need("calendar.manage", TOP_CALENDAR, {"day": "2027-05-03", "kind": "off"}),
    "GET /calendar/<int:year>.csv": own(),
    "POST /calendar/preview": Need("calendar.manage", TOP_CALENDAR, {"day": "2027-05-03", "kind": "off"}),
    "POST /calendar/forget": Need("calendar.manage", TOP_CALENDAR, {"day": "2027-05-03"}),
    "POST /calendar/<int:year>/<any(estimate, confirm):what>": Need("calendar.manage", TOP_CALENDAR, at={"what": "estimate"}),
    "GET /designer": own(), "GET /designer/decisions/<int:decision_id>": own(), "GET /designer/deployments": own(),
    "GET /designer/definitions/<int:definition_id>": own(), "GET /designer/definitions/<int:definition_id>/diagram.bpmn": own(),
    "GET /designer/deployments/<int:deployment_id>": own(), "GET /designer/files/<int:resource_id>": own(),
    "GET /designer/forms/<key>": own(), "GET /designer/processes/<key>": own(at={"key": "p"}),
    "GET /designer/upload": Need("definition.deploy", DESIGNERS),
    "POST /designer/upload": Need("definition.deploy", DESIGNERS, files={"files": (_CHANGED, "0.bpmn")}),
    "POST /designer/deploy": Need(
        "definition.deploy", TOP_DESIGNER, {"content:0.bpmn": b64encode(_CHANGED).decode(), "name": "新版"}
    ),
    "GET /circulations": own(), "GET /circulations/sent": own(),
    "GET /circulations/<int:circulation_id>": Need("circulation.see", READERS),
    "POST /circulations/<int:circulation_id>/read": Need("circulation.read", HOLDER),
    "POST /circulations/<int:circulation_id>/remind": Need("circulation.remind", SUPERVISORS),
    "GET /circulations/new/<int:instance_id>": Need("instance.see", SEES),
    "POST /circulations/new/<int:instance_id>": Need(
        "instance.see", SEES, {"kind": "read", "holder": "g:jb.energy:handler"}
    ),
    "GET /instances/<int:instance_id>/instruct": Need("instance.instruct", LEADERS),
    "POST /instances/<int:instance_id>/instruct": Need("instance.instruct", LEADERS, {"words": "请抓紧"}),
    "GET /people/me/substitutes": own(), "POST /people/me/substitutes": own(),
    "GET /people/<int:user_id>/substitutes": Need("substitute.name", ADMINS),
    "POST /people/<int:user_id>/substitutes": Need(
        "substitute.name", ADMINS, {"substitute": "{supervisor_id}", "since": "2099-01-01", "last": "2099-01-05"}, soft=True
    ),
    "POST /people/substitutes/<int:grant_id>/revoke": Need("substitute.name", HOLDER | ADMINS | {"jb.supervisor"}),
    "GET /people/me/absences": own(), "POST /people/me/absences": own(),
    "GET /people/<int:user_id>/absences": Need("absence.enter", ADMINS),
    "POST /people/<int:user_id>/absences": Need(
        "absence.enter", ADMINS, {"kind": "leave", "since": "2098-01-01", "last": "2098-01-05"}, soft=True
    ),
    "POST /people/absences/<int:absence_id>/end": Need("absence.enter", HOLDER | ADMINS),
    "GET /people/<int:user_id>/hand-over": Need("work.hand_over", ADMINS),
    "POST /people/<int:user_id>/hand-over": Need("work.hand_over", ADMINS, {"to": "{supervisor_id}", "with_posts": "0"}),
    "GET /notices": own(), "POST /notices/read": own(), "GET /notices/deliveries": Need("people.see", PEOPLE_ROLES),
    "POST /notices/<int:notice_id>": Need("notice.read", HOLDER),
    "POST /notices/deliveries/<int:delivery_id>": Need("people.manage", ADMINS),
    "GET /people": Need("people.see", PEOPLE_ROLES), "GET /people/<int:user_id>": Need("people.see", PEOPLE_SEEN),
    "GET /people/<int:user_id>/edit": Need("people.manage", ADMINS),
    "POST /people/<int:user_id>/edit": Need("people.manage", ADMINS, {"name": "新名"}),
    "POST /people/<int:user_id>/deactivate": Need("people.manage", ADMINS),
    "POST /people/<int:user_id>/reactivate": Need("people.manage", ADMINS, soft=True),
    "POST /people/<int:user_id>/unlock": Need("people.manage", ADMINS),
    "POST /people/<int:user_id>/password": Need("people.manage", ADMINS),
    "POST /people/<int:user_id>/posts": Need("people.manage", ADMINS, {"unit": "jb.energy", "post": "leader"}),
    "POST /people/<int:user_id>/posts/<int:membership_id>/end": Need("people.manage", ADMINS),
    "GET /people/new": Need("people.manage", ADMIN_ROLES), "POST /people/new": Need("people.manage", ADMINS, _PERSON),
    "GET /people/import": Need("people.manage", ADMIN_ROLES),
    "POST /people/import": Need("people.manage", ADMIN_ROLES, files={"file": (b"x", "a.csv")}),
    "POST /people/import/confirm": Need("people.manage", ADMIN_ROLES),
    "GET /people/import/template.<any(xlsx, csv):ending>": Need("people.manage", ADMIN_ROLES, at={"ending": "csv"}),
    "GET /people/units": Need("people.see", PEOPLE_ROLES), "GET /people/units/<int:unit_id>": Need("people.see", PEOPLE_SEEN),
    "GET /people/units/new": Need("people.manage", ADMIN_ROLES), "POST /people/units/new": Need("people.manage", ADMINS, _UNIT),
    "GET /people/units/<int:unit_id>/edit": Need("people.manage", ADMINS),
    "POST /people/units/<int:unit_id>/edit": Need("people.manage", ADMINS, {"name": "新名", "parent": "jb"}),
    "POST /people/units/<int:unit_id>/dissolve": Need("people.manage", ADMINS, soft=True),
    "GET /people/units/<int:unit_id>/merge": Need("people.manage", ADMINS),
    "POST /people/units/<int:unit_id>/merge": Need("people.manage", ADMINS, {"into": "{other_unit_id}", "reason": "改革"}),
    "POST /people/units/<int:unit_id>/restore": Need("people.manage", ADMINS, soft=True),
    "POST /people/units/<int:unit_id>/posts": Need("people.manage", ADMINS, {"code": "extra", "name": "新岗"}),
    "POST /people/units/<int:unit_id>/posts/<int:post_id>": Need("people.manage", ADMINS, {"name": "新名"}),
}  # fmt: skip

API: dict[str, Need] = {
    "GET /extensions": own(),
    "POST /extensions/<id:extension_id>/decision": Need(
        "extension.decide", SUPERVISORS, {"outcome": "refuse", "answer": "不宜再拖"}
    ),
    "POST /tasks/<id:task_id>/extensions": Need(
        "task.work", HOLDER, {"wanted": "2026-03-05T17:30:00+08:00", **_REASON}, soft=True
    ),
    "GET /catalogue-changes": own(), "POST /catalogue-changes": Need("catalogue.propose", PROPOSERS, _CHANGE),
    "GET /catalogue-changes/<id:change_id>": Need("catalogue.see", SEES),
    "POST /catalogue-changes/<id:change_id>/amendment": Need("task.work", HOLDER, _AMENDED),
    "GET /notice-slips": own(), "POST /notice-slips": Need("slip.issue", HOSTS, _SLIP_BODY),
    "GET /notice-slips/<id:slip_id>": Need("slip.see", SLIP_READERS),
    "GET /notice-slips/<id:slip_id>/document": Need("slip.see", SLIP_READERS),
    "GET /special-reports": own(), "POST /special-reports": Need("report.draft", HOSTS, {"plan_id": "{plan_id}", **_REPORT}),
    "GET /special-reports/<id:report_id>": Need("report.see", REPORT_READERS),
    "PUT /special-reports/<id:report_id>": Need("report.edit", SUPERVISORS, _REPORT, at=_OF_DRAFT),
    "GET /special-reports/<id:report_id>/document": Need("report.see", REPORT_READERS),
    "POST /special-reports/<id:report_id>/instructions": Need("instance.instruct", LEADERS, {"words": "请办"}),
    "POST /plans/<id:plan_id>/extensions": Need(
        "plan.edit", OF_PLAN, {"wanted": "2027-01-05T17:30:00+08:00", "reason": "等待省里数据"}, soft=True
    ),
    "GET /plans/<id:plan_id>/deadlines": Need("plan.see", SEES),
    "PUT /plans/<id:plan_id>/deadlines": Need(
        "task.set_due", SUPERVISORS, {"due_at": "2027-01-05T17:30:00+08:00", "reason": "统一部署"}, soft=True
    ),
    "GET /listed-matters": own(), "GET /listed-matters/<id:matter_id>": Need("listing.see", SEES),
    "POST /listed-matters": Need("listing.manage", SUPERVISORS, _LISTING),
    "PUT /listed-matters/<id:matter_id>/responsible": Need(
        "listing.manage", SUPERVISORS, {"responsible_id": "{user_id}"}
    ),
    "GET /me/notice-settings": own(), "PUT /me/notice-settings": own(data={"channels": {"digest": ["email"]}}),
    "GET /me/deliveries": own(), "GET /me/phrases": own(), "PUT /me/phrases": own(data={"phrases": ["同意。"]}),
    "GET /me": own(), "GET /tokens": own(), "POST /tokens": own(data={"name": "t"}),
    "DELETE /tokens/<id:token_id>": Need("token.revoke", HOLDER),
    "POST /attachments": own(data={"declared": "true"}, files={"file": _TEXT}),
    "GET /attachments/<id:attachment_id>": Need("instance.see", HOLDER),
    "GET /attachments/<id:attachment_id>/content": Need("instance.see", HOLDER),
    "DELETE /attachments/<id:attachment_id>": Need("task.work", HOLDER),
    "GET /bulletins": own(), "GET /bulletins/<id:bulletin_id>": Need("bulletin.see_draft", SUPERVISORS),
    "GET /bulletins/<id:bulletin_id>/document": Need("instance.see", SEES, at={"bulletin_id": "{released_id}"}),
    "GET /catalogues": own(),
    "GET /catalogues/<id:cycle_id>/<area>/plans": own(at={"area": "330205"}, soft=True),
    "GET /decisions": own(), "GET /decisions/<key>": own(at={"key": "deadlines"}),
    "POST /decisions/<key>/evaluate": own(at={"key": "deadlines"}, data={"variables": {}}),
    "GET /deployments": own(), "GET /deployments/<id:deployment_id>": own(),
    "POST /deployments": Need("definition.deploy", TOP_DESIGNER, {"name": "新版"}, {"files": (_CHANGED, "0.bpmn")}),
    "POST /deployments/check": own(files={"files": (_CHANGED, "0.bpmn")}),
    "GET /incidents": Need("instance.manage", MANAGER_ROLES),
    "POST /incidents/<id:incident_id>/retry": Need("instance.manage", MANAGERS),
    "GET /incidents/<id:incident_id>/decision": Need("decision.by_hand", DECIDERS, at={"incident_id": "{undecided_id}"}),
    "POST /incidents/<id:incident_id>/decision": Need(
        "decision.by_hand", DECIDERS, {"result": {"out0": "short"}, "reason": "测试"}, at={"incident_id": "{undecided_id}"}
    ),
    "GET /ledger": Need("board.see", BOARD), "GET /ledger/figures": Need("board.see", BOARD),
    "GET /ledger/board": Need("board.see", BOARD),
    "GET /route-times": Need("board.see", BOARD), "GET /forecasts": Need("board.see", BOARD),
    "GET /forecasts/quality": Need("board.see", BOARD),
    "GET /meetings": own(), "GET /meetings/pool": own(),
    "POST /meetings": Need(
        "meeting.manage", HOSTS,
        {"kind": "executive_meeting", "title": "会", "area": "330205", "held_on": "2025-12-01", "item_ids": ["{item_id}"]},
        soft=True,
    ),
    "GET /meetings/<id:meeting_id>": Need("plan.see", SEES),
    "POST /meetings/<id:meeting_id>/postpone": Need("meeting.manage", HOSTS, {"held_on": "2025-12-05", **_REASON}),
    "POST /meetings/<id:meeting_id>/results": Need(
        "meeting.manage", HOSTS, {"results": [{"item_id": "{item_id}", "result": "passed"}], "minutes_attachment_id": 1}
    ),
    "POST /memberships/<id:membership_id>/end": Need("people.manage", ADMINS, {}),
    "POST /messages": Need("instance.manage", MANAGERS, {"name": "answer.given", "correlation_key": "hears"}),
    "POST /signals": Need("instance.manage", MANAGER_ROLES, {"name": "nobody"}),
    "GET /notices": own(), "POST /notices/read": own(), "POST /notices/<id:notice_id>/read": Need("notice.read", HOLDER),
    "GET /plans": own(),
    "POST /plans": Need("plan.apply", HOLDER, {**_APPLY, "lead_unit_id": "{unit_id}"}, soft=True),
    "GET /plans/<id:plan_id>/results": Need("plan.see", SEES),
    "GET /plans/<id:plan_id>/notice": Need("plan.see", SEES, soft=True),
    "GET /plans/<id:plan_id>": Need("plan.see", SEES),
    "GET /plans/<id:plan_id>/attachments": Need("plan.see", SEES),
    "POST /plans/<id:plan_id>/attachments": Need("plan.edit", OF_PLAN, {"declared": "true"}, {"file": _TEXT}),
    "GET /plans/<id:plan_id>/deadline-changes": Need("plan.see", SEES),
    "GET /plans/<id:plan_id>/events": Need("plan.see", SEES),
    "GET /plans/<id:plan_id>/process-instances": Need("plan.see", SEES),
    "POST /plans/<id:plan_id>/evaluation": Need("plan.edit", OF_PLAN, {}, soft=True),
    "POST /plans/<id:plan_id>/revision": Need("plan.edit", OF_PLAN, _REASON, soft=True),
    "POST /plans/<id:plan_id>/route": Need("plan.edit", OF_PLAN, at={"plan_id": "{idle_plan_id}"}),
    "GET /process-definitions": own(), "GET /process-definitions/<id:definition_id>": own(),
    "GET /process-definitions/<id:definition_id>/diagram": own(), "GET /process-definitions/<id:definition_id>/xml": own(),
    "GET /process-definitions/<id:definition_id>/versions": own(),
    "GET /process-instances": own(),
    "POST /process-instances": Need("instance.manage", MANAGERS, {"process_key": "p", "plan_id": "{idle_plan_id}"}),
    **{
        f"GET /process-instances/<id:instance_id>{part}": Need("instance.see", SEES)
        for part in ("", "/activities", "/attachments", "/comments", "/incidents", "/tasks", "/waits")
    },
    "GET /process-instances/<id:instance_id>/variables": Need("instance.manage", MANAGERS),
    "POST /process-instances/<id:instance_id>/comments": Need("instance.see", SEES, {"body": "看过"}),
    "POST /process-instances/<id:instance_id>/suspend": Need("instance.control", SUPERVISORS, _REASON),
    "POST /process-instances/<id:instance_id>/resume": Need("instance.control", SUPERVISORS, _REASON, soft=True),
    "POST /process-instances/<id:instance_id>/terminate": Need("instance.control", SUPERVISORS, _REASON),
    "GET /process-instances/<id:instance_id>/events": Need("instance.see", SEES),
    "POST /process-instances/<id:instance_id>/withdraw": Need("instance.withdraw", frozenset(), _REASON),
    "GET /process-instances/<id:instance_id>/jump": Need("instance.control", SUPERVISORS),
    "POST /process-instances/<id:instance_id>/jump": Need(
        "instance.control", SUPERVISORS, {"token": "{token}", "to": "sign", **_REASON}
    ),
    "POST /process-instances/<id:instance_id>/jump/effect": Need(
        "instance.control", SUPERVISORS, {"token": "{token}", "to": "sign"}
    ),
    "POST /process-instances/<id:instance_id>/withdraw/effect": Need("instance.withdraw", frozenset()),
    "POST /process-instances/<id:instance_id>/terminate/effect": Need("instance.control", SUPERVISORS),
    "POST /process-instances/<id:instance_id>/suspend/effect": Need("instance.control", SUPERVISORS),
    "POST /process-instances/<id:instance_id>/resume/effect": Need("instance.control", SUPERVISORS, soft=True),
    "POST /process-instances/<id:instance_id>/reopen/effect": Need(
        "instance.control", SUPERVISORS, {"to": "fill"}, soft=True
    ),
    "GET /process-instances/<id:instance_id>/reopen": Need("instance.see", SEES),
    "POST /process-instances/<id:instance_id>/reopen": Need(
        "instance.control", SUPERVISORS, {"to": "fill", **_REASON}, soft=True
    ),
    "POST /reminders": Need("task.urge", SUPERVISORS, {"task_id": "{task_id}", "note": "请抓紧"}),
    "GET /tasks": own(), "GET /tasks/<id:task_id>": Need("task.see", SEES),
    "POST /tasks/batch": own(data={"action": "claim", "task_ids": ["{task_id}"]}),
    "GET /tasks/<id:task_id>/return": Need("task.see", SEES),
    "POST /tasks/<id:task_id>/return": Need("task.return", HOLDER, {"to": "fill", **_REASON}),
    "POST /tasks/<id:task_id>/return/effect": Need("task.return", HOLDER, {"to": "fill"}),
    "POST /tasks/<id:task_id>/retrieve": Need("task.see", SEES, soft=True),
    "POST /tasks/<id:task_id>/retrieve/effect": Need("task.see", SEES, soft=True),
    "POST /tasks/<id:task_id>/transfer": Need("task.transfer", HOLDER, {"holder": "g:hs.drc:registry"}),
    "POST /tasks/<id:task_id>/reassign": Need("task.reassign", SUPERVISORS, {"holder": "g:hs.drc:registry", **_REASON}),
    "GET /tasks/<id:task_id>/candidates": Need("task.see", SEES),
    "POST /tasks/<id:task_id>/open": Need("task.see", SEES),
    "GET /tasks/<id:task_id>/events": Need("task.see", SEES),
    "GET /tasks/<id:task_id>/rounds": Need("task.see", SEES),
    "POST /tasks/<id:task_id>/delegate": Need("task.work", HOLDER, {"holder": _LEADER}),
    "POST /tasks/<id:task_id>/add-signers": Need("task.work", HOLDER, {"position": "before", "people": [{"holder": _LEADER}]}),
    "POST /tasks/<id:task_id>/consult": Need("task.work", HOLDER, {"people": [{"holder": _LEADER}], "note": "可行吗"}),
    "POST /tasks/<id:task_id>/remove-signer": Need("task.reassign", HOLDER | SUPERVISORS, at={"task_id": "{side_id}"}),
    "GET /tasks/<id:task_id>/signers": Need("task.see", SEES, soft=True),
    "POST /tasks/<id:task_id>/signers": Need("task.signers", SUPERVISORS, {"holder": _LEADER, **_REASON}, soft=True),
    "POST /tasks/<id:task_id>/signers/remove": Need("task.signers", SUPERVISORS, {"turn": 0, **_REASON}, soft=True),
    "POST /rounds/<id:round_id>/remove-signer": Need("task.reassign", HOLDER | SUPERVISORS, {"turn": 0}),
    "GET /tasks/<id:task_id>/attachments": Need("task.see", SEES),
    "POST /tasks/<id:task_id>/attachments": Need("task.work", HOLDER, {"declared": "true"}, {"file": _TEXT}),
    "GET /tasks/<id:task_id>/comments": Need("task.see", SEES),
    "POST /tasks/<id:task_id>/comments": Need("task.see", SEES, {"body": "看过"}),
    "POST /tasks/<id:task_id>/claim": Need("task.claim", HOLDER),
    "POST /tasks/<id:task_id>/unclaim": Need("task.claim", HOLDER, soft=True),
    "POST /tasks/<id:task_id>/complete": Need("task.work", HOLDER, {"values": {"outcome": "agree"}}),
    "GET /tasks/<id:task_id>/draft": Need("task.work", HOLDER),
    "PUT /tasks/<id:task_id>/draft": Need("task.work", HOLDER, {"values": {"opinion": "x"}}),
    "DELETE /tasks/<id:task_id>/draft": Need("task.see", SEES),
    "PUT /tasks/<id:task_id>/due": Need("task.set_due", SUPERVISORS, {"due_at": "2026-01-05T17:30:00+08:00", **_REASON}),
    "GET /units": own(), "GET /units/<id:unit_id>": Need("people.see", SEES),
    "POST /units": Need("people.manage", ADMINS, _UNIT),
    "PUT /units/<id:unit_id>": Need("people.manage", ADMINS, {"name": "新名", "parent": "jb"}),
    "POST /units/<id:unit_id>/merger/effect": Need("people.manage", ADMINS, {"into": "jb.ecology"}),
    "POST /units/<id:unit_id>/merger": Need("people.manage", ADMINS, {"into": "jb.ecology", "reason": "改革"}),
    "DELETE /units/<id:unit_id>": Need("people.manage", ADMINS, soft=True),
    "GET /users": Need("people.see", PEOPLE_ROLES), "GET /users/<id:user_id>": Need("people.see", PEOPLE_SEEN),
    "POST /users": Need(
        "people.manage", ADMINS, {"username": "new.one", "name": "新人", "posts": [{"unit": "jb.energy", "post": "handler"}]}
    ),
    "PUT /users/<id:user_id>": Need("people.manage", ADMINS, {"name": "新名"}),
    "POST /users/<id:user_id>/deactivate": Need("people.manage", ADMINS),
    "POST /users/<id:user_id>/reactivate": Need("people.manage", ADMINS, soft=True),
    "POST /users/<id:user_id>/posts": Need("people.manage", ADMINS, {"unit": "jb.energy", "post": "leader"}),
    "POST /users/<id:user_id>/hand-over": Need("work.hand_over", ADMINS, {"to_id": "{supervisor_id}", "check": True}),
    "GET /substitutions": own(),
    "POST /substitutions": Need(
        "substitute.name", HOLDER | ADMINS,
        {"principal_id": "{user_id}", "substitute_id": "{supervisor_id}", "since": "2099-01-01", "until": "2099-01-05"},
        soft=True,
    ),
    "DELETE /substitutions/<id:grant_id>": Need("substitute.name", HOLDER | ADMINS | {"jb.supervisor"}),
    "GET /absences": own(),
    "POST /absences": Need(
        "absence.enter", HOLDER | ADMINS, {"user_id": "{user_id}", "kind": "leave", "since": "2098-01-01", "last": "2098-01-05"},
        soft=True,
    ),
    "DELETE /absences/<id:absence_id>": Need("absence.enter", HOLDER | ADMINS),
    "GET /circulations": own(),
    "POST /circulations": Need(
        "instance.see", SEES, {"process_instance_id": "{instance_id}", "holders": ["g:jb.energy:handler"]}
    ),
    "GET /circulations/<id:circulation_id>": Need("circulation.see", READERS),
    "POST /circulations/<id:circulation_id>/read": Need("circulation.read", HOLDER, {}),
    "POST /circulations/<id:circulation_id>/remind": Need("circulation.remind", SUPERVISORS),
    "GET /process-instances/<id:instance_id>/instructions": Need("instance.see", SEES),
    "POST /process-instances/<id:instance_id>/instructions": Need("instance.instruct", LEADERS, {"words": "请抓紧"}),
    "POST /tasks/<id:task_id>/hand-out": Need(
        "task.transfer", HOLDER, {"co_handlers": [{"holder": "g:jb.drc:supervisor"}]}
    ),
    "POST /users/import": Need("people.manage", ADMIN_ROLES, {"check": "true"}, {"file": (b"x", "a.csv")}),
}  # fmt: skip
