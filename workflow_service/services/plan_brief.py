"""What there is to say of one plan now, in office words: the start of a slip's or a report's text, edited by a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.documents import chinese_date
from workflow_service.domain.plans import Stage
from workflow_service.store import deadlines
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Task
from workflow_service.store.supervision import WeeklyReport

from .calendars import SETTINGS, working_calendar


def facts_of(session: Session, plan: Plan, *, now: datetime) -> str:
    """Say where a plan stands, how late it is and before whom its steps lie; one paragraph."""
    return "".join(sentences_of(session, plan, now=now))


def sentences_of(session: Session, plan: Plan, *, now: datetime) -> list[str]:
    """Give the sentences: due date and days late, stage and open steps, changes of the date, the last weekly report."""
    found = [_due(session, plan, now), _stage(session, plan)]
    moved = sum(change.working_days for change, _person in deadlines.changes_of(session, plan_id=plan.id))
    if moved:
        found.append(f"其间因等待上会、答复等暂停计时{moved}个工作日。")
    said = select(WeeklyReport).where(WeeklyReport.plan_id == plan.id).order_by(WeeklyReport.week.desc()).limit(1)
    report = session.scalars(said).first()
    if report is not None and (report.progress or report.problems):
        found.append(f"最近一次周报（{chinese_date(report.week)}）：{report.progress}")
        if report.problems:
            found.append(f"存在问题：{report.problems}")
    return [one if one.endswith(("。", "！", "？")) else f"{one}。" for one in found]


def _due(session: Session, plan: Plan, now: datetime) -> str:
    unit, today = plan.lead_unit.name, SETTINGS.day_of(now)
    name = f"《{plan.title}》（{plan.code}）" if plan.code else f"《{plan.title}》"
    if plan.issued_on is not None:
        return f"{name}由{unit}牵头编制，已于{chinese_date(plan.issued_on)}印发。"
    if plan.due_on is None:
        return f"{name}由{unit}牵头编制，尚未印发。"
    late = working_calendar(session).working_days_between(plan.due_on, today) if plan.due_on < today else 0
    behind = f"，至今已逾期{late}个工作日" if late and not plan.paused_for else ""
    return f"{name}由{unit}牵头编制，应于{chinese_date(plan.due_on)}前印发{behind}。"


def _stage(session: Session, plan: Plan) -> str:
    steps = select(Task).where(Task.plan_id == plan.id, Task.status == "open", Task.round_id.is_(None))
    names = list(dict.fromkeys(task.name for task in session.scalars(steps.order_by(Task.due_at, Task.id))))
    where = f"，正在办理：{'、'.join(names)}" if names else ""
    return f"目前处于“{Stage(plan.stage).word}”阶段{where}。"
