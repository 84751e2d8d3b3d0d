"""A district's calendar, October 2019 to 21 December 2020 (docs/domain.md §2.5), with constructed plans and places.

The dated milestones are a process of their own (`district_calendar.bpmn`, shown to designers as well); plans follow them: the
first drafts, the towns' congresses, the outline's draft for comment and the review in December have their days.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import CHINA
from workflow_service.resources import demo_dir
from workflow_service.services import delivered, deployments, meetings, processes, tasks
from workflow_service.services.business_clock import set_clock
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.context import Actor
from workflow_service.services.messages import deliver_message
from workflow_service.store.database import Database
from workflow_service.store.runtime import Task

from .driver import at
from .people import Area
from .structure import area_of, seed_government
from .walk import Journey, Progress, Walk, meeting_title

CITY = area_of("990100", "示范市", "sf", "示")
DISTRICT = area_of("990101", "示范区", "sq", "示区")
TOWNS = tuple(
    area_of(f"99010110{number}", f"示范{name}镇", prefix, f"示{name}")
    for number, (name, prefix) in enumerate((("东", "dz"), ("西", "xz"), ("南", "nz")), 1)
)
DEPARTMENTS = {
    "industry": "经济和信息化局", "transport": "交通运输局", "agriculture": "农业农村局", "education": "教育局",
    "health": "卫生健康局", "culture": "文化和旅游局", "emergency": "应急管理局", "zone": "经济开发区管理委员会",
    "civil": "民政局", "commerce": "商务局",
}  # fmt: skip
BEGINS, STANDS_AT = date(2019, 9, 20), datetime(2020, 12, 21, 10, 0, tzinfo=CHINA)
CALENDAR, STANDING_COMMITTEE = "district_calendar", "standing_committee"
OUTLINE = "示范区国民经济和社会发展第十四个五年规划和二〇三五年远景目标纲要"

LISTED = {"catalogue_list": date(2019, 10, 15)}
DUE_DAYS = {
    "draft_plan": date(2020, 5, 31),
    "prepare_submission": date(2020, 9, 30),
    "draft_outline": date(2020, 10, 31),
}
TOWN_FIRST_DRAFTS = date(2020, 8, 31)
# milestone → day on which it was reached; those still to come stand open
REACHED = {
    "list_special_plans": date(2019, 10, 9),
    "report_wishes": date(2019, 10, 30),
    "finish_topics": date(2019, 11, 29),
    "special_first_drafts": date(2020, 5, 29),
    "town_first_drafts": date(2020, 8, 31),
    "special_plans_done": date(2020, 9, 30),
    "towns_to_congress": date(2020, 10, 28),
    "outline_for_comment": date(2020, 10, 26),
    "evaluation_to_government": date(2020, 12, 9),
}
BY_HAND = "by hand"
AHEAD = frozenset(
    {"outline_to_congress", "government_passes_specials", "evaluation_to_congress", "evaluation_to_city"}
)
SIGN_IN = (
    ("sf.drc.designer", "流程设计", "changes routes, tables and forms; the calendar is one of the routes"),
    ("sq.drc.supervisor", "督办", "sees what is late, releases the bulletin of this morning"),
    ("sq.drc.planner", "规划处", "keeps the calendar's milestones"),
    (
        "sq.office.handler",
        "区政府办经办",
        "calls the meeting that passes the special plans, enters its results",
    ),
    ("sq.congress.handler", "区人大办经办", "enters what the standing committee resolves on the outline"),
    ("sq.transport.handler", "部门经办", "is late with a special plan"),
    ("nz.drc.handler", "乡镇经办", "puts right what its filing lacks"),
    ("sq.drc.admin", "管理员", "keeps units, posts and people"),
)


def build(database: Database, progress: Progress | None = None) -> None:
    """Fill an empty, migrated database; its clock then stands at `STANDS_AT`."""
    walk = Walk(database, {}, STANDS_AT)
    with database.transaction() as session:
        _deploy(session)
        walk.unit_ids = _seed(session)
    for journey in _journeys():
        walk.begin(journey)
    _keep_the_calendar(walk)
    for day in (date(2019, 11, 11), date(2020, 1, 13), date(2020, 8, 25)):
        walk.at(day, lambda now: _set_due_days(walk, now))
    walk.at(date(2020, 9, 18), lambda now: _proposal_arrives(walk, now))
    walk.late = {"report_progress": frozenset({"sq.transport"})}
    walk.keep_rhythms(date(2020, 11, 30), date(2020, 12, 21), AHEAD | REACHED.keys())
    walk.run(progress)
    with database.transaction() as session:
        _plan_december_meetings(walk, session)
        set_clock(session, STANDS_AT)


def _deploy(session: Session) -> None:
    """The delivered files, the standing committee's row in the table of organs, and the calendar."""
    files = delivered.delivered_files()
    files["congress_organ.dmn"] = with_standing_committee(files["congress_organ.dmn"], DISTRICT.code)
    files["district_calendar.bpmn"] = (demo_dir() / "district_calendar.bpmn").read_bytes()
    deployments.deploy_files(session, Actor.system("demo"), delivered.NAME, files, now=at(BEGINS))


