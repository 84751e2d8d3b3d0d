"""Rhythms on their page: settings, the coming runs, a run by hand; the weekly report from its form to the plan's page."""

import re
from collections.abc import Callable
from io import BytesIO

from openpyxl import load_workbook
from sqlalchemy import select

from tests.services.house import House
from tests.services.test_rhythms import delivered
from tests.web.conftest import Person
from tests.web.test_pages import plan_of
from workflow_service.domain.rhythms import Rhythm
from workflow_service.services import rhythm_by_hand, rhythm_settings, rhythms
from workflow_service.store.people import Unit
from workflow_service.store.supervision import WeeklyLedgerDocument, WeeklyReport

SignIn = Callable[[str], Person]
WEEKLY = "/rhythms/weekly"


def test_a_rhythm_is_set_on_its_page_and_the_preview_follows(house: House, person: SignIn) -> None:
    keeper = person("zj.admin")
    assert "尚未启用" in keeper.get(WEEKLY).text
    fields = [("on", "1"), ("starts_at", "08:45"), ("weekday", "1"), ("post", "planner"), ("role", "supervisor")]
    keeper.post(WEEKLY, fields, seen=WEEKLY)
    page = keeper.get(WEEKLY).text
    assert "尚未启用" not in page and "11月25日 周二 08:45" in page
    with house.database.transaction() as session:
        kept = rhythm_settings.choice(session, Rhythm.WEEKLY)
        assert (kept.weekday, kept.posts, kept.roles) == (1, ("planner",), ("supervisor",))
    refused = keeper.post(WEEKLY, {"starts_at": "18:00", "role": "supervisor"}, seen=WEEKLY)
    assert refused.status_code == 422 and "早于下班时间" in refused.text
    assert person("jb.supervisor").post(WEEKLY, fields).status_code == 403
    assert person("jb.handler").get(WEEKLY).status_code == 403


def test_the_page_names_the_commissions_that_cannot_release_a_circular_yet(house: House, person: SignIn) -> None:
    with house.database.transaction() as session:
        for unit in session.scalars(select(Unit).where(Unit.relation == "drc")):
            unit.document_prefix = "" if unit.code == "jb.drc" else "浙发改"
    page = person("zj.admin").get("/rhythms/ten_day").text
    assert '填写之前不能发布通报：<span lang="zh-CN">江北区发展和改革局<' in page and "未填机关代字的有 1 个部门" in page


def test_ten_runs_are_shown_with_the_reason_of_each_shift(house: House, person: SignIn) -> None:
    page = person("jb.supervisor").get("/rhythms/ten_day").text
    coming = page[: page.index("运行记录")]
    assert coming.count("<tr>") == 11
    assert "1月1日元旦放假，顺延" in re.sub(r"\s+", " ", coming)


def test_a_run_by_hand_leaves_its_record_and_does_not_come_twice(house: House, person: SignIn) -> None:
    asked(house)
    supervisor = person("jb.supervisor")
    page = supervisor.get(WEEKLY).text
    assert "江北区能源局" in page and "已完成" in page and "手动运行" in page and "布置 1 个单位" in page
    again = supervisor.post(f"{WEEKLY}/run", {"scope": "unit:jb.energy"}, seen=WEEKLY)
    assert again.status_code == 409 and "不再重复" in again.text and "后十次运行" in again.text, "said on the page itself"


def test_a_bulletin_about_one_unit_is_started_by_hand_and_its_task_leads_to_it(house: House, person: SignIn) -> None:
    house.deploy(files=delivered("ten_day_bulletin", "bulletin_edit", "bulletin_release", "deadlines"))
    plan_of(house)
    supervisor, address = person("jb.supervisor"), "/rhythms/ten_day"
    house.now = house.now.replace(day=1, month=12)
    assert "按时运行的旬通报照常" in supervisor.get(address).text
    assert supervisor.post(f"{address}/run", {"scope": "unit:jb.energy"}, seen=address).status_code == 302
    refused = supervisor.post(f"{address}/run", {"scope": "unit:jb.energy"}, seen=address)
    assert refused.status_code == 409 and "正在运行，请在其完成后再试" in refused.text
    with house.database.transaction() as session:
        ((_rhythm, period),) = rhythms.unfinished(session, now=house.now)
    rhythms.finish(house.database, "ten_day", period, now=house.now)
    refused = supervisor.post(f"{address}/run", {"scope": "unit:jb.energy"}, seen=address)
    assert refused.status_code == 409 and "不再重复" in refused.text
    (task,) = house.open()
    assert task.title == "旬通报（11月下旬，江北区能源局）· 江北区发展和改革局"
    assert "查看通报全文：2025年11月下旬 · 江北区能源局" in person("jb.supervisor").get(f"/tasks/{task.id}").text


