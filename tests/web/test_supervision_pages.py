"""Pages of what supervisors do beside the flow, as people use them without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import openpyxl
import pytest

from tests.people import SYSTEM
from tests.services.house import House, user_task
from tests.services.test_listing import FILES as LISTING_FILES
from tests.services.test_rhythms import delivered
from tests.services.test_slips import FILES as SLIP_FILES
from tests.web.conftest import Person
from tests.web.test_pages import plan_of
from workflow_service.services import deployments

Visit = Callable[[str], Person]
NEW = "/supervision/listed/new"
FORM = {"title": "久拖不决", "reason": "逾期一个月。", "holder": "g:jb.energy:handler", "due_on": "2025-12-05"}


@pytest.fixture
def listed(house: House) -> House:
    """The house with the delivered process."""
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "acting", delivered(*LISTING_FILES, *SLIP_FILES), now=house.now)
    return house


def test_a_matter_about_a_plan_is_listed_worked_on_and_struck_off(listed: House, person: Visit) -> None:
    plan = plan_of(listed, "能源规划")
    supervisor, handler = person("jb.supervisor"), person("jb.handler")
    assert f"{NEW}?plan={plan}" in supervisor.get(f"/plans/{plan}").text
    assert NEW not in handler.get(f"/plans/{plan}").text
    empty = supervisor.post(NEW, FORM | {"due_on": "", "plan": str(plan)}, seen=f"{NEW}?plan={plan}")
    assert empty.status_code == 422 and "请填写销号期限" in empty.text and "逾期一个月。" in empty.text
    done = supervisor.post(NEW, FORM | {"plan": str(plan)}, seen=NEW, follow_redirects=True)
    page = done.request.path
    assert "已挂牌" in done.text and "能源规划" in done.text
    assert "挂牌督办：久拖不决" in handler.get(f"/plans/{plan}").text
    assert supervisor.post(NEW, FORM | {"plan": str(plan)}, seen=NEW).status_code == 409
    (task,) = listed.open()
    assert f"/tasks/{task.id}" in handler.get(page).text
    done = handler.post(f"/tasks/{task.id}/complete", {"outcome": "strike_off", "progress": "办完了。"}, seen=f"/tasks/{task.id}")
    assert done.status_code == 302
    assert "办完了。" in handler.get("/supervision/listed?state=asked").text
    (task,) = listed.open()
    supervisor.post(f"/tasks/{task.id}/complete", {"outcome": "confirm"}, seen=f"/tasks/{task.id}")
    assert "已销号" in supervisor.get(page).text and "挂牌督办：" not in handler.get(f"/plans/{plan}").text


def test_the_list_and_its_sheet_hold_what_the_filters_say(listed: House, person: Visit) -> None:
    supervisor = person("jb.supervisor")
    assert "清单上没有事项" in supervisor.get("/supervision/listed").text
    for title in ("港口规划", "民航规划"):
        supervisor.post(NEW, FORM | {"title": title}, seen=NEW)
    shown = person("jb.handler").get("/supervision/listed?q=港口").text
    assert "港口规划" in shown and "民航规划" not in shown
    rows = list(openpyxl.load_workbook(BytesIO(supervisor.get("/supervision/listed.xlsx?q=港口").data)).active.values)
    assert [row[1] for row in rows] == ["事项", "港口规划"] and rows[1][4] == "区能源局·经办"
    assert "没有符合条件" in supervisor.get("/supervision/listed?late=1").text


def test_staff_find_the_list_in_the_rail_and_supervisors_their_board(listed: House, person: Visit) -> None:
    assert 'href="/supervision/listed"' in person("jb.handler").get("/tasks").text
    assert 'href="/board"' in person("jb.supervisor").get("/tasks").text


def test_a_double_click_lists_once(listed: House, person: Visit) -> None:
    supervisor = person("jb.supervisor")
    for _number in range(2):
        supervisor.post(NEW, FORM | {"idempotency_key": "k1"}, seen=NEW)
    assert len(listed.open()) == 1


def test_who_must_stay_out_is_told_so_on_the_task(listed: House, person: Visit) -> None:
    supervisor = person("jb.supervisor")
    supervisor.post(NEW, FORM | {"holder": "g:jb.drc:supervisor"}, seen=NEW)
    (task,) = listed.open()
    supervisor.post(f"/tasks/{task.id}/complete", {"outcome": "strike_off", "progress": "好了"}, seen=f"/tasks/{task.id}")
    (task,) = listed.open()
    answer = supervisor.post(f"/tasks/{task.id}/complete", {"outcome": "confirm"}, seen=f"/tasks/{task.id}")
    assert answer.status_code == 403 and "应当回避" in answer.text and listed.waiting() == ["verify"]


SLIP = {"unit": "jb.energy", "matter": "加快编制", "facts": "已逾期。", "asked": "请抓紧。", "until": "2025-12-05"}
NEW_SLIP = "/supervision/slips/new"


def test_a_slip_about_a_plan_is_drafted_issued_signed_for_and_answered(listed: House, person: Visit) -> None:
    plan = plan_of(listed, "能源规划")
    supervisor, handler = person("jb.supervisor"), person("jb.handler")
    assert "目前处于" in supervisor.get(f"{NEW_SLIP}?plan={plan}").text
    refused = supervisor.post(NEW_SLIP, SLIP | {"until": "2025-11-01"}, seen=NEW_SLIP)
    assert refused.status_code == 422 and "应晚于今天" in refused.text and "请抓紧。" in refused.text
    done = supervisor.post(NEW_SLIP, SLIP | {"answer_wanted": "1", "plan": str(plan)}, seen=NEW_SLIP, follow_redirects=True)
    page = done.request.path
    assert "已送达" in done.text and "0 / 1" in done.text
    assert "签收" in handler.get(page).text
    assert "1 / 1" in handler.post(f"{page}/sign", {}, seen=page, follow_redirects=True).text
    (task,) = listed.open()
    handler.post(f"/tasks/{task.id}/complete", {"outcome": "submit", "answer": "已报送。"}, seen=f"/tasks/{task.id}")
    assert "已报送。" in supervisor.get(page).text
    assert "加快编制" in supervisor.get("/supervision/slips?state=answered").text
    assert "没有符合条件" in supervisor.get("/supervision/slips?state=waiting").text
    for address in (f"{page}.docx", "/supervision/slips.xlsx"):
        assert supervisor.get(address).data.startswith(b"PK")


def test_a_slip_reads_as_pdf(listed: House, person: Visit) -> None:
    supervisor = person("jb.supervisor")
    page = supervisor.post(NEW_SLIP, SLIP, seen=NEW_SLIP, follow_redirects=True).request.path
    assert listed.open() == []
    assert supervisor.get(f"{page}.pdf").data.startswith(b"%PDF")


def late_task(house: House) -> int:
    house.deploy_chain(user_task("fill", more='approval:deadline="5 working days"'))
    house.start()
    (task,) = house.open()
    return task.id


def test_a_later_date_is_asked_for_and_granted(listed: House, person: Visit) -> None:
    task = late_task(listed)
    supervisor, handler = person("jb.supervisor"), person("jb.handler")
    ask = f"/supervision/extensions/ask/{task}"
    assert ask in handler.get(f"/tasks/{task}").text and ask not in supervisor.get(f"/tasks/{task}").text
    refused = handler.post(ask, {"wanted": "2025-11-25", "reason": "等数据"}, seen=ask)
    assert refused.status_code == 422 and "应晚于现在的时限" in refused.text
    sent = handler.post(ask, {"wanted": "2025-12-12", "reason": "等省里数据"}, seen=ask, follow_redirects=True)
    assert "批准前时限不变" in sent.text and "申请延至 2025年12月12日" in sent.text
    page = "/supervision/extensions?status=open"
    assert "等省里数据" in supervisor.get(page).text and "value=\"grant\"" not in handler.get(page).text
    (request,) = set(re.findall(r"/supervision/extensions/(\d+)", supervisor.get(page).text))
    address = f"/supervision/extensions/{request}"
    assert supervisor.post(address, {"outcome": "refuse"}, seen=page).status_code == 422
    done = supervisor.post(address, {"outcome": "grant", "granted": "2025-12-10"}, seen=page, follow_redirects=True)
    assert "已同意延期" in done.text
    (found,) = listed.open()
    assert found.due_at is not None and found.due_at.astimezone(listed.now.tzinfo).date().isoformat() == "2025-12-10"
    assert "同意延期" in handler.get(f"/tasks/{task}").text


def test_tasks_are_acted_on_from_the_board_each_with_its_result(listed: House, person: Visit) -> None:
    task, supervisor = late_task(listed), person("jb.supervisor")
    page = f"/supervision/act?task={task}"
    assert "报上级" in supervisor.get(page).text
    unreasoned = supervisor.post("/supervision/act", {"task": str(task), "action": "suspend"}, seen=page)
    assert unreasoned.status_code == 422 and "请写明理由" in unreasoned.text
    assert supervisor.post("/supervision/act", {"task": str(task), "action": "urge"}, seen=page).status_code == 422
    urging = {"task": str(task), "action": "urge", "note": "请抓紧。"}
    urged = supervisor.post("/supervision/act", urging, seen=page)
    assert "1 项已办，0 项未办" in urged.text
    again = supervisor.post("/supervision/act", urging, seen=page)
    assert "一小时内已经催办过" in again.text
    form = {"task": str(task), "action": "extend", "note": "等数据", "due_on": "2025-12-19"}
    assert "1 项已办" in supervisor.post("/supervision/act", form, seen=page).text
    stopped = {"task": str(task), "action": "suspend", "note": "等省里统一部署"}
    assert "1 项已办" in supervisor.post("/supervision/act", stopped, seen=page).text
    (found,) = listed.open()
    assert found.due_at is not None and found.due_at.astimezone(listed.now.tzinfo).date().isoformat() == "2025-12-19"
    assert listed.instance(found.instance_id).status == "suspended"
    assert person("jb.handler").get(page).status_code == 403
