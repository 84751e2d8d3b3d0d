"""A small city government at work, for looking at its pages: routes deployed, plans at several steps, a meeting waiting."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from tests.browser.countersigned import stand_in_a_countersignature
from tests.browser.undecided import stand_before_a_gap
from workflow_service.demo.driver import Office
from workflow_service.demo.people import PASSWORD, Area, seed_units, username_of
from workflow_service.demo.zhejiang import deploy_delivered
from workflow_service.domain.circulations import CirculationKind
from workflow_service.domain.rounds import Relation
from workflow_service.identity.access import actor_by_username
from workflow_service.services import (
    bulletins,
    catalogue_changes,
    circulations,
    instructions,
    list_views,
    listing,
    meetings,
    notice_choices,
    notices,
    phrases,
    plans,
    processes,
    report_reading,
    rounds,
    slips,
    special_reports,
    substitutions,
    tasks,
)
from workflow_service.services.context import Actor
from workflow_service.services.notices import NewNotice
from workflow_service.services.recipients import Asked
from workflow_service.services.rounds import RoundAsked
from workflow_service.services.special_reports import ReportAsked
from workflow_service.store.acting import ListedMatter, NoticeSlipRow, SpecialReportRow
from workflow_service.store.catalogue_changes import CatalogueChange
from workflow_service.store.database import Database
from workflow_service.store.operations import Circulation, CirculationReader
from workflow_service.store.people import Unit, User
from workflow_service.store.plans import Meeting, Plan
from workflow_service.store.runtime import Task

CHINA = ZoneInfo("Asia/Shanghai")
NOW = datetime(2021, 6, 21, 10, 42, tzinfo=CHINA)
BEGUN = datetime(2021, 5, 6, 9, 0, tzinfo=CHINA)
AREA = Area("330200", "宁波市", "city", "/330200/", "nb", "甬")
UNITS = (
    ("drc", "市发展改革委", "drc"), ("office", "市政府办公厅", "government_office"), ("party", "市委办公厅", "party_office"),
    ("congress", "市人大常委会办公厅", "congress_office"), ("ecology", "市生态环境局", "ecology"),
    ("water", "市水利局", "water"), ("nature", "市自然资源和规划局", "natural_resources"),
    ("inspection", "市政府督查室", "inspection_office"), ("energy", "市能源局", ""), ("traffic", "市交通运输局", ""),
)  # fmt: skip
TITLES = (
    "宁波市能源发展“十四五”规划", "宁波市综合交通“十四五”规划", "宁波市新能源“十四五”规划",
    "宁波市煤炭石油天然气“十四五”规划",
)  # fmt: skip
KEPT = ("宁波市氢能“十四五”规划", "宁波市储能“十四五”规划")
PARTS = ("宁波市港口客运“十四五”规划", "宁波市港口货运“十四五”规划")
LATE = (("宁波市港口“十四五”规划", date(2021, 6, 4)), ("宁波市民航“十四五”规划", date(2021, 6, 22)))


@dataclass(frozen=True)
class Town:
    """The database and where things are."""

    database: Database
    plan_ids: tuple[int, ...]
    task_id: int
    done_task_id: int
    instance_id: int
    definition_id: int
    bulletin_id: int
    meeting_id: int
    user_id: int
    unit_id: int
    started_id: int
    circulation_id: int
    matter_id: int
    slip_id: int
    incident_id: int
    signing_id: int
    other_unit_id: int
    report_id: int
    draft_report_id: int
    reading_id: int
    change_id: int
    listed_plan_id: int


def login(post: str) -> str:
    """The log-in name of a post, as `energy.handler`."""
    return username_of(*f"nb.{post}".rsplit(".", 1))


def build(database: Database) -> Town:
    """Fill a migrated database through the services."""
    deploy_delivered(database, BEGUN - timedelta(days=60))
    with database.transaction() as session:
        seed_units(session, AREA, UNITS, now=BEGUN)
    ids = tuple(_apply(database, title, number) for number, title in enumerate(TITLES))
    office = Office(database, lambda task: {})
    for plan_id in ids[:3]:
        office.work_on(plan_id, BEGUN + timedelta(days=1), hold=frozenset())
    for plan_id, number in product(ids[:2], range(3, 6)):
        office.work_on(plan_id, BEGUN + timedelta(days=number))
    _overdue(database, ids)
    _told(database)
    _convened(database)
    _kept(database)
    _office(database)
    _acting(database, ids[0])
    _changing(database)
    _reported(database, ids[0])
    return _town(database, ids, stand_before_a_gap(database, now=NOW), stand_in_a_countersignature(database, now=NOW))


def _apply(database: Database, title: str, number: int) -> int:
    with database.transaction() as session:
        actor = actor_by_username(session, login("energy.handler"), "demo", "", BEGUN.date())
        unit = session.scalars(select(Unit).where(Unit.code == "nb.energy")).one()
        application = plans.PlanApplication(
            title=title, lead_unit_id=unit.id, category="special", level="city", tier="N", importance="key",
            first_year=2021, last_year=2025, due_on=date(2021, 12, 31),
        )  # fmt: skip
        return plans.apply_for_plan(session, actor, application, now=BEGUN + timedelta(hours=number)).id


def _overdue(database: Database, ids: tuple[int, ...]) -> None:
    """Two plans that are in the catalogue for some time, one of them late; their history is told by its events."""
    from workflow_service.store.plans import PlanEvent

    with database.transaction() as session:
        first = session.get_one(Plan, ids[0])
        for number, (title, due) in enumerate(LATE):
            plan = Plan(
                title=title, code=f"GH-2021-330200-ZX-09{number:02d}", cycle_id=first.cycle_id, category="special", level="city",
                tier="N", importance="general", area="330200", area_path="/330200/", lead_unit_id=first.lead_unit_id,
                first_year=2021, last_year=2025, status="active", stage="coordination", registered_on=date(2021, 1, 8),
                due_on=due, created_at=BEGUN, keywords=[], route="departmental_self_issue",
            )  # fmt: skip
            session.add(plan)
            session.flush()
            session.add(PlanEvent(plan_id=plan.id, at=BEGUN, kind="registered", data={"code": plan.code}))


def _told(database: Database) -> None:
    with database.transaction() as session:
        user_id = session.scalars(select(User.id).where(User.username == login("energy.handler"))).one()
        notice = NewNotice(user_id=user_id, kind="daily", subject="待办提醒：今天 1 项", dedup_key="1", link="/tasks", text="")
        notices.post_notices(session, [notice], now=NOW)
        bulletin = bulletins.draft_bulletin(session, "330200", "2021-06-D2", now=NOW)
        bulletins.release_bulletin(session, Actor.system("demo"), bulletin, text="请加快办理。", now=NOW)
        broken = {"plan": {"id": 0}}
        processes.start_process(
            session, Actor.system("demo"), "filing", variables=broken, business_key="broken", area_path="/330200/", now=NOW
        )


def _convened(database: Database) -> None:
    """One application is on an agenda, the others still wait for one."""
    with database.transaction() as session:
        item = meetings.pool(session, "330200", meetings.CATALOGUE_LIST)[0]
        title, day = "第 11 次常务会议", NOW.date() + timedelta(days=2)
        meetings.plan_meeting(session, Actor.system("demo"), item.kind, title, "330200", day, [item.id], now=NOW)


def _kept(database: Database) -> None:
    """The handler at the energy bureau has kept a draft, a view and phrases, was sent a copy, and waits for a colleague."""
    ids = [_apply(database, title, 9) for title in KEPT]
    with database.transaction() as session:
        handler = actor_by_username(session, login("energy.handler"), "demo", "", NOW.date())
        held, drafted = (session.scalars(select(Task).where(Task.plan_id == one, Task.status == "open")).one() for one in ids)
        leader = session.scalars(select(User.id).where(User.username == login("energy.leader"))).one()
        asked = RoundAsked(Relation.DELEGATE, (Asked(f"u:{leader}"),), note="请领导先看。")
        rounds.begin_round(session, handler, held.id, asked, now=NOW)
        tasks.save_draft(session, handler, drafted.id, {"opinion": "先写一半"}, now=NOW - timedelta(days=9))
        list_views.save_view(session, handler, "inbox", "本周到期", "due=week", now=NOW, unit_id=handler.unit_id)
        phrases.set_own_phrases(session, handler, ["同意上报。", "请按规划编制要求补充图件。"], now=NOW)
        sent = Circulation(
            instance_id=held.instance_id, plan_id=held.plan_id, kind="read", title="关于做好规划衔接的通知",
            note="请各处室传阅。", sent_by=leader, sent_at=NOW,
        )  # fmt: skip
        session.add(sent)
        session.flush()
        session.add(CirculationReader(circulation_id=sent.id, holder=f"u:{handler.user_id}", turn=0, delivered_at=NOW))
    with database.transaction() as session:
        wired = {"email": {"domain": "example.invalid"}, "robot": {"hosts": ["oapi.dingtalk.com"]}, "sms": {}}
        notices.wire_channels(session, wired, now=NOW)
        notice_choices.try_out(session, handler, now=NOW)
def _office(database: Database) -> None:
    """An instruction with an order, a circulation and a substitute, all of a run that goes on."""
    with database.transaction() as session:
        task = session.scalars(select(Task).where(Task.status == "completed").order_by(Task.id.desc()).limit(1)).one()
        handler, supervisor = (actor_by_username(session, login(one), "demo", "", NOW.date()) for one in (
            "energy.handler", "drc.supervisor"
        ))  # fmt: skip
        leader = actor_by_username(session, login("drc.leader"), "demo", "", NOW.date())
        order = Asked("g:nb.energy:handler", NOW + timedelta(days=4))
        words = "请能源局抓紧核实数据，按时报送。"
        instructions.instruct(session, leader, task.instance_id, words, [order], now=NOW)
        sending = circulations.Sending(CirculationKind.READ, ["g:nb.energy:handler", "g:nb.drc:planner"], "请阅。")
        circulations.circulate(session, supervisor, sending, instance_id=task.instance_id, now=NOW)
        asked = substitutions.SubstituteAsked(
            int(handler.user_id or 0), int(supervisor.user_id or 0), NOW.date() + timedelta(days=30),
            NOW.date() + timedelta(days=40), ["coordination"],
        )  # fmt: skip
        substitutions.name_substitute(session, handler, asked, now=NOW)


def _acting(database: Database, plan_id: int) -> None:
    """A matter under listed supervision with a report, and a slip that demands an answer."""
    with database.transaction() as session:
        supervisor, handler = (actor_by_username(session, login(one), "demo", "", NOW.date()) for one in (
            "drc.supervisor", "energy.handler"
        ))  # fmt: skip
        asked = listing.ListingAsked(
            "能源发展规划进度滞后", "衔接意见逾期未出具，影响整体报批。", "g:nb.energy:handler", NOW.date() + timedelta(days=10),
            handler.user_id, plan_id,
        )  # fmt: skip
        made = listing.list_matter(session, supervisor, asked, now=NOW - timedelta(days=1))
        listing.record_progress(session, handler, made, "已与环保部门会商，初稿本周完成。", now=NOW - timedelta(hours=3))
        slip = slips.SlipAsked(
            "nb.energy", "关于加快能源规划编制的函", "规划编制进度滞后。", "请倒排工期，抓紧报送。",
            NOW.date() + timedelta(days=8), True, ["nb.traffic"], plan_id,
        )  # fmt: skip
        slips.issue_slip(session, supervisor, slip, now=NOW - timedelta(hours=2))


def _reported(database: Database, plan_id: int) -> None:
    """A special report that one leader has written on and another is still to read, and the draft of a second one."""
    with database.transaction() as session:
        supervisor, leader, other = (actor_by_username(session, login(one), "demo", "", NOW.date()) for one in (
            "drc.supervisor", "drc.leader", "office.leader"
        ))  # fmt: skip
        text = "一、进展情况\n衔接意见逾期未出具，影响整体报批。\n二、工作建议\n请市能源局倒排工期，明确印发时间。"
        readers = [int(leader.user_id or 0), int(other.user_id or 0)]
        asked = ReportAsked("关于宁波市能源规划进度的专报", text, readers)
        sent = special_reports.draft_report(session, supervisor, plan_id, asked, now=NOW - timedelta(hours=5))
        for actor, element, outcome in ((supervisor, "draft", "submit"), (leader, "release", "release")):
            step = select(Task.id).where(Task.instance_id == sent.instance_id, Task.element_id == element)
            tasks.complete_task(
                session, actor, session.scalars(step).one(), {"outcome": outcome}, now=NOW - timedelta(hours=4)
            )
        order = Asked("g:nb.energy:registry", NOW + timedelta(days=3))
        words = "请能源局倒排工期，三日内报送审稿。"
        report_reading.instruct(session, other, sent.id, words, [order], now=NOW - timedelta(hours=1))
        special_reports.draft_report(session, supervisor, plan_id, asked, now=NOW)


def _changing(database: Database) -> None:
    """A split of a plan of the catalogue that waits for the commission's leader."""
    with database.transaction() as session:
        planner = actor_by_username(session, login("drc.planner"), "demo", "", NOW.date())
        plan = session.scalars(select(Plan).where(Plan.title == LATE[0][0])).one()
        parts = [catalogue_changes.Successor(one, "nb.traffic", date(2021, 12, 31)) for one in PARTS]
        asked = catalogue_changes.ChangeAsked("split", [plan.id], "客货运分开编制。", "市政府专题会议", parts)
        catalogue_changes.propose_change(session, planner, asked, now=NOW - timedelta(hours=1))


