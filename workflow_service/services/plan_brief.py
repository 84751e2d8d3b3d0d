"""What there is to say of one plan now, in office words: the start of a slip's or a report's text, edited by a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.documents import chinese_date
from workflow_service.domain.plans import Stage
from workflow_service.store import deadlines, plan_list
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Task
from workflow_service.store.supervision import WeeklyReport

from .calendars import SETTINGS, working_calendar

MOST_STEPS, MOST_CHANGES = 2, 1
LONGEST_QUOTE = 60
"""Characters of a weekly report that a one-page paper quotes."""
LONGEST_TOLD = 200
"""Characters of the weekly report that gave cause for the paper."""
WHY_MOVED = {
    "meeting": "等待上会", "answer": "等待答复", "suspended": "流程暂停", "by_hand": "督办调整", "extended": "批准延期",
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What a lead unit wrote of a plan's problems in the week that begins on a Monday."""

    week: date
    problems: str


def facts_of(session: Session, plan: Plan, *, now: datetime) -> str:
    """Say where a plan stands, how late it is and before whom its steps lie; one paragraph."""
    return "".join(sentences_of(session, plan, now=now))


def sentences_of(session: Session, plan: Plan, *, now: datetime) -> list[str]:
    """Give the sentences: due date and days late, stage and open steps, changes of the date, the last weekly report."""
    found = [_due(session, plan, now), _stage(session, plan)]
    moved = sum(change.working_days for change, _person in deadlines.changes_of(session, plan_id=plan.id))
    if moved:
        found.append(f"其间因等待上会、答复等暂停计时{moved}个工作日。")
    report = _last_report(session, plan)
    if report is not None and (report.progress or report.problems):
        found.append(f"最近一次周报（{chinese_date(report.week)}）：{report.progress}")
        if report.problems:
            found.append(f"存在问题：{report.problems}")
    return [_closed(one) for one in found]


def report_text(session: Session, plan: Plan, *, told: Told | None = None, now: datetime) -> str:
    """Draft the text of a special report: how things stand, what the trouble is, what is suggested; a heading a line.

    The trouble is what was `told`, else what the last weekly report says.
    """
    steps = _steps(session, plan)
    standing = [_due(session, plan, now), f"目前处于“{Stage(plan.stage).word}”阶段。", *_before_whom(session, steps, now)]
    parts = (
        ("一、进展情况", [*standing, *_moves(session, plan)]),
        ("二、存在问题", _told(told) if told is not None and told.problems.strip() else _problems(session, plan)),
        ("三、工作建议", _suggestions(plan, steps, now)),
    )
    return "\n".join(line for heading, said in parts for line in (heading, "".join(_closed(one) for one in said)))


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith(("。", "！", "？")) else f"{sentence}。"


def _last_report(session: Session, plan: Plan) -> WeeklyReport | None:
    newest = WeeklyReport.week.desc(), WeeklyReport.reported_at.desc()
    said = select(WeeklyReport).where(WeeklyReport.plan_id == plan.id).order_by(*newest).limit(1)
    return session.scalars(said).first()


def _due(session: Session, plan: Plan, now: datetime) -> str:
    unit, today = plan.lead_unit.name, SETTINGS.day_of(now)
    name = f"《{plan.title}》（{plan.code}）" if plan.code else f"《{plan.title}》"
    if plan.issued_on is not None:
        return f"{name}由{unit}牵头编制，已于{chinese_date(plan.issued_on)}印发。"
    if plan.due_on is None:
        return f"{name}由{unit}牵头编制，尚未印发。"
    late = _days_late(session, plan.due_on, today)
    behind = f"，至今已逾期{late}个工作日" if late and not plan.paused_for else ""
    return f"{name}由{unit}牵头编制，应于{chinese_date(plan.due_on)}前印发{behind}。"


def _days_late(session: Session, due: date, today: date) -> int:
    return working_calendar(session).working_days_between(due, today) if due < today else 0


