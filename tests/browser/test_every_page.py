"""Every page at both widths, in both languages, light and dark: nothing runs over, nothing overlaps, nothing is left in Chinese
for English readers, nothing is asked of another host, nothing keeps anybody out. `TONGCHOU_TEST_PICTURES` names a folder that
keeps a picture of each."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import select

from tests.browser.town import NOW, Town
from workflow_service.resources import bpmn_dir
from workflow_service.store.acting import ListedMatter, ListedNote, NoticeSlipRow, SpecialReportRow
from workflow_service.store.catalogue_changes import CatalogueChange
from workflow_service.store.definitions import DecisionDefinition, Deployment, ProcessDefinition
from workflow_service.store.operations import Circulation, TaskEvent
from workflow_service.store.people import Post, Unit, User
from workflow_service.store.plans import AgendaItem, Meeting, Plan, PlanningCycle
from workflow_service.store.runtime import Incident, Task
from workflow_service.store.supervision import Notice

Visit = Callable[..., Page]
LOOKS = ((1280, "zh", "light"), (1280, "en", "dark"), (390, "zh", "dark"), (390, "en", "light"))
STAFF = (
    "/tasks", "/tasks?all=1&holder=waiting", "/tasks?all=1", "/tasks/{task_id}", "/tasks/done?q=能源", "/tasks/done?all=1",
    "/tasks/started", "/tasks/drafts", "/instances/{started_id}/slip", "/plans/apply", "/notices", "/mine", "/password",
    "/people/me/notices", "/people/me/phrases", "/circulations", "/circulations/{circulation_id}", "/people/me/substitutes",
    "/people/me/absences", "/supervision/extensions/ask/{task_id}",
    *(f"/tasks/{{task_id}}/{one}" for one in ("return", "transfer", "delegate", "sign", "assign", "consult")),
)  # fmt: skip
SUPERVISOR = (
    "/tasks", "/tasks/{done_task_id}", "/plans", "/plans/{plan}", "/instances/{instance_id}", "/board", "/board/ledger",
    "/board/progress", "/board/routes", "/board/forecasts",
    "/instances/{instance_id}/reopen", "/instances/{instance_id}/jump", "/instances/{instance_id}/terminate",
    "/tasks/{task_id}/reassign", "/tasks/{task_id}/urge", "/tasks/{signing_id}/signers",
    "/incidents", "/incidents/{incident_id}/decision", "/calendar", "/rhythms", "/rhythms/weekly", "/rhythms/ten_day", "/weekly",
    "/templates", "/templates/slip", "/templates/report",
    "/notices/deliveries", "/bulletins", "/bulletins/{bulletin_id}", "/meetings", "/meetings/{meeting_id}",
    "/catalogue", "/catalogue?state=withdrawn", "/catalogue/{change_id}",
    "/plans/{listed_plan_id}",
    *(f"/catalogue/new/{{listed_plan_id}}/{one}" for one in ("split", "merge", "withdraw", "re_date")),
    "/search?q=能源", "/search", "/plans/999999",
    "/circulations/sent", "/circulations/new/{instance_id}",
    "/supervision/listed", "/supervision/listed?state=struck_off", "/supervision/listed/{matter_id}",
    "/supervision/listed/new?plan={plan}", "/supervision/slips", "/supervision/slips/{slip_id}",
    "/supervision/slips/new?plan={plan}", "/supervision/extensions", "/supervision/act?task={task_id}",
    "/supervision/reports", "/supervision/reports/{report_id}", "/supervision/reports/new?plan={plan}",
    "/supervision/reports/{draft_report_id}/edit",
    "/supervision/extensions/plan/{plan}",
)  # fmt: skip
DESIGNER = (
    "/designer", "/designer/definitions/{definition_id}", "/designer/deployments", "/designer/deployments/1",
    "/designer/upload", "/designer/decisions/1", "/designer/forms/coordination_opinion", "/designer/processes/coordination",
)  # fmt: skip
ADMIN = (
    "/people", "/people/{user_id}", "/people/{user_id}/edit", "/people/units", "/people/units/{unit_id}",
    "/people/units/{unit_id}/edit", "/people/units/{unit_id}/merge?into={other_unit_id}", "/people/units/new", "/people/new",
    "/people/import", "/people/me", "/people/me/tokens",
    "/settings", "/people/{user_id}/substitutes", "/people/{user_id}/absences", "/people/{user_id}/hand-over",
)  # fmt: skip
LEADER = (
    "/instances/{instance_id}", "/instances/{instance_id}/instruct", "/tasks/{reading_id}",
    "/supervision/reports/{report_id}/instruct",
)
NO_PAGE = re.compile(
    r"/(api|static|healthz|readyz|sign-in|problems|counts|board/live|catalogue/.*/amend|.*/files|.*/effect|tasks/.*/people)\b"
    r"|.*\.(xlsx|docx|json|bpmn|pdf|webmanifest|js|csv)$|/$|.*(ending|which)>$"
)
IN_CHINESE_ON_PURPOSE = {
    "能源", "本周到期", "先写一半", "同意上报。", "请按规划编制要求补充图件。", "请各处室传阅。",
    "审议形式", "核定项目等级", "规模",
    "浙发改规划", "北区政办发", "中文", "姓名、登录名、单位代码、岗位代码、邮箱、手机、任职日期",
}  # fmt: skip
CHINESE = re.compile(r"[\u4e00-\u9fff]")



def pages_of(town: Town, paths: tuple[str, ...]) -> list[str]:
    return [path.format(plan=town.plan_ids[0], **town.__dict__) for path in paths]


@dataclass(frozen=True)
class Data:
    """What is data and stays in Chinese: `names` may stand within a sentence (the longest first), `whole` only by itself."""

    names: list[str]
    whole: frozenset[str]

    def without_names(self, text: str) -> str:
        """What is left of a sentence without the names in it."""
        for name in self.names:
            text = text.replace(name, "")
        return text


@pytest.fixture(scope="module")
def data(town: Town) -> Data:
    """Names of people, units, plans and steps; what people wrote, what they were told, and what stands in the diagrams."""
    names = (
        Unit.name, Unit.short_name, Unit.document_prefix, User.name, Post.name, Plan.title, Task.name, Task.title,
        ProcessDefinition.name, DecisionDefinition.name, Meeting.title, PlanningCycle.name, Circulation.title,
        ListedMatter.title, NoticeSlipRow.number, NoticeSlipRow.organ, SpecialReportRow.number, SpecialReportRow.organ,
        SpecialReportRow.title,
    )  # fmt: skip
    wrote = (
        TaskEvent.reason, Circulation.note, AgendaItem.note, Notice.subject, Deployment.name, Notice.body["text"].astext,
        ListedMatter.reason, ListedNote.text, NoticeSlipRow.matter, NoticeSlipRow.facts, NoticeSlipRow.asked,
        SpecialReportRow.text, CatalogueChange.reason, CatalogueChange.basis,
    )  # fmt: skip
    with town.database.transaction() as session:
        named = {str(text) for column in names for text in session.scalars(select(column).distinct()) if text}
        named |= {one["title"] for found in session.scalars(select(CatalogueChange.successors)) for one in found}
        whole = {str(text) for column in wrote for text in session.scalars(select(column).distinct()) if text}
        for given in session.scalars(select(Task.submission).where(Task.submission.is_not(None))):
            whole |= {text for text in given.values() if isinstance(text, str)}
        for kept in session.scalars(select(Incident.data).where(Incident.data.is_not(None))):
            said = (kept or {}).get("said") or {"zh": "", "en": ""}
            whole |= {said["en"]} - {said["zh"]}  # translated, and quotes the table's own words
    for file in bpmn_dir().iterdir():
        drawn = file.read_text(encoding="utf-8")
        whole |= set(re.findall(r'(?:name|label)="([^"]+)"', drawn)) | set(re.findall(r"ocumentation>([^<]+)<", drawn))
    whole = {" ".join(text.split()) for text in whole}
    return Data(sorted(named | IN_CHINESE_ON_PURPOSE, key=len, reverse=True), frozenset(whole))


@pytest.mark.parametrize(("width", "language", "theme"), LOOKS, ids=lambda value: str(value))
@pytest.mark.parametrize(
    ("post", "paths"),
    [
        ("energy.handler", STAFF),
        ("drc.supervisor", SUPERVISOR),
        ("drc.designer", DESIGNER),
        ("drc.admin", ADMIN),
        ("drc.leader", LEADER),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_page_can_be_looked_at(
    visit: Visit, town: Town, checks: str, address: str, data: Data, post: str, paths: tuple[str, ...], width: int,
    language: str, theme: str,
) -> None:  # fmt: skip
    page = visit(post, width=width, language=language, theme=theme)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    faults: dict[str, Any] = {}
    for path in pages_of(town, paths):
        said.clear()
        page.goto(path)
        page.wait_for_load_state("networkidle")
        keep_picture(page, f"{width}-{language}-{theme}-{post}{path}")
        found = faults_on(page, checks, data if language == "en" else None)
        found += [text for text in said if "status of 404" not in text]
        if found:
            faults[path] = found
    assert not faults, "\n".join(f"{path}: {text}" for path, found in faults.items() for text in found)
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


def keep_picture(page: Page, name: str) -> None:
    """Where somebody wants to look at the pages as pictures."""
    if folder := os.environ.get("TONGCHOU_TEST_PICTURES"):
        page.screenshot(path=Path(folder) / (re.sub(r"[^\w.-]+", "_", name) + ".png"), full_page=True)


def faults_on(page: Page, checks: str, data: Data | None) -> list[str]:
    """What is wrong with the page as it stands."""
    page.evaluate(checks)
    found: list[str] = []
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if over > 0:
        found.append(f"runs over by {over} px")
    found += [f"overlap: {pair}" for pair in overlaps(page)[:3]]
    if data is not None:
        texts = untranslated(page.evaluate("pageChecks.texts()"), data)
        found += [f"untranslated: {text[:60]}" for text in texts[:6]]
    return found + [f"axe {text}" for text in page.evaluate("pageChecks.barriers()")]


def overlaps(page: Page) -> list[str]:
    """What lies over one another anywhere on the page: the window is made as high as the page for the look."""
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({**size, "height": max(size["height"], page.evaluate("document.documentElement.scrollHeight"))})
    found: list[str] = page.evaluate("pageChecks.overlaps()")
    page.set_viewport_size(size)
    return found


def untranslated(texts: list[str], data: Data) -> list[str]:
    """The texts with Chinese in them that is not data; a list of data is data too."""
    return [text for text in texts if not set(text.split(", ")) <= data.whole and CHINESE.search(data.without_names(text))]


def test_no_page_is_forgotten(town: Town, app: Flask) -> None:
    addresses, listed = app.url_map.bind(""), pages_of(town, STAFF + SUPERVISOR + DESIGNER + ADMIN + LEADER)
    seen = {addresses.match(path.partition("?")[0], return_rule=True)[0].rule for path in listed}
    rules = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert {rule for rule in rules if not NO_PAGE.match(rule)} <= seen


@pytest.mark.parametrize("width", [1280, 390])
def test_the_sign_in_page_can_be_looked_at(browser: Any, address: str, checks: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, base_url=address)
    page = context.new_page()
    page.goto("/sign-in")
    assert faults_on(page, checks, None) == []
    context.close()


def test_a_title_without_a_place_to_break_stays_in_its_page(visit: Visit, town: Town) -> None:
    with town.database.transaction() as session:
        plan = session.get_one(Plan, town.plan_ids[3])
        kept, plan.title = plan.title, "W" * 180
        task = session.get_one(Task, town.task_id)
        task.title = plan.title
    page = visit("energy.handler", width=390)
    for path in ("/tasks", "/plans", f"/tasks/{town.task_id}", f"/plans/{town.plan_ids[3]}"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, path
    with town.database.transaction() as session:
        session.get_one(Plan, town.plan_ids[3]).title = session.get_one(Task, town.task_id).title = kept


def test_the_first_page_is_light(visit: Visit) -> None:
    """Its own style sheets and scripts stay under 200 KB as sent."""
    page = visit("energy.handler")
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", 0))) if is_own(answer.url) else None)
    page.context.clear_cookies(name="nothing")
    page.goto("/tasks")
    page.wait_for_load_state("networkidle")
    assert sum(sizes) < 200_000


def is_own(url: str) -> bool:
    return "/static/" in url and (".js" in url or ".css" in url)


def test_diagrams_are_drawn_with_the_way_travelled(visit: Visit, town: Town) -> None:
    page = visit("drc.supervisor")
    page.goto(f"/instances/{town.instance_id}")
    page.locator('#diagram[data-state="ready"]').wait_for()
    assert page.locator("#diagram .way").count() > 0
    assert NOW.tzinfo is not None
