"""Jiangbei's mid-term evaluation of 2023 (docs/domain.md §2.4): four phases, the outline and 17 key special plans, 30 indicators.

Phases, dates, the number of objects and indicators, focuses and task areas are the source's, and so are the four plans whose
reports go to the congress; the other plans' titles, and every step's day between the source's, are constructed.
"""

from datetime import date, datetime, timedelta
from typing import Any

from workflow_service.domain.deadlines import CHINA
from workflow_service.services import plans
from workflow_service.services.business_clock import set_clock
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.context import Actor
from workflow_service.services.delivered import deploy_delivered
from workflow_service.services.messages import deliver_message
from workflow_service.store.database import Database

from .driver import at
from .structure import area_of, seed_government
from .walk import Journey, Progress, Walk

CITY = area_of("330200", "宁波市", "nb", "甬")
DISTRICT = area_of("330205", "江北区", "jb", "北区")
BEGINS, STANDS_AT = date(2020, 9, 1), datetime(2023, 10, 20, 10, 0, tzinfo=CHINA)
OUTLINE = "江北区国民经济和社会发展第十四个五年规划和二〇三五年远景目标纲要"
INDICATORS = 30
# unit code → department, its key special plan, whether the congress also hears its report
SPECIALS = {
    "housing": ("住房和城乡建设局", "城市基础设施", True),
    "health": ("卫生健康局", "卫生健康事业发展", True),
    "agriculture": ("农业农村局", "农业农村发展", True),
    "emergency": ("应急管理局", "应急管理事业发展", True),
    "industry": ("经济和信息化局", "制造业高质量发展", False),
    "commerce": ("商务局", "商贸和服务业发展", False),
    "science": ("科学技术局", "科技创新发展", False),
    "transport": ("交通运输局", "综合交通发展", False),
    "education": ("教育局", "教育事业发展", False),
    "culture": ("文化和广电旅游体育局", "文化和旅游发展", False),
    "civil": ("民政局", "养老服务和民政事业发展", False),
    "labour": ("人力资源和社会保障局", "人力资源和社会保障事业发展", False),
    "finance": ("金融工作办公室", "金融业发展", False),
    "sports": ("体育发展中心", "体育事业发展", False),
    "market": ("市场监督管理局", "质量强区", False),
    "justice": ("司法局", "法治建设", False),
    "data": ("大数据发展管理局", "数字化发展", False),
}
FOCUSES = (
    "主要指标实现情况", "高质量发展推进情况", "重大战略任务实施情况", "“四个重大”推进情况", "上级规划涉及江北的重大任务落实情况",
    "兄弟区县发展成效比较分析和创新做法借鉴", "发展形势环境变化和推动规划实施的对策建议", "规划实施情况调查分析",
)  # fmt: skip
TASK_AREAS = (
    "创新驱动", "拥江发展", "都市经济", "内外联动", "全域美丽", "人文魅力", "优质资源", "精密治理", "党的全面领导",
)  # fmt: skip
EVALUATION = {
    "setup_by": "2023-03-31",
    "drafting_from": "2023-04-01T09:00:00+08:00",
    "drafts_by": "2023-05-31",
    "first_version_by": "2023-06-10",
    "year_data_until": "2022-12-31",
    "month_data_until": "2023-06-30T09:00:00+08:00",
    "consultation_version_by": "2023-06-30",
    "consultation_from": "2023-07-01T09:00:00+08:00",
    "consultation_until": "2023-09-30",
    "review_from": "2023-10-01T09:00:00+08:00",
    "review_by": "2023-11-30",
    "forecast_years": [2023, 2025],
}
LATE_DRAFTS = frozenset({"jb.finance", "jb.sports"})
NOT_YET_REPORTED = frozenset({"jb.finance", "jb.sports", "jb.culture", "jb.justice", "jb.data"})
# the day on which each step of the evaluation was done
DONE_ON = (
    ("set_up", date(2023, 3, 24)),
    ("issue_scheme", date(2023, 4, 3)),
    ("draft_report", date(2023, 5, 26)),
    ("notice_slip", date(2023, 6, 2)),
    ("late_reports", date(2023, 6, 5)),
    ("first_version", date(2023, 6, 8)),
    ("refresh_data", date(2023, 6, 30)),
    ("prepare_consultation", date(2023, 7, 3)),
    ("give_comment", date(2023, 7, 12)),
    ("summarise_comments", date(2023, 9, 15)),
    ("final_version", date(2023, 9, 25)),
    ("report_to_government", date(2023, 10, 18)),
)
STEPS = frozenset(step for step, _day in DONE_ON)
SIGN_IN = (
    ("jb.drc.planner", "规划处", "writes the evaluation's report"),
    ("jb.finance.leader", "部门负责人", "has not yet reported to the government"),
    (
        "jb.office.handler",
        "区政府办经办",
        "decided on the notice slips, puts the report to the party committee",
    ),
    ("jb.congress.handler", "区人大办经办", "will enter the standing committee's result"),
    ("jb.drc.supervisor", "督办", "sees what is late"),
    ("nb.drc.planner", "市发展改革委规划处", "will coordinate the report"),
    ("nb.drc.designer", "流程设计", "changes routes, decision tables and forms"),
    ("jb.drc.admin", "管理员", "keeps units, posts and people"),
)


