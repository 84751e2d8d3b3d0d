"""A plan through the government's route by everybody whom it concerns, with all that happens on the way in offices.

Two people sit at one task, one branch and then the whole parallel review is sent back, a line breaks while somebody hands in,
somebody stands in for a colleague, a signer is added, the experts vote the plan down and then through; one unit has only a phone.
Pages say it while it happens; afterwards the rows say that nobody was asked twice, nobody waits, nothing that was said got lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.browser.clerks import MOST_ROUNDS, Clerks
from tests.browser.test_operations import COLLEAGUE, fill_in, go, pick
from tests.browser.test_whole_route import Way, apply, start_route
from tests.browser.town import BEGUN, NOW, PASSWORD, Town
from workflow_service.services import audit
from workflow_service.services.context import Actor
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.store.people import User
from workflow_service.store.plans import AgendaItem, Plan
from workflow_service.store.runtime import (
    Activity,
    Incident,
    ProcessInstance,
    Subscription,
    Task,
    TaskHolder,
    Timer,
)

Visit = Callable[..., Page]
WAY = Way(
    "宁波市海洋能源“十四五”规划", ("专项规划", "政府审批", "重点"), "government_executive_meeting", frozenset(),
    frozenset({"listed", "executive_meeting"}),
)  # fmt: skip
ASKED = ("nb.traffic", "nb.nature", "nb.ecology")
EXPERTS = ("traffic.leader", "nature.leader", "water.leader")
ON_A_PHONE = "ecology.handler"
PHONE_PX = 390


@dataclass
class Staff:
    """Everybody on the plan's way, each at his own browser; what the story does not tell, the clerks do."""

    town: Town
    clerks: Clerks
    plan_id: int = 0
    colleague: Page = field(init=False)

    def page(self, post: str) -> Page:
        return self.clerks.page(post)

    def tasks(self, element_id: str, status: str = "open") -> list[Task]:
        """The plan's tasks of one step, by the unit that is asked."""
        wanted = Task.plan_id == self.plan_id, Task.element_id == element_id, Task.status == status
        with self.town.database.transaction() as session:
            return list(session.scalars(select(Task).where(*wanted).order_by(Task.id)))

    def task(self, element_id: str, unit: str = "") -> Task:
        """The one open task of a step, or of a unit in it."""
        found = [one for one in self.tasks(element_id) if not unit or one.candidate_groups[0].startswith(f"{unit}:")]
        assert len(found) == 1, f"{element_id} {unit}: {len(found)} open tasks"
        return found[0]

    def open_steps(self) -> Counter[str]:
        with self.town.database.transaction() as session:
            wanted = Task.plan_id == self.plan_id, Task.status == "open"
            return Counter(session.scalars(select(Task.element_id).where(*wanted)))

    def until(self, *steps: str) -> None:
        """The clerks do what is asked until nothing but these steps is open."""
        for _round in range(MOST_ROUNDS):
            with self.town.database.transaction() as session:
                others = Task.plan_id == self.plan_id, Task.status == "open", Task.element_id.not_in(steps)
                found = session.scalars(select(Task).where(*others).order_by(Task.id).limit(1)).first()
            if found is None:
                assert set(self.open_steps()) == set(steps)
                return
            self.clerks.finish(found)
        raise AssertionError(f"{steps} were not reached: {self.clerks.done}")

    def hand_in(self, page: Page) -> None:
        page.locator("[data-main]").click()
        expect(page.get_by_role("status").first).to_contain_text("已提交")


