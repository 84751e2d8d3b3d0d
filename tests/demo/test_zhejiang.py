"""Zhejiang's catalogue through the engine: the source's totals, and the same figures counted again from what ran."""

import csv
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.api.callers import Caller
from tests.demo.conftest import Filled
from workflow_service.app import create_app
from workflow_service.config import Settings
from workflow_service.demo import zhejiang
from workflow_service.demo.catalogue import read_catalogue
from workflow_service.domain.deadlines import CHINA
from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.plans import Importance
from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.identity.access import actor_for
from workflow_service.resources import demo_dir
from workflow_service.services import audit, board, forecasts, ledger, route_times
from workflow_service.services.board import BoardAsked
from workflow_service.services.context import Actor
from workflow_service.services.route_times import HeatAsked
from workflow_service.services.tokens import make_token
from workflow_service.store.database import Database
from workflow_service.store.people import User
from workflow_service.store.plans import Plan, PlanEvent
from workflow_service.store.records import AuditRecord
from workflow_service.store.runtime import Activity, Incident, ProcessInstance
from workflow_service.store.supervision import Bulletin

DATES = (date(2021, 3, 31), date(2021, 5, 15), date(2021, 6, 30))
FILE = demo_dir() / zhejiang.FILE
# the step by which a plan counts as issued: of its route, or of its filing where it is only filed
ISSUING = {("issue_and_archive", "issue"), ("filing", "register")}

Ran = dict[int, dict[tuple[str, str], date]]


@pytest.fixture(scope="module")
def demo(filled: Filled) -> Iterator[Database]:
    with filled(zhejiang.build) as database:
        yield database


def caller(database: Database, tmp_path: Path) -> Caller:
    """The province's supervisor at the interface."""
    settings = Settings(database_url=str(database.url), secret_key="only-for-tests", var_dir=tmp_path)
    now = datetime(2021, 6, 30, 18, tzinfo=CHINA)
    with database.transaction() as session:
        owner = session.scalars(select(User).where(User.username == "zj.drc.supervisor")).one()
        token = make_token(
            session, Actor.system("cli"), "test", days=30, now=datetime.now(CHINA), owner=owner
        ).text
    return Caller(create_app(settings, database, lambda: now).test_client(), token)


def what_ran(database: Database, person: Caller) -> Ran:
    """By plan: when each element was first completed, as the interface tells it; a filing counts only where it is the route."""
    with database.transaction() as session:
        rows = session.execute(
            select(ProcessInstance.id, ProcessInstance.plan_id, ProcessInstance.definition_key)
        ).all()
    ran: Ran = {}
    for row in rows:
        if row.plan_id is None:
            continue
        answer = person.get(f"/process-instances/{row.id}/activities?limit=1000")
        assert answer.status_code == 200, answer.json
        for one in answer.json["items"]:
            key = (one["process_key"], one["element_id"])
            counts = key != ("filing", "register") or row.definition_key == "filing"
            if one["status"] == "completed" and counts:
                day = datetime.fromisoformat(one["ended_at"]).astimezone(CHINA).date()
                ran.setdefault(row.plan_id, {}).setdefault(key, day)
    return ran


def recount(ran: Ran, day: date) -> tuple[int, int]:
    """Plans in the catalogue and issued by the end of a day."""
    registered = sum(1 for done in ran.values() if done.get(("registration", "register"), date.max) <= day)
    issued = sum(1 for done in ran.values() if any(done.get(key, date.max) <= day for key in ISSUING))
    return registered, issued


def told(database: Database, day: date) -> ledger.LedgerFigures:
    with database.transaction() as session:
        return ledger.figures(session, "/330000/", day)


def test_the_totals_are_those_of_the_source(demo: Database) -> None:
    found = told(demo, date(2021, 6, 30))
    key = found.importances[Importance.KEY]
    assert (found.total.total, found.total.issued, str(found.total.rate)) == (179, 176, "98.3")
    assert (key.total, key.issued, str(key.rate)) == (37, 36, "97.3")


def test_a_recount_of_what_ran_gives_the_figures_of_the_ledger_at_three_dates(
    demo: Database, tmp_path: Path
) -> None:
    ran = what_ran(demo, caller(demo, tmp_path))
    entries = read_catalogue(FILE)
    for day in DATES:
        figures = told(demo, day).total
        assert recount(ran, day) == (figures.total, figures.issued)
        assert figures.issued == sum(
            1 for one in entries if one.issued_on is not None and one.issued_on <= day
        )


