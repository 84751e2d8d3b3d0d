"""The small demo of `make run`: a county in its city and province, a town below it, and plans in all stages, up to this morning.

Everything is walked through the engine with past dates, so some tasks are due today and some are overdue.
"""

from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import CHINA
from workflow_service.domain.plans import five_year_cycle
from workflow_service.domain.rhythms import Rhythm, RhythmSettings, runs_between
from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.services import meetings, tasks
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.context import Actor
from workflow_service.services.delivered import deploy_delivered
from workflow_service.services.messages import deliver_message
from workflow_service.store.database import Database
from workflow_service.store.runtime import Task

from .driver import at
from .people import Area
from .structure import area_of, seed_government
from .walk import Journey, Progress, Walk, days_before, meeting_title

PROVINCE = area_of("330000", "浙江省", "zj", "浙")
CITY = area_of("330200", "宁波市", "nb", "甬")
COUNTY = area_of("330205", "江北区", "jb", "北区")
TOWN = area_of("330205100", "慈城镇", "cc", "慈")
GOVERNMENTS: tuple[tuple[Area, dict[str, str]], ...] = (
    (PROVINCE, {"energy": "能源局", "transport": "交通运输厅"}),
    (CITY, {"transport": "交通运输局", "port": "港口管理局"}),
    (COUNTY, {
        "education": "教育局", "health": "卫生健康局", "housing": "住房和城乡建设局", "agriculture": "农业农村局",
        "transport": "交通运输局", "commerce": "商务局", "culture": "文化和广电旅游体育局", "science": "科学技术局",
        "emergency": "应急管理局", "civil": "民政局",
    }),
    (TOWN, {}),
)  # fmt: skip
LONGEST_WALK_WORKING_DAYS = 90
RHYTHMS_WORKING_DAYS = 18  # two ten-day periods end at least: bulletins are released, the newest one waits
EDITED_WORKING_DAYS = 1  # a bulletin is drafted on the morning after its period and then lies before who releases it
PERSON_OF = {
    "designer": "zj.drc.designer",
    "supervisor": "jb.drc.supervisor",
    "planner": "jb.drc.planner",
    "housing": "jb.housing.handler",
    "land": "jb.land.handler",
    "water": "jb.water.handler",
    "office": "jb.office.handler",
    "leader": "jb.office.leader",
    "town": "cc.drc.handler",
    "province": "zj.drc.supervisor",
    "admin": "jb.drc.admin",
}
SIGN_IN = (
    (PERSON_OF["designer"], "流程设计", "changes routes, decision tables and forms and deploys them"),
    (PERSON_OF["supervisor"], "督办", "sees the board and the ledger, releases bulletins"),
    (PERSON_OF["planner"], "规划处", "keeps the catalogue, coordinates plans"),
    (PERSON_OF["housing"], "部门经办", "is late with a draft and with the weekly report"),
    (PERSON_OF["land"], "部门经办", "is asked for comments and for an opinion"),
    (PERSON_OF["water"], "水利局经办", "gives the water confirmation that is due today"),
    (PERSON_OF["office"], "政府办公室经办", "settles the form of review, calls meetings, enters results"),
    (PERSON_OF["leader"], "领导", "decides and signs, reads bulletins"),
    (PERSON_OF["town"], "乡镇经办", "carries the town's plan"),
    (PERSON_OF["province"], "省级督办", "sees everything below the province"),
    (PERSON_OF["admin"], "管理员", "keeps units, posts and people"),
)  # fmt: skip


GENERAL = {"tier": "X", "importance": "general"}
REFUSED = {"catalogue_list": [meetings.ItemResult("refused", "属日常工作，不编制规划。")]}
PENDING = {"catalogue_list": [meetings.ItemResult("pending", "待上级规划明确后再议。")] * 9}
DEFERRED = {"special_meeting": [meetings.ItemResult("deferred", "补充投资测算后再议。")]}
MISSING = {"submit_dossier": [{"items": ["catalogue_approval", "draft_for_review", "drafting_notes"]}]}
CORRECTIONS = {"check_filing": [{"outcome": "correct", "points": "缺编制说明；印发文号与正文不一致。"}]}
DISPUTE = {
    "give_opinion": [{"outcome": "amend", "points": "用地规模与国土空间规划不一致。"}],
    "sign_conclusion": [{"outcome": "amend", "points": "按自然资源部门意见核减用地规模。"}],
}


def build(database: Database, now: datetime, progress: Progress | None = None) -> None:
    """Fill an empty, migrated database with the small demo as of `now` (aware, the real clock)."""
    today = SETTINGS.day_of(now)
    walk = Walk(database, {}, min(now, at(today, time(12, 0))))
    first = days_before(walk.calendar, today, LONGEST_WALK_WORKING_DAYS + 10)
    with database.transaction() as session:
        deploy_delivered(session, Actor.system("demo"), now=at(first))
        walk.unit_ids = {
            code: unit_id
            for area, departments in GOVERNMENTS
            for code, unit_id in seed_government(session, area, departments, now=at(first)).items()
        }
    for journey in _journeys(walk, today):
        walk.begin(journey)
    _send_proposals(walk, today)
    walk.late = {"report_progress": frozenset({"jb.housing"})}
    since, newest = _bulletin_days(walk.calendar, today)
    walk.keep_rhythms(since, release_before=newest)
    walk.run(progress)
    with database.transaction() as session:
        _plan_meetings(walk, session, now)
        _set_due_days(session, today, walk)


