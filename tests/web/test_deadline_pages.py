"""The pages say that a clock stands, and how a due date came about."""

from collections.abc import Callable
from datetime import date, timedelta

from tests.people import SYSTEM
from tests.services.house import House, user_task
from tests.web.conftest import Person
from tests.web.test_pages import plan_of
from workflow_service.services import processes
from workflow_service.services.plans import plan_facts
from workflow_service.store.plans import Plan

SignIn = Callable[[str], Person]
A_WEEK = timedelta(days=7)


def suspended_plan(house: House) -> tuple[int, int]:
    """A plan due on Thursday whose process was suspended on Monday; its task was due on Wednesday."""
    house.deploy_chain(user_task("fill", more='approval:deadline="2 working days"'))
    plan_id = plan_of(house, due_on=date(2025, 11, 27))
    with house.database.transaction() as session:
        plan = session.get_one(Plan, plan_id)
        row = processes.start_process(
            session, SYSTEM, "p", variables={"plan": plan_facts(plan)}, plan_id=plan_id, now=house.now
        )
        processes.suspend_instance(session, SYSTEM, row.id, "核查资金", now=house.now)
        return plan_id, row.id


def resume(house: House, instance_id: int) -> None:
    house.now += A_WEEK
    with house.database.transaction() as session:
        processes.resume_instance(session, SYSTEM, instance_id, "核查完毕", now=house.now)


def test_a_plan_whose_clock_stands_is_grey_and_not_among_the_late(house: House, person: SignIn) -> None:
    suspended_plan(house)
    house.now += A_WEEK
    handler = person("jb.handler")
    assert 'light-grey"><span class="light-dot" aria-hidden="true"></span><span>流程暂停' in handler.get("/plans").text
    assert "江北区能源发展" not in handler.get("/plans?late=1").text


def test_the_plans_page_tells_each_pause_and_how_far_the_date_moved(house: House, person: SignIn) -> None:
    plan_id, run = suspended_plan(house)
    handler = person("jb.handler")
    standing = handler.get(f"/plans/{plan_id}").text
    assert "时限的计算" in standing and "恢复后按停住的工作日顺延" in standing
    resume(house, run)
    moved = handler.get(f"/plans/{plan_id}").text
    assert "停 5 个工作日，到期日由 2025年11月27日 顺延至 2025年12月4日" in moved
    assert "2025-11-27 → 2025-12-04" in moved


def test_the_tasks_page_tells_why_its_clock_stands_and_how_far_it_moved(house: House, person: SignIn) -> None:
    _plan, run = suspended_plan(house)
    (task,) = house.open()
    handler = person("jb.handler")
    assert "流程暂停：核查资金" in handler.get(f"/tasks/{task.id}").text
    assert "流程暂停" in handler.get("/tasks").text
    resume(house, run)
    assert "到期日由 2025年11月26日 顺延至 2025年12月3日" in handler.get(f"/tasks/{task.id}").text