def entered_stages(database: Database) -> dict[int, list[tuple[str, datetime]]]:
    """By plan: the stages as its history has them, read row by row."""
    with database.transaction() as session:
        rows = session.execute(
            select(PlanEvent.plan_id, PlanEvent.kind, PlanEvent.at, PlanEvent.data).order_by(PlanEvent.at, PlanEvent.id)
        ).all()
    found: dict[int, list[tuple[str, datetime]]] = {}
    for row in rows:
        if row.kind in ("registered", "stage_changed"):
            found.setdefault(row.plan_id, []).append((row.data.get("to", "registration"), row.at))
    return found


def at_the_end(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), CHINA)


def test_the_board_s_figures_at_three_dates_are_those_of_the_file(demo: Database) -> None:
    """By importance, by unit, on the way by stage, overdue: counted again from the file and from single events."""
    entries, stages = read_catalogue(FILE), entered_stages(demo)
    with demo.transaction() as session:
        for day in DATES:
            shown = board.overview(session, Actor.system("cli"), BoardAsked(day, area="/330000/"))
            figures = shown.board.figures
            there = [one for one in entries if one.registered_on <= day]
            issued = [one for one in there if one.issued_on is not None and one.issued_on <= day]
            late = [one for one in there if one.due_on and one.due_on < day and one not in issued]
            assert {kind.value: (one.total, one.issued) for kind, one in figures.importances.items()} == {
                kind: (count(there, importance=kind), count(issued, importance=kind)) for kind in {e.importance for e in there}
            }
            names = figures.unit_names
            assert {names[code]: (one.total, one.issued) for code, one in figures.units.items()} == {
                unit: (count(there, lead_unit=unit), count(issued, lead_unit=unit)) for unit in {e.lead_unit for e in there}
            }
            assert figures.total.overdue == len(shown.board.overdue) + max(0, len(late) - ledger.PAGE) == len(late)
            now = [[stage for stage, at in of_plan if at < at_the_end(day)][-1:] for of_plan in stages.values()]
            assert {stage.value: number for stage, number in figures.stages.items()} == dict(
                Counter(one[0] for one in now if one)
            )


def count(entries: list[Any], **equal: str) -> int:
    return sum(all(getattr(one, name) == value for name, value in equal.items()) for one in entries)


def test_the_trend_s_and_the_s_curve_s_points_are_those_of_the_file(demo: Database) -> None:
    entries = read_catalogue(FILE)
    with demo.transaction() as session:
        while ledger.add_up_counters(session, now=datetime(2021, 6, 30, 18, tzinfo=CHINA)):
            pass
        shown = board.overview(session, Actor.system("cli"), BoardAsked(date(2021, 6, 30), area="/330000/"))
        dues = session.scalars(select(Plan.due_on)).all()  # some were moved while they waited for a meeting
    assert len(shown.trend.days) >= 17 and shown.trend.days[-1] == date(2021, 6, 20)
    for day, figures in shown.trend.figures[""].items():
        assert figures.total == sum(one.registered_on <= day for one in entries)
        assert figures.issued == sum(one.issued_on is not None and one.issued_on <= day for one in entries)
    for point in shown.board.series:
        assert point.due == sum(due is not None and due <= point.day for due in dues)
        if point.day <= date(2021, 6, 30):
            assert point.issued == sum(one.issued_on is not None and one.issued_on <= point.day for one in entries)