def _bulletin_days(calendar: WorkingCalendar, today: date) -> tuple[date, date]:
    """Since when the rhythms run, so that one bulletin is out, and from when on none is released: the newest waits for that."""
    edited = at(days_before(calendar, today, EDITED_WORKING_DAYS), time(23, 0))
    since = days_before(calendar, today, RHYTHMS_WORKING_DAYS)
    first = at(min(since, today - timedelta(days=35)), time(0, 0))
    runs = [SETTINGS.day_of(run.due_at) for run in runs_between(Rhythm.TEN_DAY, first, edited, calendar, RhythmSettings())]
    return min(since, runs[-2]), runs[-1]


def _journeys(walk: Walk, today: date) -> list[Journey]:
    """Where each plan stands this morning: `until` is what it waits for."""
    cycle = five_year_cycle(today.year if today.year % 5 in (1, 2) else today.year + 5)
    years, name = (cycle.first_year, cycle.last_year), f"“{cycle.name}”规划"
    merged = {"catalogue_list": [meetings.ItemResult("merged", "内容相近，合并编制。", f"江北区文化和旅游发展{name}")]}

    # `ago` working days: how long the way takes at this pace, and how long it has been waiting there
    def one(title: str, unit: str, ago: int, *until: str, **more: object) -> Journey:
        begins = days_before(walk.calendar, today, ago)
        due_on = today + timedelta(days=80 - ago)
        return Journey(
            title + name, unit, begins, until=frozenset(until), years=years, due_on=due_on, **more  # type: ignore[arg-type]
        )  # fmt: skip

    return [
        one("江北区文化和旅游发展", "jb.culture", 90, **GENERAL),
        one("江北区国民经济和社会发展", "jb.drc", 81, "party_proposal", "people_congress", tier="1",
            category="development", pace=3),
        one("江北区住房和城镇化", "jb.housing", 71, "draft_plan", **GENERAL),
        one("江北区慈城古镇保护", "jb.culture", 70, results=merged, **GENERAL),
        one("江北区科技创新", "jb.science", 62, results=DEFERRED),
        one("江北区人才发展", "jb.science", 52, pace=12, results=PENDING, **GENERAL),
        one("江北区民政事业", "jb.civil", 45, "sign"),
        one("江北区综合交通", "jb.transport", 43, "executive_meeting", environment=True, category="regional"),
        one("江北区商贸流通", "jb.commerce", 42, "executive_meeting", water=True, category="regional", answers=MISSING),
        one("宁波市港口发展", "nb.port", 40, "settle_form", level="city"),
        one("江北区数字经济", "jb.science", 38, "government_decides", **GENERAL),
        one("江北区应急管理", "jb.emergency", 40, "settle_form"),
        one("浙江省能源发展", "zj.energy", 35, "countersign", level="province"),
        one("江北区农业农村现代化", "jb.agriculture", 30, "confirm_water", water=True),
        one("江北区夜间经济", "jb.commerce", 29, results=REFUSED, **GENERAL),
        one("慈城镇国民经济和社会发展", "cc.drc", 35, "submit_dossier", tier="1", category="development", level="town"),
        one("江北区体育发展", "jb.culture", 22, "put_right", tier="X", importance="filed", answers=CORRECTIONS),
        one("江北区卫生健康", "jb.health", 20, "give_opinion", answers=DISPUTE),
        one("江北区教育事业发展", "jb.education", 16, "give_comment"),
        one("江北区会展业", "jb.commerce", 9, "catalogue_list", **GENERAL),
        one("江北区养老服务", "jb.civil", 4, "review_application", **GENERAL),
    ]  # fmt: skip


def _send_proposals(walk: Walk, today: date) -> None:
    """The county's party committee adopts its proposal; outline drafting begins."""

    def arrive(now: datetime) -> None:
        plan_id = next(one for one, journey in walk.journeys.items() if journey.unit == "jb.drc")
        payload = {"outcome": "record", "adopted_on": SETTINGS.day_of(now).isoformat()}
        with walk.database.transaction() as session:
            deliver_message(session, Actor.system("demo"), "party.proposal", str(plan_id), payload, now=now)
        walk.go_on(plan_id, now)

    walk.at(days_before(walk.calendar, today, 51), arrive)


def _plan_meetings(walk: Walk, session: Session, now: datetime) -> None:
    """Two meetings stand on the calendar with an agenda and without results."""
    for kind, days in (("executive_meeting", 2), ("people_congress", 5)):
        items = meetings.pool(session, COUNTY.code, kind)
        day = walk.calendar.add_working_days(SETTINGS.day_of(now), days)
        meetings.plan_meeting(
            session, walk.host(session, kind, COUNTY.code), kind, f"江北区{meeting_title(kind, day)}", COUNTY.code, day,
            [one.id for one in items], now=walk.closes,
        )  # fmt: skip


def _set_due_days(session: Session, today: date, walk: Walk) -> None:
    """The supervisor has set two tasks for today by hand."""
    supervisor = walk.office.actor(session, "jb.drc", "supervisor")
    for element_id in ("confirm_water", "government_decides"):
        task = session.scalars(
            select(Task).where(Task.element_id == element_id, Task.status == "open").limit(1)
        ).one()
        reason = "区政府要求今日办结。"
        end_of_day = datetime.combine(today, time(23, 30), CHINA)
        tasks.set_due(session, supervisor, task.id, end_of_day, reason, now=walk.closes)