def build(database: Database, progress: Progress | None = None) -> None:
    """Fill an empty, migrated database; its clock then stands at `STANDS_AT`."""
    walk = Walk(database, {}, STANDS_AT)
    with database.transaction() as session:
        deploy_delivered(session, Actor.system("demo"), now=at(BEGINS))
        departments = {code: name for code, (name, _plan, _annex) in SPECIALS.items()}
        walk.unit_ids = seed_government(session, CITY, {}, now=at(BEGINS))
        walk.unit_ids |= seed_government(session, DISTRICT, departments, now=at(BEGINS))
    for journey in (_outline(), *_specials()):
        walk.begin(journey)
    walk.at(date(2020, 11, 16), lambda now: _proposal_arrives(walk, now))
    walk.at(date(2023, 3, 6), lambda now: _start_evaluation(walk, now))
    for step, day in DONE_ON:
        walk.at(day, lambda now, step=step: _do(walk, step, now))  # type: ignore[misc]
    walk.keep_rhythms(date(2023, 10, 9), date(2023, 10, 20))
    walk.run(progress)
    with database.transaction() as session:
        set_clock(session, STANDS_AT)


def objects() -> list[dict[str, Any]]:
    """What is evaluated: the outline, then the 17 key special plans, with the unit that reports."""
    outline = {"title": OUTLINE, "lead_unit": "jb.drc", "kind": "outline", "annex": False}
    specials = [
        {"title": _title(plan), "lead_unit": f"jb.{code}", "kind": "special", "annex": annex}
        for code, (_department, plan, annex) in SPECIALS.items()
    ]
    return [outline, *specials]


def _title(plan: str) -> str:
    return f"江北区{plan}“十四五”规划"


def _outline() -> Journey:
    return Journey(
        OUTLINE, "jb.drc", date(2020, 9, 7), tier="1", category="development", due_on=date(2021, 3, 31),
        not_before={"people_congress": date(2021, 2, 5)}, until=frozenset({"party_proposal"}),
        answers={
            "set_up": [{"team": "由常务副区长任组长的中期评估工作专班，日常工作由区发展和改革局承担。"}],
            "issue_scheme": [{"document_number": "北区政办发〔2023〕10号", "sealed": True}],
            "notice_slip": [_slip(sorted(LATE_DRAFTS))],
            "first_version": [{"indicators": INDICATORS, "on_track": 23}],
            "refresh_data": [{"indicators": INDICATORS, "on_track": 25}],
            "final_version": [{"indicators": INDICATORS, "on_track": 25, "adjustments": "拟提请调整两项预期性指标。"}],
        },
    )  # fmt: skip


def _slip(units: list[str]) -> dict[str, Any]:
    matter = "未按时报送“十四五”规划中期评估报告初稿，请于6月5日前报送。"
    return {"outcome": "issue", "units": units, "due_on": "2023-06-05", "matter": matter}


def _specials() -> list[Journey]:
    return [
        Journey(
            _title(plan),
            f"jb.{code}",
            date(2021, 3, 1) + timedelta(days=7 * (number % 6)),
            due_on=date(2021, 12, 31),
        )
        for number, (code, (_department, plan, _annex)) in enumerate(SPECIALS.items())
    ]


def _proposal_arrives(walk: Walk, now: datetime) -> None:
    plan_id = walk.plan_id(OUTLINE)
    payload = {"outcome": "record", "adopted_on": SETTINGS.day_of(now).isoformat()}
    with walk.database.transaction() as session:
        deliver_message(session, Actor.system("demo"), "party.proposal", str(plan_id), payload, now=now)
    walk.go_on(plan_id, now)


def _start_evaluation(walk: Walk, now: datetime) -> None:
    everything = objects()
    variables = {
        "evaluation": {
            **EVALUATION,
            "indicators": INDICATORS,
            "focuses": list(FOCUSES),
            "task_areas": list(TASK_AREAS),
        },
        "objects": everything,
        "specials": [one for one in everything if one["kind"] == "special"],
        "annexes": [one for one in everything if one["annex"]],
    }
    walk.late = {"draft_report": LATE_DRAFTS, "report_to_government": NOT_YET_REPORTED}
    with walk.database.transaction() as session:
        planner = walk.office.actor(session, "jb.drc", "planner")
        plans.start_evaluation(session, planner, walk.plan_id(OUTLINE), variables, now=now)


def _do(walk: Walk, step: str, now: datetime) -> None:
    """Do one step of the evaluation and no other."""
    element = step
    if step == "late_reports":
        element = "draft_report"
        walk.late = walk.late | {"draft_report": frozenset()}
    walk.office.work_on(walk.plan_id(OUTLINE), now, hold=STEPS - {element})