@pytest.fixture
def staff(visit: Visit, town: Town, tmp_path: Path) -> Staff:
    """The plan is in the catalogue and on its route; a second handler sits in the unit, one handler has only a phone."""
    file = tmp_path / "规划草案.txt"
    file.write_text(f"{WAY.title}（送审稿）", "utf-8")
    found = Staff(town, Clerks(visit, town, file, WAY.preferred))
    with town.database.transaction() as session:
        facts = PersonFacts(username=COLLEAGUE, name="李同事")
        add_person(
            session, Actor.system("demo"), facts, [("nb.energy", "handler")], now=BEGUN, password=PASSWORD, constructed=True
        )
    found.clerks.pages[ON_A_PHONE] = visit(ON_A_PHONE, width=PHONE_PX)
    found.colleague = visit(COLLEAGUE.removeprefix("nb."))
    handler = found.page("energy.handler")
    found.plan_id = apply(handler, town, WAY)
    found.clerks.work(found.plan_id)
    start_route(handler, found.plan_id)
    return found


@pytest.mark.slow
def test_staff_take_a_plan_through_all_that_happens_in_offices(staff: Staff) -> None:
    two_people_hand_in_the_same_draft(staff)
    staff.until("ask_units", "confirm_environment", "confirm_water")
    units_are_asked(staff)
    a_branch_is_sent_back_and_the_others_stand(staff)
    the_whole_parallel_review_is_sent_back(staff)
    the_line_breaks_while_the_draft_is_handed_in_again(staff)
    staff.until("ask_units", "confirm_environment", "confirm_water")
    units_are_asked(staff)
    a_substitute_gives_the_opinion(staff)
    staff.until("draft_conclusion")
    a_signer_is_added(staff)
    staff.until("draw_experts")
    the_experts_vote(staff, agree=(), against=EXPERTS[:2], spared=EXPERTS[2])
    staff.until("draw_experts")
    the_experts_vote(staff, agree=EXPERTS[:2], against=(), spared=EXPERTS[2])
    staff.clerks.work(staff.plan_id)

    the_plan_is_issued(staff)
    nobody_was_asked_twice(staff)
    nobody_is_left_waiting(staff)
    history_says_who_did_it_for_whom(staff)
    everything_fitted_on_the_phone(staff)


def two_people_hand_in_the_same_draft(staff: Staff) -> None:
    first, second = staff.colleague, staff.page("energy.handler")
    task = staff.task("draft_plan")
    for page in (first, second):
        go(page, f"/tasks/{task.id}")
    fill_in(first, "李同事起草的说明")
    fill_in(second, "我也写了一半的说明")
    staff.hand_in(first)
    second.locator("[data-main]").click()
    refused = second.get_by_role("alert")
    expect(refused).to_contain_text("李同事")
    expect(refused).to_contain_text(f"{NOW:%H:%M}")
    expect(second.locator("#work textarea").first).to_have_value("我也写了一半的说明")
    assert len(staff.tasks("draft_plan", "completed")) == 1
    assert staff.open_steps() == {"prepare_consultation": 1}


def units_are_asked(staff: Staff) -> None:
    page = staff.page("drc.planner")
    go(page, f"/tasks/{staff.task('ask_units').id}")
    for unit in ASKED:
        page.locator(f'input[name="units"][value="{unit}"]').check()
    staff.hand_in(page)
    assert staff.open_steps() == {"give_opinion": 3, "confirm_environment": 1, "confirm_water": 1}