def with_standing_committee(table: bytes, area: str) -> bytes:
    """Put a first row into the table of organs: here the standing committee passes the outline, as the source has it."""
    cells = "".join(
        f'<inputEntry id="own_row_input_{number}"><text>{text}</text></inputEntry>'
        for number, text in enumerate((f'"{area}"', "", '"approval"'), 1)
    )
    row = (
        f'<rule id="own_row"><description>本区纲要由人大常委会审议通过</description>{cells}'
        f'<outputEntry id="own_row_output"><text>"{STANDING_COMMITTEE}"</text></outputEntry></rule>\n      '
    )
    first = table.index(b"<rule ")
    return table[:first] + row.encode() + table[first:]


def _seed(session: Session) -> dict[str, int]:
    governments: list[tuple[Area, dict[str, str]]] = [(CITY, {}), (DISTRICT, DEPARTMENTS)]
    governments += [(town, {}) for town in TOWNS]
    return {
        code: unit_id
        for area, departments in governments
        for code, unit_id in seed_government(session, area, departments, now=at(BEGINS)).items()
    }


def _journeys() -> list[Journey]:
    return [_outline(), *_specials(), *_generals(), *_towns()]


def _outline() -> Journey:
    return Journey(
        OUTLINE, "sq.drc", date(2019, 9, 23), tier="1", category="development", due_on=date(2020, 12, 31), pace=2,
        not_before=LISTED | {
            "draft_outline": date(2020, 10, 12), "prepare_consultation": date(2020, 10, 26),
            "executive_meeting": date(2020, 12, 3), "party_committee_meeting": date(2020, 12, 8),
        },
        until=frozenset({"party_proposal", STANDING_COMMITTEE}),
    )  # fmt: skip


def _specials() -> list[Journey]:
    """Special and regional plans: listed in October 2019, first drafts by May, done by September, passed in December."""
    december = frozenset({"special_meeting", "executive_meeting"})
    early = {name: date(2020, 12, 10) for name in december}
    rows: tuple[tuple[str, str, str, frozenset[str], int], ...] = (
        ("综合交通运输发展", "transport", "special", frozenset({"prepare_submission"}), 0),
        ("工业和信息化发展", "industry", "special", frozenset(), 1),
        ("教育事业发展", "education", "special", frozenset(), 2),
        ("卫生健康事业发展", "health", "special", frozenset(), 3),
        ("生态环境保护", "ecology", "special", december, 4),
        ("农业农村现代化", "agriculture", "special", december, 5),
        ("应急管理体系建设", "emergency", "special", frozenset({"give_opinion"}), 0),
        ("开发区产业发展", "zone", "regional", december, 6),
        ("沿河城乡融合带", "drc", "regional", december, 7),
    )
    return [
        Journey(
            f"示范区{title}“十四五”规划", f"sq.{unit}", date(2019, 9, 23), category=category, due_on=date(2020, 12, 31),
            until=until, environment=unit in ("transport", "zone"), water=unit in ("agriculture", "zone"),
            not_before=LISTED | early | {
                "draft_plan": date(2020, 5, 11) + timedelta(days=2 * days),
                "ask_units": date(2020, 12, 7) if "give_opinion" in until else date(2020, 8, 3),
                "prepare_submission": date(2020, 9, 14) + timedelta(days=days),
            },
        )
        for title, unit, category, until, days in rows
    ]  # fmt: skip


def _generals() -> list[Journey]:
    """General plans: with the government's consent issued by the departments themselves, then filed."""
    rows = (
        ("文化和旅游发展", "culture", 12),
        ("民政事业发展", "civil", 19),
        ("商贸流通业发展", "commerce", 22),
    )
    return [
        Journey(
            f"示范区{title}“十四五”规划", f"sq.{unit}", date(2019, 9, 23), tier="X", importance="general",
            due_on=date(2020, 12, 31), not_before=LISTED | {"draft_plan": date(2020, 5, 20), "unit_decides": date(2020, 10, day)},
        )
        for title, unit, day in rows
    ]  # fmt: skip