def asked(house: House) -> int:
    """Ask the energy bureau for this week's report by hand; gives the plan that it is about."""
    house.deploy(files=delivered("weekly_report", "special_report.json", "deadlines"))
    plan_id = plan_of(house)
    with house.database.transaction() as session:
        actor = house.actor("jb.supervisor")
        run = rhythm_by_hand.run_by_hand(session, actor, Rhythm.WEEKLY, "unit", "jb.energy", now=house.now)
    rhythms.finish(house.database, *run, now=house.now)
    return plan_id


def test_a_unit_reports_plan_by_plan_with_last_week_s_text_before_its_eyes(house: House, person: SignIn) -> None:
    plan_id = asked(house)
    (task,) = house.open()
    clerk = person("jb.handler")
    path = f"/tasks/{task.id}"
    page = clerk.get(path).text
    assert f'name="reports.0.plan" value="{plan_id}"' in page and "能源" in page
    lacking = clerk.post(f"{path}/complete", {"outcome": "on_track", "reports.0.plan": plan_id}, seen=path)
    assert lacking.status_code == 422 and "必填" in lacking.text
    foreign = {"outcome": "on_track", "reports.0.plan": plan_id + 1, "reports.0.progress": "别人的"}
    assert clerk.post(f"{path}/complete", foreign, seen=path).status_code == 422
    typed = {"outcome": "on_track", "reports.0.plan": plan_id, "reports.0.progress": "初稿已成",
             "reports.0.problems": "缺数据", "reports.0.next_steps": "征求意见"}  # fmt: skip
    assert clerk.post(f"{path}/complete", typed, seen=path).status_code == 302
    with house.database.transaction() as session:
        (kept,) = session.scalars(select(WeeklyReport))
        assert (kept.plan_id, kept.progress, kept.problems, kept.next_steps) == (plan_id, "初稿已成", "缺数据", "征求意见")
    plan_page = clerk.get(f"/plans/{plan_id}").text
    assert "每周进展" in plan_page and "初稿已成" in plan_page
    house.now = house.now.replace(month=12, day=1)
    with house.database.transaction() as session:
        run = rhythms.run_at(session, Rhythm.WEEKLY, house.now)
        claimed = rhythms.claim(session, run, now=house.now)
    rhythms.finish(house.database, *claimed[0], now=house.now)
    (following,) = house.open()
    assert "进展：初稿已成；问题：缺数据；下步：征求意见（11月24日当周）" in clerk.get(f"/tasks/{following.id}").text


def test_the_weekly_ledger_is_a_page_a_document_and_a_table(house: House, person: SignIn) -> None:
    plan_id = asked(house)
    (task,) = house.open()
    supervisor = person("jb.supervisor")
    assert "未报送：" not in supervisor.get("/weekly").text  # its day has not come
    house.complete(task.element_id, {"outcome": "on_track", "reports": [{"plan": plan_id, "progress": "初稿已成"}]})
    page = supervisor.get("/weekly?week=2025-W48").text
    assert "初稿已成" in page and "未报送：" not in page
    assert supervisor.get("/weekly/ledger.docx?week=2025-W48").data[:2] == b"PK"
    book = load_workbook(BytesIO(supervisor.get("/weekly/ledger.xlsx?week=2025-W48").data))
    assert [row[7] for row in book.worksheets[0].iter_rows(min_row=4, values_only=True)] == ["初稿已成"]
    assert "没有已发出的存档，Word 是按现在所知情况生成的预览" in page
    monday = house.now.replace(month=12, day=1, hour=10)
    rhythms.finish(house.database, "weekly_ledger", "2025-W48@unit:jb.energy:/", now=monday)
    sent = supervisor.get("/weekly/ledger.docx?week=2025-W48").data
    assert "Word 是 12月1日 10:00 发出的台账，此后不再变动" in supervisor.get("/weekly?week=2025-W48").text
    with house.database.transaction() as session:
        kept = session.scalars(select(WeeklyLedgerDocument.content)).all()
    assert sent in kept and supervisor.get("/weekly/ledger.docx?week=2025-W48").data == sent
    found = supervisor.get("/weekly?week=2025-W48&told=silent").text
    assert "没有符合条件的规划" in found and "初稿已成" not in found
    found = supervisor.get("/weekly?week=2025-W48&told=reported&text=nengyuan").text
    assert "初稿已成" in found and "已显示 1 / 1" in found and "已报 1 / 1 项" in found
    shown = load_workbook(BytesIO(supervisor.get("/weekly/ledger.xlsx?week=2025-W48&told=silent").data))
    assert "初稿已成" not in str([list(row) for row in shown.worksheets[0].values]), "the file holds what the page shows"
    assert supervisor.get("/weekly?told=whatever").status_code == 400
    assert supervisor.get("/weekly?week=2025-W60").status_code == 400
    assert supervisor.get("/weekly?week=2024-W01").status_code == 200
