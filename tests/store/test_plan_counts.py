"""The counters of the board: whatever happens to plans, they say what counting says."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.services.catalogue import Catalogue, moment
from workflow_service.services.plans import cycle_of
from workflow_service.store import plan_counts
from workflow_service.store.database import Database
from workflow_service.store.plans import Plan

START = date(2025, 3, 1)
PATHS = {"zj": "/330000/", "nb": "/330000/330200/", "hs": "/330000/330200/330203/", "wz": "/330000/330300/"}
AREAS: tuple[tuple[str, ...] | None, ...] = (None, ("/330000/",), ("/330000/330200/",), (PATHS["hs"], PATHS["wz"]),
                                             (PATHS["nb"], PATHS["hs"]))  # fmt: skip
COUNTS = ("total", "issued", "overdue", "filed")


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def catalogue(session: Session) -> Catalogue:
    made = Catalogue(session)
    for code, path in PATHS.items():
        made.unit(code, area=path.rstrip("/").rpartition("/")[2], path=path)
    return made


def new_plan(catalogue: Catalogue, chance: random.Random) -> Plan:
    unit = catalogue.units[chance.choice(list(PATHS))]
    plan = Plan(
        title="规划", cycle_id=cycle_of(catalogue.session, 2021).id, category=chance.choice(["special", "regional"]),
        level="province", tier=chance.choice("XY"), importance=chance.choice(["key", "general"]), area=unit.area,
        area_path=unit.area_path, lead_unit_id=unit.id, first_year=2021, last_year=2025, created_at=moment(START),
        **some_state(chance),
    )  # fmt: skip
    catalogue.session.add(plan)
    return plan


def some_state(chance: random.Random) -> dict[str, Any]:
    status = chance.choice(["applied", "active", "active", "issued", "withdrawn"])
    return {
        "status": status,
        "stage": chance.choice(["drafting", "review", "issue"]),
        "registered_on": None if status == "applied" else a_day(chance),
        "due_on": chance.choice([None, a_day(chance), a_day(chance)]),
        "issued_on": a_day(chance) if status == "issued" else None,
        "filed_on": chance.choice([None, None, a_day(chance)]),
        "paused_for": chance.choice(["", "", "meeting"]),
    }


def a_day(chance: random.Random) -> date:
    return START + timedelta(days=chance.randrange(-40, 40))


def change_some(catalogue: Catalogue, chance: random.Random, plans: list[Plan]) -> None:
    for _each in range(chance.randrange(1, 6)):
        what = chance.random()
        if what < 0.4 or not plans:
            plans.append(new_plan(catalogue, chance))
        elif what < 0.5:
            catalogue.session.flush()
            catalogue.session.delete(plans.pop(chance.randrange(len(plans))))
        else:
            plan = chance.choice(plans)
            state = some_state(chance)
            for name in chance.sample(list(state), chance.randrange(1, 4)):
                setattr(plan, name, state[name])
            if plan.status in ("active", "issued") and plan.registered_on is None:
                plan.registered_on = a_day(chance)
    catalogue.session.flush()


def counted_one_by_one(session: Session, areas: tuple[str, ...] | None, day: date) -> dict[Any, tuple[int, ...]]:
    found: dict[Any, Counter[str]] = {}
    for plan in session.execute(select(Plan.__table__)):
        inside = areas is None or any(plan.area_path.startswith(area) for area in areas)
        if not inside or plan.status not in ("active", "issued") or plan.registered_on > day:
            continue
        kind = (plan.lead_unit_id, plan.level, plan.tier, plan.importance, plan.category, plan.stage)
        counts = found.setdefault(kind, Counter())
        is_issued = plan.first_issued_on is not None and plan.first_issued_on <= day
        counts["total"] += 1
        counts["issued"] += is_issued
        is_past = plan.due_on is not None and plan.due_on < day
        counts["overdue"] += is_past and not is_issued and not plan.paused_for
        counts["filed"] += plan.filed_on is not None
    return {kind: tuple(counts[name] for name in COUNTS) for kind, counts in found.items()}


def days_one_by_one(
    session: Session, areas: tuple[str, ...] | None, day: date
) -> tuple[dict[date, int], dict[date, int]]:
    issued, due = Counter[date](), Counter[date]()
    for plan in session.execute(select(Plan.__table__)):
        inside = areas is None or any(plan.area_path.startswith(area) for area in areas)
        if not inside or plan.status not in ("active", "issued") or plan.registered_on > day:
            continue
        issued[plan.first_issued_on] += plan.first_issued_on is not None and plan.first_issued_on <= day
        due[plan.due_on] += plan.due_on is not None
    return {day: n for day, n in issued.items() if n}, {day: n for day, n in due.items() if n}


def from_counters(session: Session, areas: tuple[str, ...] | None, day: date) -> dict[Any, tuple[int, ...]]:
    rows = plan_counts.kinds(session, areas, day, stages=True)
    return {tuple(row[:6]): tuple(getattr(row, name) for name in COUNTS) for row in rows}


@pytest.mark.parametrize("seed", range(6))
def test_after_random_changes_the_counters_say_what_counting_says(catalogue: Catalogue, seed: int) -> None:
    chance, session, plans = random.Random(seed), catalogue.session, list[Plan]()
    for _round in range(25):
        change_some(catalogue, chance, plans)
        if chance.random() < 0.5:
            plan_counts.add_up(session, a_day(chance), a_day(chance), limit=chance.choice([1, 3, 1000]))
        areas, day = chance.choice(AREAS), a_day(chance)
        assert from_counters(session, areas, day) == counted_one_by_one(session, areas, day)
        assert plan_counts.per_day(session, areas, day) == days_one_by_one(session, areas, day)
    plan_counts.add_up(session, START, START)
    assert plan_counts.recount(session) == 0


def test_counters_tell_a_kind_and_a_unit_apart(catalogue: Catalogue) -> None:
    chance, session, plans = random.Random(7), catalogue.session, list[Plan]()
    for _round in range(20):
        change_some(catalogue, chance, plans)
    plan_counts.add_up(session, START, START)
    everything = counted_one_by_one(session, None, START)
    rows = plan_counts.kinds(session, None, START, stages=True, equal=[("tier", "X")], units=["nb", "hs"])
    wanted = {catalogue.units["nb"].id, catalogue.units["hs"].id}
    assert {tuple(row[:6]) for row in rows} == {kind for kind in everything if kind[2] == "X" and kind[0] in wanted}
    assert rows


def test_a_plan_counts_as_issued_from_the_earliest_day_that_it_was_given(catalogue: Catalogue) -> None:
    plan = catalogue.plan("一", "zj", START, START, START + timedelta(days=5))
    catalogue.session.flush()
    plan.issued_on, plan.revision = START + timedelta(days=30), 1
    catalogue.session.flush()
    catalogue.session.refresh(plan)
    assert plan.first_issued_on == START + timedelta(days=5)


def test_a_wrong_counter_is_found_and_put_right(catalogue: Catalogue) -> None:
    session = catalogue.session
    catalogue.plan("一", "nb", START, START + timedelta(days=3))
    plan_counts.add_up(session, START, START)
    right = from_counters(session, None, START)
    session.execute(text("UPDATE plan_count SET total = total + 5 WHERE name = 'today' AND area_path = ''"))
    session.execute(text("DELETE FROM plan_day_count WHERE area_path = '/330000/'"))
    assert from_counters(session, None, START) != right
    assert plan_counts.recount(session) == 2
    assert from_counters(session, None, START) == right


def test_a_command_waits_neither_for_another_ones_counters_nor_for_the_adding_up(
    database: Database, in_catalogue: Callable[[], list[int]]
) -> None:
    one, other = in_catalogue()
    ended = threading.Event()

    def change(plan_id: int) -> None:
        with database.transaction() as session:
            session.get_one(Plan, plan_id).stage = "review"
        ended.set()

    with database.transaction() as first:
        plan_counts.add_up(first, START, START)
        first.get_one(Plan, one).stage = "issue"
        first.flush()
        thread = threading.Thread(target=change, args=[other])
        thread.start()
        assert ended.wait(5)
        thread.join()
    with database.transaction() as session:
        assert from_counters(session, None, START) == counted_one_by_one(session, None, START)


@pytest.fixture
def in_catalogue(database: Database) -> Callable[[], list[int]]:
    def make() -> list[int]:
        with database.transaction() as session:
            made = Catalogue(session)
            made.unit("zj")
            return [made.plan(title, "zj", START, START).id for title in "一二"]

    return make


def test_only_whole_areas_are_counted() -> None:
    assert plan_counts.is_countable(("/330000/", "/330000/330200/"))
    assert not plan_counts.is_countable(("/3300",))
    assert not plan_counts.is_countable(("/33%/",))
