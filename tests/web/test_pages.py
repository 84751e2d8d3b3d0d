"""Every page empty, filled and refused, as somebody with a browser sees it."""

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from tests.engine import xml_drawing
from tests.services.house import House, user_task
from tests.web.conftest import Person
from workflow_service.resources import bpmn_dir
from workflow_service.services import bulletins
from workflow_service.store.definitions import ProcessDefinition, Resource
from workflow_service.store.plans import AgendaItem, Plan, PlanEvent
from workflow_service.store.runtime import Attachment, Comment, Incident, ProcessInstance, Task, TaskDraft
from workflow_service.store.supervision import Notice

SignIn = Callable[[str], Person]

ANYBODY = (
    "/tasks", "/tasks/done", "/tasks/started", "/plans", "/plans?mine=1", "/plans?scope=public&status=issued", "/plans/apply",
    "/meetings", "/bulletins", "/notices", "/notices?unread=1", "/search", "/search?q=能源", "/designer",
    "/designer/deployments", "/mine", "/counts", "/calendar",
)  # fmt: skip
SUPERVISORS = (
    "/board", "/board/ledger", "/board/ledger?as_of=2025-06-30&state=overdue", "/board/series.json",
    "/incidents", "/notices/deliveries",
)  # fmt: skip


@pytest.fixture
def running(house: House) -> int:
    """A run with one open task of the energy bureau's handlers, and one of the DRC after it."""
    house.deploy_chain(user_task("fill"), user_task("review", group="jb.drc:planner"))
    return house.start()


def plan_of(house: House, title: str = "江北区能源发展“十四五”规划", **more: Any) -> int:
    """A plan of the energy bureau, as registered."""
    from workflow_service.identity.names import search_keys
    from workflow_service.store.plans import PlanningCycle

    with house.database.transaction() as session:
        cycle = session.scalar(select(PlanningCycle)) or PlanningCycle(name="十四五", first_year=2021, last_year=2025)
        session.add(cycle)
        session.flush()
        values: dict[str, Any] = {
            "title": title, "code": f"GH-2021-330205-ZX-{len(title):04d}", "cycle_id": cycle.id, "category": "special",
            "level": "county", "tier": "N", "importance": "key", "area": "330205", "area_path": "/330000/330200/330205/",
            "lead_unit_id": house.structure.units["jb.energy"], "first_year": 2021, "last_year": 2025, "status": "active",
            "stage": "coordination", "registered_on": date(2025, 1, 6), "due_on": date(2025, 11, 3),
            "created_at": house.now, "keywords": search_keys(title), **more,
        }  # fmt: skip
        plan = Plan(**values)
        session.add(plan)
        session.flush()
        session.add(PlanEvent(plan_id=plan.id, at=house.now - timedelta(days=300), kind="registered", data={"code": plan.code}))
        return plan.id


@pytest.mark.parametrize("path", ANYBODY)
@pytest.mark.parametrize("username", ["jb.handler", "jb.supervisor"])
def test_pages_open_when_there_is_nothing_yet(person: SignIn, path: str, username: str) -> None:
    answer = person(username).get(path, follow_redirects=True)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", SUPERVISORS)
def test_supervisors_pages_open_empty_and_filled(house: House, person: SignIn, path: str) -> None:
    supervisor = person("jb.supervisor")
    assert supervisor.get(path).status_code == 200
    plan_of(house)
    assert supervisor.get(path).status_code == 200


@pytest.mark.parametrize("path", SUPERVISORS)
def test_who_does_not_supervise_is_refused(person: SignIn, path: str) -> None:
    assert person("jb.handler").get(path).status_code == 403


@pytest.mark.parametrize("path", [*ANYBODY, *SUPERVISORS, "/plans/1", "/tasks/1", "/instances/1"])
def test_nobody_enters_without_signing_in(app: Any, path: str) -> None:
    answer = app.test_client().get(path)
    assert answer.status_code == 302
    assert "/sign-in" in answer.location


