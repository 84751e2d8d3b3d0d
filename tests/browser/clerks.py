"""The town's people at their browsers: each does his own tasks on his own pages, as a clerk who agrees would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from tests.browser.town import NOW, Town
from workflow_service.store.database import Database
from workflow_service.store.operations import TaskEvent
from workflow_service.store.plans import AgendaItem
from workflow_service.store.runtime import Task

PREFIX = "nb."
MOST_ROUNDS = 80


@dataclass
class Clerks:
    """Everybody who is asked, signed in once each; `file` is what they attach where a file is asked for.

    `preferred` are the values to choose, wherever a form offers one of them; else the first of every choice is taken.
    """

    visit: Callable[..., Page]
    town: Town
    file: Path
    preferred: frozenset[str] = frozenset()
    pages: dict[str, Page] = field(default_factory=dict)
    done: list[tuple[str, str]] = field(default_factory=list)
    asked: dict[Page, list[str]] = field(default_factory=dict)

    def page(self, post: str) -> Page:
        """The browser of one post, as `energy.handler`."""
        if post not in self.pages:
            page = self.pages[post] = self.visit(post)
            asked = self.asked[page] = []
            page.on("response", lambda answer: asked.append(f"{answer.request.method} {answer.url} {answer.status}"))
            page.on("pageerror", lambda error: asked.append(f"error: {error}"))
        return self.pages[post]

    def work(self, plan_id: int) -> None:
        """Do what is asked for a plan, and hold the meetings that it waits for, until nobody is asked any more."""
        for _round in range(MOST_ROUNDS):
            task = self._next(plan_id)
            if task is not None:
                self.finish(task)
            elif not self._hold_meeting(plan_id):
                return
        raise AssertionError(f"still at work after {MOST_ROUNDS} rounds: {self.done}")

    def finish(self, task: Task) -> None:
        """One task on its page, by the person of its post."""
        unit, _, post = task.candidate_groups[0].rpartition(":")
        clerk = f"{unit.removeprefix(PREFIX)}.{post}"
        page = self.page(clerk)
        page.goto(f"/tasks/{task.id}")
        expect(page.locator("h1")).to_contain_text(task.title)
        page.locator('html[data-ready="true"]').wait_for()
        self._fill_in(page)
        page.locator("[data-main]").click()
        self._expect_said(page, "已提交", f"{task.element_id} by {clerk}")
        self.done.append((task.element_id, clerk))

    def _expect_said(self, page: Page, word: str, what: str) -> None:
        """The page says it; if not, the failure tells what the page was asked and what it shows instead."""
        try:
            expect(page.get_by_role("status").first).to_contain_text(word)
        except AssertionError as error:
            invalid = page.locator("#work :invalid").evaluate_all("all => all.map(one => one.name || one.tagName)")
            asked, shown = self.asked[page][-20:], page.locator("main").inner_text()[:1500]
            raise AssertionError(f"{what} at {page.url}; invalid: {invalid}; asked: {asked}; shown:\n{shown}") from error

    def _next(self, plan_id: int) -> Task | None:
        with self.town.database.transaction() as session:
            open_ones = select(Task).where(Task.plan_id == plan_id, Task.status == "open").order_by(Task.id)
            return session.scalars(open_ones.limit(1)).first()

    def _hold_meeting(self, plan_id: int) -> bool:
        """The office puts the plan on an agenda and enters what was decided, with the minutes."""
        with self.town.database.transaction() as session:
            waiting = select(AgendaItem).where(AgendaItem.plan_id == plan_id, AgendaItem.status == "waiting")
            item = session.scalars(waiting.limit(1)).first()
        if item is None:
            return False
        page = self.page("office.registry")
        page.goto("/meetings")
        form = page.locator("form", has=page.locator(f'input[name="item"][value="{item.id}"]'))
        for box in form.locator('input[name="item"]').all():
            box.set_checked(box.get_attribute("value") == str(item.id))
        form.get_by_label("会议名称").fill("市政府常务会议")
        form.get_by_role("button", name="安排会议").click()
        page.locator(f'[name="result.{item.id}"]').select_option("approved" if item.kind == "catalogue_list" else "passed")
        page.get_by_label("纪要文号").fill("会议纪要〔2021〕15号")
        page.locator('input[name="file"]').set_input_files(self.file)
        page.locator('input[name="declared"]').check()
        page.get_by_role("button", name="录入结果").click()
        page.locator("#confirm").get_by_role("button", name="录入结果").click()
        expect(page.get_by_role("status").first).to_contain_text("结果已录入")
        self.done.append((f"meeting {item.kind}", "office.registry"))
        return True

    def _fill_in(self, page: Page) -> None:
        """Fill what is seen and needed; a choice can show further fields, so it is looked at twice."""
        form = page.locator("#work")
        for _look in range(2):
            for name in _names(form.locator("input[type=radio]:visible")):
                self._choose(form, name)
            for name in _names(form.locator("input[type=checkbox]:visible")):
                self._tick(form, name)
            for one in form.locator("select:visible").all():
                if not one.input_value():
                    one.select_option(index=1)
            for one in form.locator("input[type=date]:visible").all():
                one.fill(NOW.date().isoformat())
            for one in form.locator("input[type=number]:visible[required]").all():
                one.fill(one.get_attribute("min") or "1")
            for one in form.locator("textarea:visible, input[type=text]:visible").all():
                if not one.input_value() and not _is_number_of_a_document(one):
                    one.fill("已按程序办理，同意。")
        for drop in form.locator("[data-upload-field]:visible").all():
            self._attach(page, drop)

    def _choose(self, form: Locator, name: str) -> None:
        inputs = form.locator(f'input[name="{name}"]').all()
        wanted = next((one for one in inputs if one.get_attribute("value") in self.preferred), None)
        if wanted is not None or not form.locator(f'input[name="{name}"]:checked').count():
            chosen = (wanted or inputs[0]).get_attribute("value")
            form.locator(f'label:has(input[name="{name}"][value="{chosen}"])').click()

    def _tick(self, form: Locator, name: str) -> None:
        """A whole check list, or one of a list of units: the first is enough to be asked."""
        boxes = form.locator(f'input[type=checkbox][name="{name}"]').all()
        if name == "voters":
            return  # without voters the experts meet
        for box in boxes[:1] if "unit" in name else boxes:
            box.check()

    def _attach(self, page: Page, drop: Locator) -> None:
        name = drop.get_attribute("data-upload-field")
        page.locator("[data-declare]").check()
        for _file in range(max(page.locator("#work input[name=items]:checked").count(), 1)):
            before = page.locator(f'[data-field-files="{name}"] .file-chip').count()
            drop.locator("input").set_input_files(self.file)
            expect(page.locator(f'[data-field-files="{name}"] .file-chip')).to_have_count(before + 1)


def _names(found: Locator) -> list[str]:
    names: dict[str, Any] = {}
    for one in found.all():
        names[one.get_attribute("name") or ""] = None
    return list(names)


def _is_number_of_a_document(field_: Locator) -> bool:
    """Left empty, it is given by the service."""
    return "number" in (field_.get_attribute("name") or "")


def open_and_urge(page: Page, place: Locator, task_id: int, database: Database) -> None:
    """Follow the link to a task that nobody has urged, and urge it with the reason that is ready: it is kept once, with it."""
    place.locator(f'a[href$="/tasks/{task_id}"]').first.click()
    page.wait_for_url(f"**/tasks/{task_id}")
    page.get_by_role("link", name="催办", exact=True).click()
    sheet = page.locator("#operation-sheet")
    reason = sheet.get_by_role("textbox", name="理由").input_value()
    assert "请尽快办理" in reason
    sheet.get_by_role("button", name="催办", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("催办")
    with database.transaction() as session:
        urged = select(TaskEvent.reason).where(TaskEvent.task_id == task_id, TaskEvent.kind == "urged")
        assert session.scalars(urged).all() == [reason]
