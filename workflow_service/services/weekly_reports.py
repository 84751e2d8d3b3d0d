"""What lead units report of their plans, week by week: kept with the plan, shown again when the next one is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from workflow_service.store.people import Unit, User
from workflow_service.store.supervision import WeeklyReport

from .context import Actor

SHOWN = 60


def record_report(
    session: Session, actor: Actor, unit: Unit, week: date, plan_ids: Sequence[int], answer: Mapping[str, Any],
    *, now: datetime,
) -> int:  # fmt: skip
    """Keep what a unit reported for its plans; gives how many.

    A second report of the week counts from its own moment on; the first stays for ledgers of the days before.
    """
    kept = 0
    for plan_id, said in _said(answer, plan_ids):
        values = {**said, "reported_at": now, "reported_by": actor.user_id}
        statement = insert(WeeklyReport).values(plan_id=plan_id, unit_id=unit.id, week=week, **values)
        session.execute(statement.on_conflict_do_update(index_elements=["plan_id", "week", "reported_at"], set_=values))
        kept += 1
    return kept


def stuck_plans(answer: Mapping[str, Any], plans: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give the plans of a report that has matters to be settled, as `{"id": …, "title": …, "problems": …}`.

    Those with problems of their own, all where no problem is told of one; `problems` ends with what the unit wants settled.
    """
    titles = {int(one["id"]): str(one.get("title") or "") for one in plans}
    told = {plan_id: said["problems"].strip() for plan_id, said in _said(answer, list(titles))}
    hindered = {plan_id: words for plan_id, words in told.items() if words} or dict.fromkeys(titles, "")
    matter = str(answer.get("problem") or "").strip()
    return [
        {"id": plan_id, "title": titles[plan_id], "problems": _with_matter(words, matter)}
        for plan_id, words in hindered.items()
    ]


def _with_matter(problems: str, matter: str) -> str:
    asked = f"需协调：{matter}" if matter and matter != problems else ""
    return "；".join(part for part in (problems, asked) if part)


def last_texts(session: Session, plan_ids: Sequence[int], *, before: date) -> dict[int, str]:
    """Give for each plan what was last reported in a week before the one that begins on a Monday."""
    newest = (
        select(WeeklyReport)
        .where(WeeklyReport.plan_id.in_(plan_ids), WeeklyReport.week < before)
        .ext(distinct_on(WeeklyReport.plan_id))
        .order_by(WeeklyReport.plan_id, WeeklyReport.week.desc(), WeeklyReport.reported_at.desc())
    )
    return {one.plan_id: _in_words(one) for one in session.scalars(newest)}


def reports_of_plan(session: Session, plan_id: int) -> list[tuple[WeeklyReport, str, str]]:
    """Give a plan's reports, the last of each week, the newest first, each with its unit and who wrote it."""
    statement = (
        select(WeeklyReport, Unit.name, User.name)
        .join(Unit, Unit.id == WeeklyReport.unit_id)
        .outerjoin(User, User.id == WeeklyReport.reported_by)
        .where(WeeklyReport.plan_id == plan_id)
        .ext(distinct_on(WeeklyReport.week))
        .order_by(WeeklyReport.week.desc(), WeeklyReport.reported_at.desc())
        .limit(SHOWN)
    )
    return [(report, unit, person or "") for report, unit, person in session.execute(statement)]


def _said(answer: Mapping[str, Any], plan_ids: Sequence[int]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each plan's words; a form of former versions has one text for all plans of the unit."""
    if "reports" not in answer:
        shared = _texts(answer, "progress", "problem", "next_week")
        yield from ((plan_id, shared) for plan_id in plan_ids if any(shared.values()))
        return
    asked = set(plan_ids)
    for row in answer["reports"] or ():
        if row.get("plan") in asked:
            yield row["plan"], _texts(row, "progress", "problems", "next_steps")


def _texts(said: Mapping[str, Any], *names: str) -> dict[str, str]:
    columns = ("progress", "problems", "next_steps")
    return {column: str(said.get(name) or "") for column, name in zip(columns, names, strict=True)}


def _in_words(report: WeeklyReport) -> str:
    """A former report in one text, as the next one's writer sees it; the documents are Chinese."""
    parts = (("进展", report.progress), ("问题", report.problems), ("下步", report.next_steps))
    told = "；".join(f"{name}：{words.strip()}" for name, words in parts if words.strip())
    return f"{told}（{report.week.month}月{report.week.day}日当周）"