def test_stage_times_and_the_heat_of_a_route_are_counted_again_by_hand(demo: Database) -> None:
    """One plan's working days day by day, and one element's stays one by one, on the published calendar."""
    calendar, day = WorkingCalendar.published(), date(2021, 6, 30)

    def worked(first: date, last: date) -> int:
        return sum(calendar.is_working_day(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))

    with demo.transaction() as session:
        (found,) = forecasts.history(session, "government_executive_meeting", "/330000/", before=day, limit=1)
        ends = [one for _stage, one in found.entered[1:]] + [found.finished_on]
        by_hand: Counter[str] = Counter()
        for (stage, begun), ended in zip(found.entered, ends, strict=True):
            by_hand[stage] += worked(begun, ended)
        assert {stage: days for stage, days in found.times(calendar).items() if days} == {
            stage: days for stage, days in by_hand.items() if days
        }
        asked = HeatAsked("government_executive_meeting", since=date(2020, 10, 1), until=day)
        heat = route_times.heat(session, Actor.system("cli"), asked, now=datetime(2021, 6, 30, 18, tzinfo=CHINA))
        rows = session.execute(
            select(Activity.started_at, Activity.ended_at).where(
                Activity.process_key == "government_executive_meeting", Activity.element_id == "draft_plan",
                Activity.ended_at.is_not(None),
            )
        ).all()  # fmt: skip
    assert heat is not None
    lengths = sorted(worked(*(one.astimezone(CHINA).date() for one in row)) for row in rows)
    drafted = next(one for one in heat.elements if one.element_id == "draft_plan")
    assert (drafted.stayed, drafted.median, drafted.ninth) == (
        len(lengths), lengths[-(-len(lengths) // 2) - 1], lengths[-(-len(lengths) * 9 // 10) - 1],
    )  # fmt: skip


def test_forecasts_of_the_half_year_are_made_and_judged(demo: Database) -> None:
    with demo.transaction() as session:
        supervisor = session.scalars(select(User).where(User.username == "zj.drc.supervisor")).one()
        actor = actor_for(session, supervisor, "web", "", date(2021, 6, 30))
        early = forecasts.forecasts(session, actor, ledger.LedgerFilter(), as_of=date(2021, 1, 31)).rows
        later = forecasts.forecasts(session, actor, ledger.LedgerFilter(), as_of=date(2021, 5, 15)).rows
        judged = {one.route.value: one for one in forecasts.qualities(session, actor, as_of=date(2021, 6, 30))}
    assert early and all(one.forecast is None for one in early)
    told = [one for one in later if one.forecast is not None]
    assert told and all(date(2021, 5, 15) <= one.forecast.likely <= one.forecast.safe for one in told if one.forecast)
    quality = judged["departmental_self_issue"].quality
    assert quality.made > 5 and quality.by_likely <= quality.by_safe <= quality.made


def test_the_bulletins_of_the_half_year_are_numbered_in_order_and_count_the_periods_end(
    demo: Database,
) -> None:
    with demo.transaction() as session:
        found = session.scalars(
            select(Bulletin).where(Bulletin.status == "released").order_by(Bulletin.id)
        ).all()
    assert [one.number for one in found] == list(range(1, len(found) + 1)) and {
        one.year for one in found
    } == {2021}
    assert [one.period for one in found][-1] == "2021-06-D2" and len(found) == 18
    may = next(one for one in found if one.period == "2021-05-D3")
    assert may.figures["total"]["issued"] == told(demo, date(2021, 5, 31)).total.issued


def test_its_units_apply_start_and_enter_what_was_decided(demo: Database) -> None:
    acts = ("plan.apply", "plan.start", "meeting.plan", "meeting.results")
    with demo.transaction() as session:
        who = select(AuditRecord.action, User.username).outerjoin(User, User.id == AuditRecord.actor_id)
        found = {(action, person) for action, person in session.execute(who.where(AuditRecord.action.in_(acts)))}
    assert {action for action, _person in found} == set(acts)
    assert not [one for one in found if one[1] is None]
    assert {person for action, person in found if action.startswith("meeting.")} >= {"zj.government_office.handler"}


def test_nothing_stands_still_and_the_record_is_whole(demo: Database) -> None:
    with demo.transaction() as session:
        assert session.scalars(select(Incident).where(Incident.resolved_at.is_(None))).all() == []
        assert audit.verify(session) == []


def test_a_file_with_shuffled_dates_and_without_the_routes_is_counted_as_well(
    filled: Filled, tmp_path: Path
) -> None:
    path, issued_by = shuffled(tmp_path, plans=24, seed=20210630)
    with filled(lambda database: zhejiang.build(database, path)) as database:
        ran = what_ran(database, caller(database, tmp_path))
        for day in DATES:
            figures = told(database, day).total
            assert recount(ran, day) == (figures.total, figures.issued)
            assert figures.issued == sum(1 for one in issued_by if one <= day.isoformat())


def test_a_file_with_a_column_missing_or_an_impossible_date_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("title,lead_unit\n某规划,省某厅\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="category"):
        read_catalogue(path)
    lines = FILE.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], lines[1].replace("2021-06-30", "2021-06-31")]), encoding="utf-8")
    with pytest.raises(InvalidInput, match="第 2 行"):
        read_catalogue(path)


def shuffled(folder: Path, plans: int, seed: int) -> tuple[Path, list[str]]:
    """A part of the catalogue with its dates dealt anew and no routes; gives the issue dates too."""
    dice = random.Random(seed)
    with FILE.open(encoding="utf-8") as file:
        rows = dice.sample(list(csv.DictReader(file)), plans)
    for name in ("registered_on", "issued_on"):
        values = [row[name] for row in rows]
        dice.shuffle(values)
        for row, value in zip(rows, values, strict=True):
            row[name] = value
    columns = [name for name in rows[0] if name not in ("route", "review_form")]
    path = folder / "shuffled.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path, [row["issued_on"] for row in rows if row["issued_on"]]