def send_back(staff: Staff, page: Page, task: Task, to: str, reason: str) -> None:
    """Return a task on its page, after reading what that does."""
    go(page, f"/tasks/{task.id}")
    page.get_by_role("link", name="退回").click()
    sheet = page.locator("#operation-sheet")
    sheet.get_by_label(to).check()
    expect(sheet.locator("#effect")).to_contain_text(to)
    sheet.get_by_label("理由").fill(reason)
    sheet.get_by_label("一次性告知补正事项").fill("补生态影响章节\n补附图")
    sheet.get_by_role("button", name="退回", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已退回")


def a_branch_is_sent_back_and_the_others_stand(staff: Staff) -> None:
    staff.clerks.finish(staff.task("give_opinion", "nb.traffic"))
    send_back(staff, staff.page(ON_A_PHONE), staff.task("confirm_environment"), "报送环评文件", "缺生态影响章节")
    assert staff.open_steps() == {"give_opinion": 2, "submit_environment_report": 1, "confirm_water": 1}
    assert len(staff.tasks("give_opinion", "completed")) == 1
    handler = staff.page("energy.handler")
    go(handler, f"/tasks/{staff.task('submit_environment_report').id}")
    expect(handler.locator(".points li")).to_have_text(["补生态影响章节", "补附图"])
    staff.until("give_opinion", "confirm_environment", "confirm_water")
    assert staff.open_steps() == {"give_opinion": 2, "confirm_environment": 1, "confirm_water": 1}


def the_whole_parallel_review_is_sent_back(staff: Staff) -> None:
    phone, water = staff.page(ON_A_PHONE), staff.page("water.handler")
    go(phone, f"/tasks/{staff.task('give_opinion', 'nb.ecology').id}")
    ended = {one.id for step in ("give_opinion", "confirm_environment") for one in staff.tasks(step)}
    task = staff.task("confirm_water")
    go(water, f"/tasks/{task.id}")
    water.get_by_role("link", name="退回").click()
    water.locator("#operation-sheet").get_by_label("起草规划草案").check()
    effect = water.locator("#effect")
    for whom in ("市生态环境局·经办", "市自然资源和规划局·经办"):
        expect(effect).to_contain_text(whom)
    send_back(staff, water, task, "起草规划草案", "取用水规模要重新论证")
    assert staff.open_steps() == {"draft_plan": 1}
    gone = {one.id for step in ("give_opinion", "confirm_environment") for one in staff.tasks(step, "cancelled")}
    assert gone == ended
    go(phone, "/notices")
    expect(phone.locator("main")).to_contain_text("流程已退回前面的环节")
    kept = [one.outcome for one in staff.tasks("give_opinion", "completed")]
    assert kept == ["agree"], "what was said stays in history"


def the_line_breaks_while_the_draft_is_handed_in_again(staff: Staff) -> None:
    page, task = staff.colleague, staff.task("draft_plan")
    go(page, f"/tasks/{task.id}")
    expect(page.locator(".points li")).to_have_text(["补生态影响章节", "补附图"])
    expect(page.locator("#work textarea").first).to_have_value("李同事起草的说明")
    page.locator("#work textarea").first.fill("断网前写的修改说明")
    expect(page.locator(".saved")).to_contain_text("已暂存")
    page.context.set_offline(True)
    page.locator("[data-main]").click()
    expect(page.locator("[data-keep-notice]")).to_contain_text("连接中断")
    expect(page.locator("#work textarea").first).to_have_value("断网前写的修改说明")
    assert staff.open_steps() == {"draft_plan": 1}
    page.context.set_offline(False)
    expect(page.get_by_role("status").first).to_contain_text("已提交")
    assert staff.open_steps() == {"prepare_consultation": 1}
    again = [one.submission for one in staff.tasks("draft_plan", "completed") if one.id == task.id]
    assert [one["changes"] for one in again if one] == ["断网前写的修改说明"]


def a_substitute_gives_the_opinion(staff: Staff) -> None:
    nature, substitute = staff.page("nature.handler"), staff.page("inspection.handler")
    go(nature, "/people/me/substitutes")
    choice = nature.locator("select[name=substitute]")
    chosen = choice.locator("option", has_text="市政府督查室经办").get_attribute("value")
    choice.select_option(chosen)
    nature.locator("[name=since]").fill(NOW.date().isoformat())
    nature.locator("[name=last]").fill(NOW.date().isoformat())
    nature.get_by_role("button", name="授权", exact=True).click()
    expect(nature.locator("main")).to_contain_text("生效中")
    task = staff.task("give_opinion", "nb.nature")
    go(substitute, "/tasks")
    expect(substitute.locator(f"#task-{task.id}")).to_contain_text("代市自然资源和规划局经办")
    go(substitute, f"/tasks/{task.id}")
    expect(substitute.locator(".alert-info").first).to_contain_text("您代市自然资源和规划局经办办理")
    substitute.locator(".segments label", has_text="同意").first.click()
    staff.hand_in(substitute)
    go(nature, f"/tasks/{task.id}")
    expect(nature.locator("[data-main]")).to_have_count(0)


def a_signer_is_added(staff: Staff) -> None:
    planner, phone = staff.page("drc.planner"), staff.page(ON_A_PHONE)
    task = staff.task("draft_conclusion")
    go(planner, f"/tasks/{task.id}")
    planner.locator("summary", has_text="更多").click()
    planner.get_by_role("link", name="加签").click()
    pick(planner, "生态环境局", "市生态环境局经办")
    planner.locator("#operation-reason").fill("请核对生态红线表述")
    planner.locator("#operation-form").get_by_role("button", name="加签", exact=True).click()
    expect(planner.locator(".alert-info")).to_contain_text("正在等其他人办理")
    expect(planner.locator("[data-main]")).to_have_count(0)
    side = next(one for one in staff.tasks("draft_conclusion") if one.round_id is not None)
    go(phone, f"/tasks/{side.id}")
    expect(phone.locator(".alert-info").first).to_contain_text("请核对生态红线表述")
    phone.locator(".segments label", has_text="同意").first.click()
    phone.locator("#work textarea").first.fill("红线表述无误。")
    staff.hand_in(phone)
    go(planner, f"/tasks/{task.id}")
    expect(planner.locator(".round")).to_contain_text("红线表述无误。")
    expect(planner.locator("[data-main]")).to_have_count(1)


def the_experts_vote(staff: Staff, *, agree: tuple[str, ...], against: tuple[str, ...], spared: str) -> None:
    """Two thirds must agree: two against end it, two for it end it, and the third is not asked any more."""
    handler = staff.page("energy.handler")
    go(handler, f"/tasks/{staff.task('draw_experts').id}")
    handler.locator('[name="experts"]').fill("3")
    for expert in EXPERTS:
        handler.locator(f'input[name="voters"][value="nb.{expert}"]').check()
    staff.hand_in(handler)
    assert staff.open_steps() == {"vote": 3}
    for expert, words in [*((one, "同意") for one in agree), *((one, "不同意") for one in against)]:
        page = staff.page(expert)
        go(page, f"/tasks/{vote_of(staff, expert)}")
        page.locator(".segments label").filter(has=page.get_by_text(words, exact=True)).click()
        page.locator("#work textarea:visible").first.fill(f"{words}，理由见论证意见。")
        staff.hand_in(page)
    assert staff.open_steps() == {"record_review" if agree else "draw_experts": 1}
    third = staff.page(spared)
    go(third, "/notices")
    expect(third.locator("main")).to_contain_text("专家表决")
    assert spared not in {voter for voter, _outcome in votes_cast(staff)}


def vote_of(staff: Staff, expert: str) -> int:
    with staff.town.database.transaction() as session:
        wanted = Task.plan_id == staff.plan_id, Task.element_id == "vote", Task.status == "open"
        mine = User.username == f"nb.{expert}"
        return session.scalars(select(Task.id).join(User, User.id == Task.assignee_id).where(*wanted, mine)).one()


def votes_cast(staff: Staff) -> list[tuple[str, str]]:
    with staff.town.database.transaction() as session:
        cast = Task.plan_id == staff.plan_id, Task.element_id == "vote", Task.status == "completed"
        rows = session.execute(
            select(User.username, Task.outcome).join(User, User.id == Task.completed_by).where(*cast).order_by(Task.id)
        )
        return [(name.removeprefix("nb."), outcome) for name, outcome in rows]


def the_plan_is_issued(staff: Staff) -> None:
    page = staff.page("energy.handler")
    page.goto(f"/plans/{staff.plan_id}")
    expect(page.locator(".head-light")).to_contain_text("已印发")
    with staff.town.database.transaction() as session:
        plan = session.get_one(Plan, staff.plan_id)
        assert (plan.status, plan.route, plan.issued_on) == ("issued", WAY.route, NOW.date())


def nobody_was_asked_twice(staff: Staff) -> None:
    """Each step was finished as often as the story tells, and no execution of a step has two tasks."""
    with staff.town.database.transaction() as session:
        tasks = session.scalars(select(Task).where(Task.plan_id == staff.plan_id)).all()
        joins = session.scalars(
            select(Activity.status).join(ProcessInstance).where(
                ProcessInstance.plan_id == staff.plan_id, Activity.process_key == "parallel_review", Activity.element_id == "join"
            )
        ).all()  # fmt: skip
        assert audit.verify(session) == []
    assert len({(one.instance_id, one.token) for one in tasks}) == len(tasks)
    done = Counter((one.element_id, one.outcome) for one in tasks if one.status == "completed")
    told = {
        ("draft_plan", "submit"): 2, ("confirm_environment", "returned"): 1, ("confirm_environment", "agree"): 1,
        ("confirm_water", "returned"): 1, ("confirm_water", "agree"): 1, ("give_opinion", "agree"): 4,
        ("submit_environment_report", "submit"): 3, ("submit_water_report", "submit"): 2, ("draw_experts", "submit"): 2,
        ("vote", "disagree"): 2, ("vote", "agree"): 2, ("record_review", "passed"): 1,
    }  # fmt: skip
    assert {key: count for key, count in done.items() if key[0] in {step for step, _outcome in told}} == told
    assert sorted(votes_cast(staff)) == sorted([(one, kind) for one in EXPERTS[:2] for kind in ("agree", "disagree")])
    assert joins == ["completed"], "the join fires once: in the pass that was not sent back"


def nobody_is_left_waiting(staff: Staff) -> None:
    with staff.town.database.transaction() as session:
        ids = session.scalars(select(ProcessInstance.id).where(ProcessInstance.plan_id == staff.plan_id)).all()
        standing = {
            "tasks": select(Task.id).where(Task.plan_id == staff.plan_id, Task.status == "open"),
            "holders": select(TaskHolder.task_id).join(Task, Task.id == TaskHolder.task_id).where(Task.plan_id == staff.plan_id),
            "agenda": select(AgendaItem.id).where(AgendaItem.plan_id == staff.plan_id, AgendaItem.status == "waiting"),
            "timers": select(Timer.id).where(Timer.instance_id.in_(ids)),
            "events": select(Subscription.id).where(Subscription.instance_id.in_(ids)),
            "incidents": select(Incident.id).where(Incident.instance_id.in_(ids), Incident.resolved_at.is_(None)),
            "steps": select(Activity.id).where(Activity.instance_id.in_(ids), Activity.ended_at.is_(None)),
            "runs": select(ProcessInstance.id).where(ProcessInstance.id.in_(ids), ProcessInstance.status != "completed"),
        }
        left = {what: found for what, query in standing.items() if (found := session.scalars(query).all())}
    assert left == {}


def history_says_who_did_it_for_whom(staff: Staff) -> None:
    done = next(one for one in staff.tasks("give_opinion", "completed") if one.acted_for is not None)
    page = staff.page("energy.handler")
    go(page, f"/instances/{done.instance_id}")
    expect(page.locator("main")).to_contain_text("市政府督查室经办（代市自然资源和规划局经办）")
    expect(page.locator("main")).to_contain_text("缺生态影响章节")
    expect(page.locator("main")).to_contain_text("取用水规模要重新论证")


def everything_fitted_on_the_phone(staff: Staff) -> None:
    """Whoever had only a phone did his whole part on it: every page of his fits, down to what he has done."""
    phone = staff.page(ON_A_PHONE)
    with staff.town.database.transaction() as session:
        mine = Task.plan_id == staff.plan_id, User.username == f"nb.{ON_A_PHONE}", Task.status == "completed"
        done = session.scalars(select(Task.id).join(User, User.id == Task.completed_by).where(*mine)).all()
    assert len(done) >= 4
    for path in ("/tasks", "/tasks/done", "/notices", *(f"/tasks/{one}" for one in done)):
        go(phone, path)
        assert phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, path