def test_security_headers_stand_on_every_page(person: SignIn) -> None:
    headers = person("jb.handler").get("/tasks").headers
    assert "script-src 'self';" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"].split("style-src-attr")[0]
    assert "upgrade-insecure-requests" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_pages_hold_no_inline_script(person: SignIn) -> None:
    html = person("jb.supervisor").get("/board").text
    assert "<script>" not in html
    assert " onclick=" not in html


def test_a_task_shows_in_the_inbox_and_is_done_from_its_page(house: House, person: SignIn, running: int) -> None:
    handler = person("jb.handler")
    [task] = house.open()
    assert f"/tasks/{task.id}" in handler.get("/tasks").text
    assert 'name="outcome"' in handler.get(f"/tasks/{task.id}").text
    answer = handler.post(f"/tasks/{task.id}/complete", {"outcome": "agree", "opinion": "同意。"}, seen=f"/tasks/{task.id}")
    assert answer.status_code == 302
    assert house.waiting() == ["review"]
    assert f"/tasks/{task.id}" in handler.get("/tasks/done").text


def test_what_does_not_fit_is_said_and_nothing_typed_is_lost(house: House, person: SignIn, running: int) -> None:
    [task] = house.open()
    answer = person("jb.handler").post(f"/tasks/{task.id}/complete", {"opinion": "保留这句话"})
    assert answer.status_code == 422
    assert "保留这句话" in answer.text
    assert "必填" in answer.text
    assert house.waiting() == ["fill"]


