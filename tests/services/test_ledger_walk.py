"""The ledger of every past day equals what it showed on that day: weeks of an office's work, looked back upon at their end."""

import random
from collections.abc import Callable
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.people import SYSTEM
from tests.services.catalogue import CHINA, Catalogue, moment
from tests.services.house import AGREE, House, user_task
from tests.services.test_pauses import MEETING, decide
from workflow_service.domain.errors import TongchouError
from workflow_service.services import (
    board,
    calendar_days,
    ledger,
    lights,
    meetings,
    processes,
    stage_clocks,
    tasks,
    transfers,
)  # fmt: skip
from workflow_service.services.board import BoardAsked
from workflow_service.services.plans import plan_facts
from workflow_service.services.transfers import TransferAsked
from workflow_service.services.weekly_reports import record_report
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import ProcessInstance

BEGINS, DAYS = date(2025, 9, 22), 31
"""Over the National Day week and its make-up Saturday."""
WIDE = "/330000/330200/330205/"


class Walk:
    """Random acts of one office, a few a day; each is legal or refused, and a refused one changes nothing."""

    def __init__(self, house: House, seed: int) -> None:
        self.house, self.dice, self.made = house, random.Random(seed), 0
        self.done: set[str] = set()
        stages = ' approval:stage="coordination"'
        house.deploy_chain(
            user_task("prepare", more='approval:stage="drafting" camunda:dueDate="${\'5 working days\'}"'),
            user_task("compare", more=stages), *MEETING[1:], user_task("amend", more='approval:stage="approval"'),
            roots=MEETING[0],
        )  # fmt: skip

    def day(self, today: date) -> None:
        """Some acts between nine and five."""
        acts: list[Callable[[datetime], None]] = [
            self.begin, self.claim, self.unclaim, self.transfer, self.complete, self.complete, self.move, self.suspend,
            self.resume, self.meet, self.issue, self.leave, self.re_date, self.report, self.calendar, self.lights,
            self.stage_due,
        ]  # fmt: skip
        for hour in range(9, 17):
            act = self.dice.choice(acts)
            self.house.now = datetime.combine(today, time(hour, self.dice.randrange(60)), CHINA)
            try:
                act(self.house.now)
                self.done.add(act.__name__)
            except (TongchouError, IndexError):
                continue

    def begin(self, now: datetime) -> None:
        self.made += 1
        with self.house.database.transaction() as session:
            due = now.date() + timedelta(days=self.dice.randrange(2, 25))
            plan = Catalogue.again(session).plan(f"第{self.made}项规划", "jb.energy", now.date(), due, level="county",
                                                 importance=self.dice.choice(("key", "general")))  # fmt: skip
            processes.start_process(
                session, SYSTEM, "p", variables={"plan": plan_facts(plan)}, business_key=str(plan.id), plan_id=plan.id, now=now
            )

    def claim(self, now: datetime) -> None:
        self._with_task(lambda session, task_id: tasks.claim_task(session, self.house.actor("jb.handler"), task_id, now=now))

    def unclaim(self, now: datetime) -> None:
        task = self.dice.choice([one for one in self.house.open() if one.assignee_id])
        with self.house.database.transaction() as session:
            tasks.unclaim_task(session, self.house.actor("jb.handler"), task.id, now=now)

    def transfer(self, now: datetime) -> None:
        holder = self.dice.choice(("g:jb.energy:leader", "g:jb.energy:handler"))
        asked = TransferAsked(holder, "换人办理")
        self._with_task(lambda session, task_id: transfers.reassign_task(session, SYSTEM, task_id, asked, now=now))

    def complete(self, now: datetime) -> None:
        self._with_task(
            lambda session, task_id: tasks.complete_task(session, self.house.actor("jb.handler"), task_id, AGREE, now=now)
        )

    def move(self, now: datetime) -> None:
        due = now + timedelta(days=self.dice.randrange(1, 12))
        self._with_task(lambda session, task_id: tasks.set_due(session, SYSTEM, task_id, due, "情况变化", now=now))

    def suspend(self, now: datetime) -> None:
        self._with_instance("active", lambda session, one: processes.suspend_instance(session, SYSTEM, one, "等候", now=now))

    def resume(self, now: datetime) -> None:
        self._with_instance("suspended", lambda session, one: processes.resume_instance(session, SYSTEM, one, "继续", now=now))

    def meet(self, now: datetime) -> None:
        with self.house.database.transaction() as session:
            if not meetings.pool(session, "330205", "executive_meeting"):
                return
        decide(self.house, self.dice.choice(("passed", "deferred")))

    def issue(self, now: datetime) -> None:
        self._with_plan("active", lambda made, plan: made.issue(plan.title, now.date(), at=now))

    def leave(self, now: datetime) -> None:
        if self.dice.random() < 0.3:
            self._with_plan("active", lambda made, plan: made.leave(plan.title, now.date(), at=now))

    def re_date(self, now: datetime) -> None:
        def move(made: Catalogue, plan: Plan) -> None:
            before, plan.due_on = plan.due_on, now.date() + timedelta(days=self.dice.randrange(1, 30))
            made.event(plan.title, "re_dated", now.date(), {"from": str(before), "to": str(plan.due_on)}, at=now)

        self._with_plan("active", move)

    def report(self, now: datetime) -> None:
        def tell(made: Catalogue, plan: Plan) -> None:
            monday = now.date() - timedelta(days=now.date().weekday())
            said = {"reports": [{"plan": plan.id, "progress": f"{now:%m-%d %H}时的进展"}]}
            unit = made.session.get_one(Unit, plan.lead_unit_id)
            record_report(made.session, SYSTEM, unit, monday, [plan.id], said, now=now)

        self._with_plan("active", tell)

    def calendar(self, now: datetime) -> None:
        day = now.date() + timedelta(days=self.dice.randrange(1, 10))
        days, move = {day: (day.weekday() > 4, "调整")}, self.dice.random() < 0.5
        with self.house.database.transaction() as session:
            if self.dice.random() < 0.3:
                calendar_days.forget_day(session, SYSTEM, day, now=now, move=move)
            else:
                calendar_days.set_days(session, SYSTEM, days, now=now, move=move)

    def lights(self, now: datetime) -> None:
        with self.house.database.transaction() as session:
            lights.set_limits(session, SYSTEM, self.dice.randrange(1, 6), self.dice.randrange(3, 12), now=now)

    def stage_due(self, now: datetime) -> None:
        due = now + timedelta(days=self.dice.randrange(1, 12))
        self._with_plan(
            "active", lambda made, plan: stage_clocks.set_due(made.session, SYSTEM, plan.id, plan.stage, due, "统一部署", now=now)
        )

    def _with_task(self, act: Callable[[Session, int], Any]) -> None:
        task = self.dice.choice(self.house.open())
        with self.house.database.transaction() as session:
            act(session, task.id)

    def _with_instance(self, status: str, act: Callable[[Session, int], Any]) -> None:
        with self.house.database.transaction() as session:
            of_status = select(ProcessInstance.id).where(ProcessInstance.status == status)
            act(session, self.dice.choice(session.scalars(of_status.order_by(ProcessInstance.id)).all()))

    def _with_plan(self, status: str, act: Callable[[Catalogue, Plan], Any]) -> None:
        with self.house.database.transaction() as session:
            found = session.scalars(select(Plan).where(Plan.status == status).order_by(Plan.id)).all()
            act(Catalogue.again(session), self.dice.choice(found))