def _stage(session: Session, plan: Plan) -> str:
    steps = select(Task).where(Task.plan_id == plan.id, Task.status == "open", Task.round_id.is_(None))
    names = list(dict.fromkeys(task.name for task in session.scalars(steps.order_by(Task.due_at, Task.id))))
    where = f"，正在办理：{'、'.join(names)}" if names else ""
    return f"目前处于“{Stage(plan.stage).word}”阶段{where}。"


def _steps(session: Session, plan: Plan) -> Sequence[tuple[Task, str]]:
    """The open steps with the unit before which each lies; what is asked on their behalf is left out."""
    return [(task, unit or "") for task, unit in plan_list.open_tasks_of(session, plan.id) if task.round_id is None]


def _before_whom(session: Session, steps: Sequence[tuple[Task, str]], now: datetime) -> list[str]:
    """One sentence: which steps lie where since when, and how late they are."""
    said = []
    for task, unit in steps[:MOST_STEPS]:
        late = _step_late(session, task, now)
        behind = f"，已逾期{late}个工作日" if late else ""
        by = f"由{unit}办理" if unit else "待办"
        said.append(f"“{task.name}”自{_short(SETTINGS.day_of(task.created_at))}起{by}{behind}")
    more = [f"另有{len(steps) - MOST_STEPS}个环节待办"] if len(steps) > MOST_STEPS else []
    return ["；".join([*said, *more])] if said else []


def _step_late(session: Session, task: Task, now: datetime) -> int:
    """The working days by which a step is late, 0 while its clock stands."""
    if task.due_at is None or not _is_late(task, now):
        return 0
    return _days_late(session, SETTINGS.day_of(task.due_at), SETTINGS.day_of(now))


def _is_late(task: Task, now: datetime) -> bool:
    return task.due_at is not None and task.due_at < now and not task.paused_for and not task.waiting


def _short(day: date) -> str:
    return f"{day.month}月{day.day}日"


def _moves(session: Session, plan: Plan) -> list[str]:
    """How the plan's date moved, the latest changes in order."""
    changes = [one for one, _person in deadlines.changes_of(session, plan_id=plan.id) if one.due_before and one.due_after]
    moved = [one for one in changes if one.due_before != one.due_after]
    said = []
    for one in moved[-MOST_CHANGES:]:
        before, after = (SETTINGS.day_of(moment) for moment in (one.due_before, one.due_after) if moment is not None)
        said.append(f"由{chinese_date(before)}调整为{chinese_date(after)}（{WHY_MOVED.get(one.kind, '调整')}）")
    return [f"印发期限调整{len(moved)}次：{'，'.join(said)}"] if said else []


def _problems(session: Session, plan: Plan) -> list[str]:
    report = _last_report(session, plan)
    if report is None:
        return ["牵头单位尚未报送周报"]
    when = f"据牵头单位{_short(report.week)}所在周的周报"
    if not report.problems:
        return [f"{when}，未反映需要协调的问题"]
    return [f"{when}，{_quoted(report.problems)}"]


def _told(told: Told) -> list[str]:
    return [f"据牵头单位{_short(told.week)}所在周的周报，{_quoted(told.problems, LONGEST_TOLD)}"]


def _quoted(text: str, longest: int = LONGEST_QUOTE) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= longest else f"{plain[:longest]}……"


def _suggestions(plan: Plan, steps: Sequence[tuple[Task, str]], now: datetime) -> list[str]:
    """What whoever is late is asked to do, and what the lead unit is."""
    late = [(task, unit) for task, unit in steps if unit and _is_late(task, now)]
    said = [f"请{unit}抓紧办结“{task.name}”" for task, unit in late[:MOST_STEPS]]
    overdue = plan.due_on is not None and plan.due_on < SETTINGS.day_of(now) and plan.issued_on is None
    lead = plan.lead_unit.name
    said.append(f"请{lead}倒排工期，明确印发时间" if overdue else f"请{lead}按期完成编制报批")
    return ["；".join(said)]