def _towns() -> list[Journey]:
    """Town plans: drafts by August, the towns' congresses in October, then filed with the district."""
    corrections = {
        "check_filing": [{"outcome": "correct", "points": "缺人代会决议扫描件；指标与区规划不一致。"}]
    }
    return [
        Journey(
            f"{town.name}国民经济和社会发展第十四个五年规划纲要", f"{town.prefix}.drc", date(2019, 12, 2), tier="1",
            category="development", level="town", due_on=date(2020, 11, 30),
            not_before={
                "draft_outline": date(2020, 8, 24), "executive_meeting": date(2020, 10, 9),
                "people_congress": date(2020, 10, 26 + number),
            },
            until=frozenset({"put_right"}) if number == 2 else frozenset(),
            answers=corrections if number == 2 else {},
        )
        for number, town in enumerate(TOWNS)
    ]  # fmt: skip


def _keep_the_calendar(walk: Walk) -> None:
    walk.at(BEGINS, lambda now: _start_calendar(walk, now))
    others = REACHED.keys() | AHEAD
    for milestone, day in REACHED.items():
        hold = frozenset(others - {milestone}) | {"report_progress", "edit_bulletin", "release_bulletin"}
        walk.at(day, lambda now, hold=hold: walk.office.work_on(None, now, hold=hold))  # type: ignore[misc]


def _start_calendar(walk: Walk, now: datetime) -> None:
    facts = {"jurisdiction": DISTRICT.code, "level": DISTRICT.level, "lead_unit": "sq.drc"}
    with walk.database.transaction() as session:
        planner = walk.office.actor(session, "sq.drc", "planner")
        processes.start_process(
            session, planner, CALENDAR, variables={"plan": facts, "subject": "示范区“十四五”规划编制工作"},
            business_key=f"calendar:{DISTRICT.code}:2021", area_path=DISTRICT.path, now=now,
        )  # fmt: skip


def _set_due_days(walk: Walk, now: datetime) -> None:
    """The supervisor sets the scheme's days for the drafts that are open."""
    statement = select(Task).where(
        Task.element_id.in_(DUE_DAYS), Task.status == "open", Task.deadline_rule != BY_HAND
    )
    with walk.database.transaction() as session:
        supervisor = walk.office.actor(session, "sq.drc", "supervisor")
        for task in session.scalars(statement.order_by(Task.id)).all():
            is_town = walk.journeys[task.plan_id or 0].level == "town"
            day = TOWN_FIRST_DRAFTS if is_town else DUE_DAYS[task.element_id]
            due_at, reason = SETTINGS.close_of(day), "按“十四五”工作方案的节点。"
            tasks.set_due(session, supervisor, task.id, due_at, reason, now=now)


def _proposal_arrives(walk: Walk, now: datetime) -> None:
    """The district's party committee adopts its proposal; drafting of the outline begins."""
    plan_id = walk.plan_id(OUTLINE)
    payload = {"outcome": "record", "adopted_on": SETTINGS.day_of(now).isoformat()}
    with walk.database.transaction() as session:
        deliver_message(session, Actor.system("demo"), "party.proposal", str(plan_id), payload, now=now)
    with walk.database.transaction() as session:
        supervisor = walk.office.actor(session, "sq.drc", "supervisor")
        task = session.scalars(select(Task).where(Task.plan_id == plan_id, Task.status == "open")).one()
        due_at = SETTINGS.close_of(DUE_DAYS["draft_outline"])
        tasks.set_due(session, supervisor, task.id, due_at, "10月形成征求意见稿。", now=now)
    walk.go_on(plan_id, now)


def _plan_december_meetings(walk: Walk, session: Session) -> None:
    """What is still to come: the government's meeting on the special plans, the standing committee's on the outline."""
    for kind, day in (("executive_meeting", date(2020, 12, 23)), ("special_meeting", date(2020, 12, 24)),
                      (STANDING_COMMITTEE, date(2020, 12, 25))):  # fmt: skip
        waiting = [item.id for item in meetings.pool(session, DISTRICT.code, kind)]
        if waiting:
            host, title = walk.host(session, kind, DISTRICT.code), f"示范区{meeting_title(kind, day)}"
            meetings.plan_meeting(session, host, kind, title, DISTRICT.code, day, waiting, now=STANDS_AT)