def shown(house: House, day: date) -> tuple[Any, ...]:
    """Everything that the ledger and the board show at the end of a day; the moment itself is left out."""
    with house.database.transaction() as session:
        rows = ledger.ledger_rows(session, SYSTEM, as_of=day, limit=None).rows
        figures = ledger.figures(session, WIDE, day)
        found = board.overview(session, SYSTEM, BoardAsked(day))
    shown = found.board
    return rows, figures, shown.overdue, shown.late_tasks, shown.late_stages, shown.soon, shown.waiting, found.places, found.moves


@pytest.mark.parametrize("seed", [1, 20251001])
def test_the_ledger_of_each_day_of_a_month_is_the_same_at_its_end(house: House, seed: int) -> None:
    walk = Walk(house, seed)
    kept: dict[date, tuple[Any, ...]] = {}
    for number in range(DAYS):
        today = BEGINS + timedelta(days=number)
        walk.day(today)
        kept[today] = shown(house, today)
        if number % 7 == 3:
            with house.database.transaction() as session:
                while ledger.add_up_counters(session, now=moment(today, 23)):
                    pass
    assert len(walk.done) >= 12 and any(rows for rows, *_rest in kept.values()), walk.done
    assert {today: found for today, then in kept.items() if (found := differing(then, shown(house, today)))} == {}


def differing(then: tuple[Any, ...], now: tuple[Any, ...]) -> list[str]:
    """What differs, so that a failure can be read: fields of rows, else the place."""
    found = [str(number) for number, (one, other) in enumerate(zip(then, now, strict=True)) if one != other]
    for number in (0, 2, 3):
        for one, other in zip(then[number], now[number], strict=False):
            found += [
                f"{one.title}.{field.name}: {getattr(one, field.name)!r} then, {getattr(other, field.name)!r} now"
                for field in fields(one) if getattr(one, field.name) != getattr(other, field.name)
            ]  # fmt: skip
    return found