def _town(database: Database, ids: tuple[int, ...], incident_id: int, signing_id: int) -> Town:
    def one(**more: Any) -> Task:
        statement = select(Task).filter_by(**more).order_by(Task.id.desc())
        return session.scalars(statement.limit(1)).one()

    from workflow_service.store.definitions import ProcessDefinition
    from workflow_service.store.supervision import Bulletin

    with database.transaction() as session:
        waiting = one(plan_id=ids[3], status="open")
        done = one(status="completed")
        definition = session.scalars(select(ProcessDefinition.id).where(ProcessDefinition.key == "coordination")).one()
        bulletin = session.scalars(select(Bulletin.id)).one()
        meeting = session.scalars(select(Meeting.id)).first()
        assert meeting is not None
        read = Circulation.kind == CirculationKind.READ.value
        sent = session.scalars(select(Circulation.id).where(read).order_by(Circulation.id.desc()).limit(1)).one()
        user = session.scalars(select(User).where(User.username == login("energy.handler"))).one()
        unit = session.scalars(select(Unit.id).where(Unit.code == "nb.energy")).one()
        found = waiting.id, done.id, done.instance_id, definition, bulletin, meeting, user.id, unit, waiting.instance_id, sent
        found += session.scalars(select(ListedMatter.id)).one(), session.scalars(select(NoticeSlipRow.id)).one()
        other = session.scalars(select(Unit.id).where(Unit.code == "nb.traffic")).one()
        reports = session.scalars(select(SpecialReportRow.id).order_by(SpecialReportRow.id)).all()
        change = session.scalars(select(CatalogueChange)).one()
        reading = one(element_id="read", status="open", round_id=None)
        return Town(database, ids, *found, incident_id, signing_id, other, *reports, reading.id, change.id, change.plan_ids[0])


__all__ = ["NOW", "PASSWORD", "Town", "build", "login"]