def test_a_second_click_does_not_work_twice(house: House, person: SignIn, running: int) -> None:
    handler = person("jb.handler")
    [task] = house.open()
    form = {"outcome": "agree", "idempotency_key": "k-1"}
    first, second = (handler.post(f"/tasks/{task.id}/complete", form) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert house.waiting() == ["review"]


def test_who_comes_second_sees_who_was_first_and_keeps_what_he_typed(house: House, person: SignIn, running: int) -> None:
    handler = person("jb.handler")
    [task] = house.open()
    house.complete("fill")
    answer = handler.post(f"/tasks/{task.id}/complete", {"outcome": "agree", "opinion": "写了很久的意见"})
    assert answer.status_code == 409
    assert "区能源局·经办" in answer.text
    assert "写了很久的意见" in answer.text


def test_a_draft_is_kept_and_comes_back(house: House, person: SignIn, running: int) -> None:
    handler = person("jb.handler")
    [task] = house.open()
    assert "已暂存" in handler.post(f"/tasks/{task.id}/draft", {"opinion": "只写了一半"}).text
    assert "只写了一半" in handler.get(f"/tasks/{task.id}").text
    with house.database.transaction() as session:
        assert session.scalars(select(TaskDraft.values)).one() == {"opinion": "只写了一半"}


def test_taking_a_task_and_putting_it_back(house: House, person: SignIn, running: int) -> None:
    handler = person("jb.handler")
    [task] = house.open()
    assert handler.post(f"/tasks/{task.id}/claim").status_code == 302
    assert house.open()[0].assignee_id == house.structure.people["jb.handler"]
    assert handler.post(f"/tasks/{task.id}/unclaim").status_code == 302
    assert house.open()[0].assignee_id is None


def test_somebody_elses_task_is_refused(house: House, person: SignIn, running: int) -> None:
    [task] = house.open()
    stranger = person("hs.handler")
    assert stranger.get(f"/tasks/{task.id}").status_code == 403
    assert stranger.post(f"/tasks/{task.id}/complete", {"outcome": "agree"}).status_code == 403
    assert house.waiting() == ["fill"]


def test_a_stale_form_is_refused_in_words(house: House, person: SignIn, running: int) -> None:
    [task] = house.open()
    answer = person("jb.handler").client.post(f"/tasks/{task.id}/complete", data={"csrf_token": "stale", "outcome": "agree"})
    assert answer.status_code == 400
    assert "安全校验" in answer.text
    assert house.waiting() == ["fill"]


def test_a_remark_stands_with_the_run(house: House, person: SignIn, running: int) -> None:
    [task] = house.open()
    person("jb.handler").post(f"/tasks/{task.id}/comments", {"body": "请附会议纪要"})
    with house.database.transaction() as session:
        assert session.scalars(select(Comment.body)).all() == ["请附会议纪要"]
    assert "请附会议纪要" in person("jb.handler").get(f"/tasks/{task.id}").text


def test_a_file_is_kept_only_after_the_declaration(house: House, person: SignIn, running: int) -> None:
    handler = person("jb.handler")
    [task] = house.open()
    text = "规划草案".encode()
    refused = handler.post(f"/tasks/{task.id}/files", {"file": (BytesIO(text), "草案.txt")}, content_type="multipart/form-data")
    assert refused.status_code == 422
    kept = handler.post(
        f"/tasks/{task.id}/files", {"file": (BytesIO(text), "草案.txt"), "declared": "1"}, content_type="multipart/form-data"
    )
    assert kept.status_code == 200, kept.text
    with house.database.transaction() as session:
        attachment = session.scalars(select(Attachment)).one()
    loaded = handler.get(f"/tasks/files/{attachment.id}")
    assert loaded.data == text
    assert person("hs.handler").get(f"/tasks/files/{attachment.id}").status_code == 403


def test_a_run_shows_its_way_and_its_steps(house: House, person: SignIn, running: int) -> None:
    house.complete("fill")
    html = person("jb.supervisor").get(f"/instances/{running}").text
    assert "区能源局·经办" in html
    assert "&#34;here&#34;:[&#34;review&#34;]" in html
    diagram = person("jb.supervisor").get(f"/instances/{running}/diagram.bpmn")
    assert diagram.data.startswith(b"<?xml") or b"definitions" in diagram.data
    assert person("hs.handler").get(f"/instances/{running}").status_code == 403


def test_the_history_of_a_run_is_a_sheet(house: House, person: SignIn, running: int) -> None:
    house.complete("fill")
    answer = person("jb.supervisor").get(f"/instances/{running}/history.xlsx")
    rows = list(load_workbook(BytesIO(answer.data)).active.iter_rows(values_only=True))
    assert [row[0] for row in rows[1:]] == ["fill", "review"]


def test_only_supervisors_may_suspend_a_run(house: House, person: SignIn, running: int) -> None:
    assert person("jb.handler").post(f"/instances/{running}/suspend", {"reason": "x"}).status_code == 403
    assert person("jb.admin").post(f"/instances/{running}/suspend", {"reason": "机构调整"}).status_code == 403
    assert person("jb.supervisor").post(f"/instances/{running}/suspend", {"reason": "机构调整"}).status_code == 302
    assert house.instance(running).status == "suspended"
    assert person("jb.supervisor").post(f"/instances/{running}/resume", {"reason": "已定"}).status_code == 302
    assert house.instance(running).status == "active"


def test_an_incident_is_listed_with_its_reason_and_retried(house: House, person: SignIn) -> None:
    house.deploy_chain('<scriptTask id="sum"><script>total = missing + 1</script></scriptTask>')
    instance_id = house.start()
    [incident] = house.incidents()
    supervisor = person("jb.supervisor")
    assert incident.message in supervisor.get("/incidents").text
    assert person("jb.admin").post(f"/incidents/{incident.id}/retry").status_code == 302
    with house.database.transaction() as session:
        assert session.get_one(Incident, incident.id).resolved_at is not None
        assert session.get_one(ProcessInstance, instance_id).status == "active"


def test_plans_are_found_filtered_and_exported_as_shown(house: House, person: SignIn) -> None:
    energy, water = plan_of(house), plan_of(house, "江北区水安全保障规划", importance="general", code="GH-2021-330205-ZX-0002")
    handler = person("jb.handler")
    for query, shown, hidden in (("q=nyfz", energy, water), ("importance=general", water, energy), ("q=水安全", water, energy)):
        html = handler.get(f"/plans?{query}").text
        assert f"/plans/{shown}" in html, query
        assert f'/plans/{hidden}"' not in html, query
    sheet = load_workbook(BytesIO(handler.get("/plans/export.xlsx?importance=general").data)).active
    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["江北区水安全保障规划"]


def test_a_county_never_sees_another_countys_draft(house: House, person: SignIn) -> None:
    plan_id = plan_of(house)
    neighbour = person("hs.handler")
    assert neighbour.get(f"/plans/{plan_id}").status_code == 403
    for path in ("/plans", "/plans?scope=public", "/search?q=能源"):
        assert f"/plans/{plan_id}" not in neighbour.get(path).text
    assert person("nb.planner").get(f"/plans/{plan_id}").status_code == 200


def test_an_issued_plan_is_open_to_everybody(house: House, person: SignIn) -> None:
    plan_id = plan_of(house, status="issued", issued_on=date(2025, 10, 31))
    assert person("hs.handler").get(f"/plans/{plan_id}").status_code == 200


def test_a_code_leads_straight_to_its_plan(house: House, person: SignIn) -> None:
    plan_id = plan_of(house, code="GH-2021-330205-ZX-0007")
    answer = person("jb.handler").get("/search?q=gh-2021-330205-zx-0007")
    assert answer.location == f"/plans/{plan_id}"


def test_a_cursor_that_was_tampered_with_is_refused(house: House, person: SignIn) -> None:
    for path in ("/plans", "/tasks", "/tasks/done", "/notices", "/meetings", "/bulletins"):
        assert person("jb.handler").get(f"{path}?after=bm9uc2Vuc2U").status_code == 400, path


def test_pools_and_bulletins_name_the_government_and_not_its_code(house: House, person: SignIn) -> None:
    plan_id = plan_of(house)
    house.deploy_chain(user_task("fill"))
    run = house.start()
    with house.database.transaction() as session:
        session.add(AgendaItem(
            kind="executive_meeting", area="330205", plan_id=plan_id, instance_id=run, message_name="m", status="waiting",
            requested_at=house.now,
        ))  # fmt: skip
        bulletins.draft_bulletin(session, "330205", "2025-11-D1", now=house.now)
    supervisor = person("jb.supervisor")
    assert '<span class="muted">江北区人民政府</span>' in supervisor.get("/meetings").text
    assert '<td class="hide-sm">江北区人民政府<small>全部规划</small></td>' in supervisor.get("/bulletins").text


@pytest.mark.parametrize(("language", "names"), [("zh", ("表单：核稿", "时限表")), ("en", ("Check the text", "时限表"))])
def test_what_a_version_pins_is_named(house: House, person: SignIn, language: str, names: tuple[str, str]) -> None:
    form = {"type": "object", "title": "表单：核稿", "x-title-en": "Check the text", "properties": {}}
    ask = '<businessRuleTask id="ask" name="问" camunda:decisionRef="own_table" camunda:resultVariable="days"/>'
    table = (bpmn_dir() / "congress_organ.dmn").read_bytes().replace(b"congress_organ", b"own_table")
    table = table.replace("人大审议机关".encode(), "时限表".encode())
    plan = {"plan": {"jurisdiction": "330205", "level": "county", "category": "development"}}
    house.deploy(xml_drawing.chain(ask, user_task("fill")), files={"answer.json": json.dumps(form).encode(), "t.dmn": table})
    house.start(variables=plan)
    with house.database.transaction() as session:
        definition_id = session.scalars(select(ProcessDefinition.id)).one()
    page = person("jb.supervisor").speaks(language).get(f"/designer/definitions/{definition_id}").text
    pinned = page.partition("随版本固定的内容" if language == "zh" else "Pinned with this version")[2]
    assert f">{names[0]}</a>" in pinned and f"{names[1]} <code" in pinned


def test_the_board_counts_and_its_ledger_lists_the_same_plans(house: House, person: SignIn) -> None:
    plan_of(house)
    supervisor = person("jb.supervisor")
    assert "逾期" in supervisor.get("/board").text
    late = supervisor.get("/board/ledger?state=overdue").text
    assert "江北区能源发展" in late
    sheet = load_workbook(BytesIO(supervisor.get("/board/ledger.xlsx?state=overdue").data)).active
    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["江北区能源发展“十四五”规划"]
    assert supervisor.get("/board?as_of=yesterday").status_code == 400


FAR = ("0001-01-01", "1948-12-31", "2201-01-01", "9999-12-31")


@pytest.mark.parametrize("path", ["/board", "/board/ledger", "/board/ledger.xlsx", "/board/series.json"])
def test_a_day_that_no_plan_can_be_about_is_refused_and_the_outermost_are_taken(
    house: House, person: SignIn, path: str
) -> None:
    plan_of(house)
    supervisor = person("jb.supervisor")
    for far in FAR:
        answer = supervisor.get(f"{path}?as_of={far}")
        assert answer.status_code == 422 and "1949 年至 2200 年" in answer.text, far
    for day in ("1949-01-01", "2200-12-31"):
        assert supervisor.get(f"{path}?as_of={day}").status_code == 200


@pytest.mark.parametrize("path", ["/weekly", "/weekly/ledger.docx", "/weekly/ledger.xlsx"])
def test_a_week_that_no_plan_can_be_about_is_refused_and_the_outermost_are_taken(
    house: House, person: SignIn, path: str
) -> None:
    plan_of(house)
    supervisor = person("jb.supervisor")
    for far in ("0001-W01", "1948-W20", "2201-W02", "9999-W10"):
        answer = supervisor.get(f"{path}?week={far}")
        assert answer.status_code == 422 and "1949 年至 2200 年" in answer.text, far
    assert supervisor.get(f"{path}?week=soon").status_code == 400
    for week in ("1949-W10", "2200-W40"):
        assert supervisor.get(f"{path}?week={week}").status_code == 200


@pytest.mark.parametrize("far", FAR)
def test_forms_refuse_a_far_day_too(house: House, person: SignIn, far: str) -> None:
    house.deploy_chain(user_task("fill"))
    house.start()
    task, supervisor, admin = house.open()[0], person("jb.supervisor"), person("jb.admin")
    plan = {"kind": "executive_meeting", "title": "会", "area": "330205"}
    posts = (
        (supervisor, f"/tasks/{task.id}/due", {"due_on": far, "reason": "测试"}),
        (supervisor, "/meetings", {**plan, "held_on": far}),
        (admin, "/people/new", {"username": "a.b", "name": "新人", "unit": "jb.energy", "post": "handler", "since": far}),
        (supervisor, "/calendar", {"day": far, "kind": "off", "name": "假", "reason": "测试"}),
    )
    for who, path, data in posts:
        answer = who.post(path, data)
        assert answer.status_code == 422 and "1949 年至 2200 年" in answer.text, path
    assert supervisor.get(f"/calendar?year={far[:4].lstrip('0')}").status_code == 422


def test_notices_are_read_one_by_one_or_all_at_once(house: House, person: SignIn) -> None:
    user_id = house.structure.people["jb.handler"]
    with house.database.transaction() as session:
        for number in range(3):
            session.add(Notice(user_id=user_id, kind="task", subject=f"第{number}条", body={}, link="/plans",
                               dedup_key=str(number), created_at=house.now))  # fmt: skip
    handler = person("jb.handler")
    assert "3 条未读" in handler.get("/notices").text
    with house.database.transaction() as session:
        first = session.scalars(select(Notice.id).order_by(Notice.id)).first()
    assert handler.post(f"/notices/{first}").location == "/plans"
    assert "2 条未读" in handler.get("/notices").text
    handler.post("/notices/read")
    assert "0 条未读" in handler.get("/notices").text


def test_the_counts_answer_304_while_nothing_changes(house: House, person: SignIn, running: int) -> None:
    handler = person("jb.handler")
    first = handler.get("/counts")
    again = handler.get("/counts", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    house.complete("fill")
    assert handler.get("/counts", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_language_is_kept_and_every_frame_word_changes(person: SignIn) -> None:
    html = person("jb.handler").speaks("en").get("/tasks").text
    assert 'lang="en"' in html
    assert "Nothing to do" in html


def test_uploading_shows_findings_before_anything_is_deployed(house: House, person: SignIn) -> None:
    admin = designer(house, person)
    broken = xml_drawing.chain(user_task("fill", group="")).replace(b'candidateGroups=""', b'candidateGroups="nobody"')
    answer = admin.post("/designer/upload", {"files": (BytesIO(broken), "r.bpmn")}, content_type="multipart/form-data")
    assert answer.status_code in (200, 422)
    assert 'data-element="fill"' in answer.text
    with house.database.transaction() as session:
        assert session.scalars(select(Task)).all() == []


def test_a_checked_route_is_deployed_and_old_runs_are_counted(house: House, person: SignIn, running: int) -> None:
    admin = designer(house, person)
    again = xml_drawing.chain(user_task("fill"), user_task("review", group="jb.drc:planner"), user_task("sign"))
    checked = admin.post("/designer/upload", {"files": (BytesIO(again), "0.bpmn")}, content_type="multipart/form-data")
    assert checked.status_code == 200, checked.text
    assert "1 个正在办理的流程" in checked.text
    answer = admin.post("/designer/deploy", {"content:0.bpmn": carried(checked.text), "name": "修订"})
    assert answer.status_code == 302
    assert "第 2 版" in admin.get("/designer").text


def test_what_is_deployed_is_byte_for_byte_what_was_checked(house: House, person: SignIn, running: int) -> None:
    admin = designer(house, person)
    route = xml_drawing.chain(user_task("fill"), user_task("sign")).decode().replace('encoding="UTF-8"', 'encoding="UTF-16"')
    content = route.replace("<startEvent ", '<startEvent name="填报开始" ', 1).encode("utf-16")
    checked = admin.post("/designer/upload", {"files": (BytesIO(content), "0.bpmn")}, content_type="multipart/form-data")
    assert checked.status_code == 200 and "填报开始" in checked.text, checked.text
    assert admin.post("/designer/deploy", {"content:0.bpmn": carried(checked.text), "name": "修订"}).status_code == 302
    with house.database.transaction() as session:
        kept = session.scalars(select(Resource.content).order_by(Resource.id.desc()).limit(1)).one()
        assert kept == content


def carried(page: str) -> str:
    """The bytes of the one file that a page of findings carries."""
    found = re.search(r'name="content:0.bpmn" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_who_does_not_design_cannot_upload(person: SignIn) -> None:
    assert person("jb.handler").get("/designer/upload").status_code == 403
    assert person("jb.handler").post("/designer/deploy", {"content:0.bpmn": "x"}).status_code == 403


def designer(house: House, person: SignIn) -> Person:
    """The province's designer, who may change what belongs to all governments."""
    from tests.people import NOW, SYSTEM, password_hash
    from workflow_service.services.people import PersonFacts, add_person

    with house.database.transaction() as session:
        facts = PersonFacts(username="zj.designer", name="省发展改革委·流程设计")
        add_person(session, SYSTEM, facts, [("zj.drc", "designer")], now=NOW, password_hash=password_hash(), constructed=True)
    return person("zj.designer")


def test_applying_for_a_plan_says_what_is_missing_and_keeps_the_rest(person: SignIn) -> None:
    answer = person("jb.handler").post("/plans/apply", {"title": "江北区氢能产业规划", "first_year": "2021"})
    assert answer.status_code == 422
    assert "江北区氢能产业规划" in answer.text


def test_a_failing_database_still_gives_a_page_that_says_so(app: Any, person: SignIn) -> None:
    from sqlalchemy import text

    from workflow_service.web.current import page_session

    app.add_url_rule("/broken", "broken", lambda: str(page_session().execute(text("SELECT no_such_column"))))
    answer = person("jb.handler").get("/broken")
    assert answer.status_code == 500
    assert "没有任何内容被改动" in answer.text
    assert person("jb.handler").get("/tasks").status_code == 200
