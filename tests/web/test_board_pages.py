"""The board's pages: the way down, what an open page asks, views, urging many at once, the files."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from html import unescape
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.people import SYSTEM, password_hash
from tests.services.catalogue import Catalogue
from tests.services.house import House, user_task
from tests.web.test_pages import plan_of
from workflow_service.domain.deadlines import CHINA
from workflow_service.domain.forecasts import Passage
from workflow_service.services import forecasts, progress
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.services.plans import plan_facts
from workflow_service.services.processes import start_process
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Task
from workflow_service.store.stage_deadlines import StageDeadline
from workflow_service.store.supervision import Notice
from workflow_service.web import sheets

SignIn = Callable[[str], Any]
COUNTY = "/330000/330200/330205/"


@pytest.fixture
def late(house: House) -> House:
    """Two late plans of the county, each with a task, and one that is not late; a supervisor of the province."""
    house.deploy_chain(user_task("fill"))
    with house.database.transaction() as session:
        for username, unit in (("zj.supervisor", "zj.drc"), ("jb.second", "jb.drc")):
            add_person(
                session, SYSTEM, PersonFacts(username=username, name=username), [(unit, "supervisor")], now=house.now,
                password_hash=password_hash(), constructed=True,
            )  # fmt: skip
        made = Catalogue.again(session)
        today = house.now.date()
        for number, title in enumerate(("江北区港口规划", "江北区电网规划", "江北区水利规划")):
            due = today + timedelta(days=-30 if number < 2 else 60)
            plan = made.plan(title, "jb.energy", date(2025, 1, 6), due, level="county")
            start_process(
                session, SYSTEM, "p", variables={"plan": plan_facts(plan)}, business_key=str(number), plan_id=plan.id,
                now=house.now,
            )  # fmt: skip
    return house


def test_the_way_leads_from_the_county_to_the_unit_to_the_plan_and_its_task(late: House, person: SignIn) -> None:
    supervisor = person("zj.supervisor")
    assert f"/board?area={COUNTY}" in unquote(supervisor.get("/board?area=/330000/330200/").text)
    county = supervisor.get(f"/board?area={COUNTY}").text
    assert "unit=jb.energy" in county and "逐级查看" in county
    unit = supervisor.get(f"/board?area={COUNTY}&unit=jb.energy").text
    assert "江北区水利规划" in unit and "/tasks/" in unit and "/plans/" in unit
    assert person("jb.supervisor").get("/board?area=/330000/330200/330203/").status_code == 403
    assert supervisor.get("/board?area=somewhere").status_code == 400
    assert supervisor.get("/board?unit=nobody").status_code == 404


def enter_stage(house: House, title: str, due_at: datetime) -> None:
    with house.database.transaction() as session:
        plan = session.scalars(select(Plan).where(Plan.title == title)).one()
        entered = house.now - timedelta(days=40)
        session.add(StageDeadline(plan_id=plan.id, stage=plan.stage, rule="x", entered_at=entered, due_at=due_at))


def test_a_late_stage_of_a_plan_in_time_is_on_the_board_and_in_its_file(late: House, person: SignIn) -> None:
    enter_stage(late, "江北区港口规划", late.now - timedelta(days=20))
    enter_stage(late, "江北区水利规划", late.now - timedelta(days=7))
    supervisor = person("jb.supervisor")
    part = supervisor.get("/board").text.split('id="late-stages"')[1].split("</section>")[0]
    assert "江北区水利规划" in part and "逾期 5 个工作日" in part
    assert "江北区港口规划" not in part, "it is late as a whole, and stands there with its stage"
    row = next(one for one in supervisor.get("/board/ledger").text.split("<tr>") if "江北区水利规划" in one)
    assert "逾期 5 个工作日" in row.split('class="num late"')[1]
    sheet = load_workbook(BytesIO(supervisor.get("/board/board.xlsx").data))["逾期阶段"]
    assert [(row[0], row[7]) for row in sheet.iter_rows(min_row=4, values_only=True)] == [("江北区水利规划", "逾期 5 个工作日")]
    day_before = (late.now - timedelta(days=8)).date().isoformat()
    assert 'id="late-stages"' not in supervisor.get(f"/board?as_of={day_before}").text, "it was in time then"
    assert 'id="late-stages"' in person("zj.supervisor").get(f"/board?unit=jb.energy&area={COUNTY}").text


def test_of_many_late_tasks_the_number_is_right_and_all_can_be_ticked(late: House, person: SignIn) -> None:
    with late.database.transaction() as session:
        for number in range(10, 24):
            start_process(
                session, SYSTEM, "p", variables={}, business_key=str(number), area_path=COUNTY, now=late.now
            )
        session.execute(update(Task).values(due_at=late.now - timedelta(days=3)))
        number = session.scalar(select(func.count()).select_from(Task).where(Task.area_path.startswith(COUNTY)))
    supervisor = person("jb.supervisor")
    first, every = supervisor.get("/board").text, supervisor.get("/board?late=all").text
    for page, shown in ((first, 12), (every, number)):
        part = page.split("逾期环节")[1].split("</section>")[0]
        assert f'<span class="muted num">{number}</span>' in part
        assert part.count("data-pick ") == shown
    assert "late=all" in first and "late=all" not in every.split("逾期环节")[1]
    sheet = load_workbook(BytesIO(supervisor.get("/board/board.xlsx?late=all").data))["逾期环节"]
    assert len(list(sheet.iter_rows(min_row=4))) == number


@pytest.mark.parametrize(
    ("due_on", "now", "words"),
    [
        (date(2025, 11, 25), datetime(2025, 11, 25, 18, 30, tzinfo=CHINA), "今天到期"),
        (date(2025, 11, 25), datetime(2025, 11, 26, 0, 30, tzinfo=CHINA), "逾期 1 个工作日"),
        (date(2025, 11, 28), datetime(2025, 11, 29, 10, tzinfo=CHINA), "已逾期，不足 1 个工作日"),
        (date(2025, 11, 29), datetime(2025, 11, 29, 18, tzinfo=CHINA), "今天到期"),
    ],
)  # fmt: skip
def test_a_plans_light_is_the_same_on_every_page_at_every_hour(
    late: House, person: SignIn, due_on: date, now: datetime, words: str
) -> None:
    with late.database.transaction() as session:
        plan = session.scalars(select(Plan).where(Plan.title == "江北区水利规划")).one()
        plan.due_on, plan_id = due_on, plan.id
    late.now = now
    supervisor = person("jb.supervisor")
    assert words in supervisor.get(f"/plans/{plan_id}").text
    row = next(one for one in supervisor.get("/board/ledger").text.split("<tr>") if "江北区水利规划" in one)
    assert words in row
    board = supervisor.get("/board").text
    assert ("江北区水利规划" in board.split("逾期环节")[0].split("逾期规划")[1]) is ("逾期" in words)
    if "逾期" in words:
        assert words in next(one for one in board.split("<tr>") if "江北区水利规划" in one)


def test_an_open_board_hears_of_changes_only(late: House, person: SignIn) -> None:
    supervisor = person("jb.supervisor")
    page = supervisor.get("/board").text
    tag = page.split('data-tag="')[1].split('"')[0]
    again = supervisor.get("/board/live", headers={"If-None-Match": f'"{tag}"'})
    assert (again.status_code, again.data) == (304, b"")
    with late.database.transaction() as session:
        Catalogue.again(session).plan("江北区新规划", "jb.energy", date(2025, 1, 6), date(2025, 10, 8), level="county")
    changed = supervisor.get("/board/live", headers={"If-None-Match": f'"{tag}"'})
    assert changed.status_code == 200 and "江北区新规划" in changed.text
    assert changed.headers["ETag"] != f'"{tag}"'


def test_many_late_tasks_are_urged_at_once_and_the_way_back_is_the_board(late: House, person: SignIn) -> None:
    supervisor = person("jb.supervisor")
    tasks = [task.id for task in late.open()][:2]
    given = [*(("task", task) for task in tasks), ("action", "urge"), ("back", "board")]
    asked = supervisor.post("/tasks/batch", data=given).text
    assert all(f"/tasks/{task}" in asked for task in tasks) and 'name="back" value="board"' in asked
    done = supervisor.post("/tasks/batch", data=[*given, ("go", "1"), ("reason", "请抓紧")]).text
    assert "办成 2 项" in done and "回到督办" in done
    with late.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Notice).where(Notice.kind == "urge")) == 2


def test_a_view_of_the_board_and_of_the_ledger_is_kept(late: House, person: SignIn) -> None:
    supervisor = person("jb.supervisor")
    for place, query, path in (("board", "by=importance", "/board"), ("ledger", "state=overdue", "/board/ledger")):
        answer = supervisor.post("/tasks/views", data={"place": place, "name": "我的", "query": query})
        assert answer.headers["Location"] == f"{path}?{query}"
        assert "view-tab" in supervisor.get(f"{path}?{query}").text
    assert "view-tab" not in person("jb.second").get("/board").text


def test_the_files_hold_what_the_pages_show(late: House, person: SignIn) -> None:
    supervisor = person("jb.supervisor")
    board = load_workbook(BytesIO(supervisor.get(f"/board/board.xlsx?area={COUNTY}").data))
    late_titles = [row[0] for row in board["逾期规划"].iter_rows(min_row=4, values_only=True)]
    assert late_titles == ["江北区港口规划", "江北区电网规划"]
    ledger = load_workbook(BytesIO(supervisor.get("/board/ledger.xlsx?state=overdue").data)).active
    assert [row[1] for row in ledger.iter_rows(min_row=2, values_only=True)] == late_titles
    page = supervisor.get("/board").text
    assert page.index(late_titles[0]) < page.index(late_titles[1])


def test_the_progress_page_draws_and_tells_the_same(late: House, person: SignIn) -> None:
    supervisor = person("jb.supervisor")
    page, told = supervisor.get("/board/progress").text, supervisor.get("/board/gantt.json").json
    assert [row["title"] for row in told["rows"]] == ["江北区港口规划", "江北区电网规划", "江北区水利规划"]
    assert all(row["title"] in page for row in told["rows"])
    assert told["rows"][0]["light"] == "black" and told["rows"][2]["light"] == "green"
    assert [bar["stage"] for bar in told["rows"][0]["bars"]] == ["drafting"]
    only = supervisor.get("/board/gantt.json?state=overdue").json["rows"]
    assert len(only) == 2
    trend = supervisor.get("/board/trend.json?by=importance").json
    assert trend["unit"] == "%" and [line["name"] for line in trend["lines"]] == ["一般"]


def test_the_files_of_progress_and_forecasts_hold_all_rows_of_the_filter_not_one_page(
    late: House, person: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    with late.database.transaction() as session:
        made = Catalogue.again(session)
        for number in range(60):
            made.plan(f"第{number}规划", "jb.energy", date(2025, 3, 3), late.now.date() + timedelta(days=number), level="county")
    monkeypatch.setattr(progress, "ROWS_OF_A_FILE", 7)
    supervisor = person("jb.supervisor")
    for page, address in (("/board/forecasts", "/board/forecasts.xlsx"), ("/board/progress", "/board/progress.xlsx")):
        shown = supervisor.get(page).text
        assert "after=" in shown and f'href="{address}"' in shown and "第59规划" not in shown
        rows = load_workbook(BytesIO(supervisor.get(f"{address}?after=2025-12-20,3").data)).worksheets[0]
        assert {row[1] for row in rows.iter_rows(min_row=2, values_only=True)} == {
            "江北区港口规划", "江北区电网规划", "江北区水利规划", *(f"第{number}规划" for number in range(60)),
        }  # fmt: skip
    book = load_workbook(BytesIO(supervisor.get("/board/progress.xlsx?state=overdue").data))
    assert book.sheetnames == ["规划与阶段", "印发进度", "单位排名"]
    stages, course, ranking = (list(page.iter_rows(min_row=2, values_only=True)) for page in book)
    assert {row[1] for row in stages} == {"江北区港口规划", "江北区电网规划"}
    assert all(row[3] == "起草" and row[6] > 0 and "逾期" in row[9] for row in stages)
    assert len(course) > 1 and ranking[0][1:4] == ("江北区能源局", 0, 63)
    english = load_workbook(BytesIO(supervisor.speaks("en").get("/board/progress.xlsx").data))
    assert english.sheetnames[0] == "Plans and stages"


def test_a_table_longer_than_a_page_of_xlsx_goes_on_on_further_ones(
    late: House, person: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    with late.database.transaction() as session:
        made = Catalogue.again(session)
        for number in range(5):
            made.plan(f"第{number}规划", "jb.energy", date(2025, 3, 3), late.now.date() + timedelta(days=number), level="county")
        made.plans["第4规划"].title = "长" * 40_000
    supervisor = person("jb.supervisor")

    def pages() -> list[tuple[str, list[tuple[object, ...]]]]:
        book = load_workbook(BytesIO(supervisor.get("/board/progress.xlsx").data))
        return [(page.title, list(page.iter_rows(values_only=True))) for page in book if page.title.startswith("规划与阶段")]

    ((name, whole),) = pages()
    assert name == "规划与阶段" and len(whole) == 9 and any(len(str(row[1])) == sheets.LONGEST_CELL for row in whole)
    monkeypatch.setattr(sheets, "MOST_ROWS", 5)
    assert pages() == [("规划与阶段", whole[:5]), ("规划与阶段 2", [whole[0], *whole[5:]])], "8 rows fill two pages"
    monkeypatch.setattr(sheets, "MOST_ROWS", 4)
    assert [(name, len(rows)) for name, rows in pages()] == [("规划与阶段", 4), ("规划与阶段 2", 4), ("规划与阶段 3", 3)]


def test_the_file_of_forecasts_ends_at_a_number_of_rows_and_says_so_and_reads_each_history_once(
    late: House, person: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    with late.database.transaction() as session:
        made = Catalogue.again(session)
        for number in range(6):
            made.plan(f"第{number}规划", "jb.energy", date(2025, 3, 3), late.now.date() + timedelta(days=number), level="county")
    history, asked = forecasts.history, list[tuple[str, str]]()

    def counted(session: Session, route: str, area: str, *, before: date) -> list[Passage]:
        asked.append((route, area))
        return history(session, route, area, before=before)

    monkeypatch.setattr(forecasts, "history", counted)
    supervisor = person("jb.supervisor")

    def rows() -> list[tuple[object, ...]]:
        asked.clear()
        book = load_workbook(BytesIO(supervisor.get("/board/forecasts.xlsx").data))
        return list(book.worksheets[0].iter_rows(min_row=2, values_only=True))

    whole = rows()
    assert len(whole) == 9 and all(row[1] for row in whole)
    monkeypatch.setattr(forecasts, "ROWS_OF_A_FILE", 7)
    cut = rows()
    assert cut[:-1] == whole[:7] and str(cut[-1][0]).startswith("只列前 7 项，其余未列") and cut[-1][1] is None
    assert len(asked) == len(set(asked)) > 0


@pytest.mark.parametrize("path", ["/board", "/board/progress", "/board/routes", "/board/ledger"])
def test_every_page_of_the_board_speaks_english(late: House, person: SignIn, path: str) -> None:
    assert person("jb.supervisor").speaks("en").get(path).status_code == 200


def test_a_board_without_plans_says_so(house: House, person: SignIn) -> None:
    supervisor = person("jb.supervisor")
    assert "目录内还没有规划" in supervisor.get("/board").text
    assert "没有符合条件的规划" in supervisor.get("/board/progress").text
    plan_of(house)
    assert supervisor.get("/board/progress").status_code == 200


def test_the_heat_of_a_route_is_drawn_on_its_diagram_and_told_in_a_table(late: House, person: SignIn) -> None:
    late.complete("fill")
    supervisor = person("jb.supervisor")
    page = supervisor.get("/board/routes").text
    marks = json.loads(unescape(page.split('data-marks="')[1].split('"')[0]))
    assert marks["heat"]["fill"]["badge"] == "0 / 0 天" and "现有 2 项停在这里" in marks["heat"]["fill"]["note"]
    table = page.split("各环节耗时</h2>")[1]
    assert ">fill</th>" in table
    diagram = supervisor.get(unescape(page.split('data-diagram="')[1].split('"')[0]))
    assert diagram.mimetype == "application/xml" and b'id="fill"' in diagram.data
    assert supervisor.get("/board/routes?route=none").status_code == 404
    assert supervisor.get("/board/routes?since=1").status_code == 400
    assert supervisor.get("/board/routes?since=2025-12-01&until=2025-11-01").status_code == 422


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_forecasts_say_what_they_go_by(late: House, person: SignIn, language: str) -> None:
    supervisor = person("jb.supervisor").speaks(language)
    assert {"zh": "历史不足，不作预测", "en": "Not enough history"}[language] in supervisor.get("/board/forecasts").text
    with late.database.transaction() as session:
        made = Catalogue.again(session)
        for number in range(9):
            made.plan(f"旧{number}规划", "jb.energy", date(2025, 3, 3), issued=date(2025, 3, 17), level="county")
    page = supervisor.get("/board/forecasts").text
    assert {"zh": "据 9 项规划", "en": "from 9 plans"}[language] in page or {"zh": "超过以往最长", "en": "Longer in its stage"}[
        language
    ] in page
    rows = load_workbook(BytesIO(supervisor.get("/board/forecasts.xlsx").data)).active
    assert [row[8] for row in rows.iter_rows(min_row=2, values_only=True)] == [9, 9, 9]
