"""What came of the former bulletin (上期要求落实情况): of what it asked, and of the plans that it named as overdue.

Read from history as of the end of this bulletin's period, so that it says the same however late it is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.documents import bulletin as paper
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan
from workflow_service.store.supervision import Bulletin

from . import ledger
from .bulletin_numbers import number_of
from .ledger import LedgerLine


def named_asks(session: Session, asks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give what a draft asks with the names of this day: of units, and of the plans that it is about."""
    units = _names(session, Unit.code, Unit.name, [str(one.get("unit")) for one in asks])
    codes = [str(one["plan"]) for one in asks if one.get("plan")]
    rows = session.execute(select(Plan.code, Plan.id, Plan.title).where(Plan.code.in_(codes)))
    plans = {row.code: row for row in rows}
    found = []
    for one in asks:
        plan = plans.get(one.get("plan"))
        about = {"plan": plan.id, "title": plan.title} if plan else {}
        code = str(one["unit"])
        found.append({"unit": code, "name": units.get(code, code), "what": str(one["what"]), "until": str(one["until"]), **about})
    return found


def former_of(session: Session, bulletin: Bulletin) -> Bulletin | None:
    """Give the last released bulletin of the same government about the same plans before this period."""
    same = Bulletin.area == bulletin.area, Bulletin.scope == bulletin.scope
    before = (
        select(Bulletin)
        .where(*same, Bulletin.period < bulletin.period, Bulletin.status == "released")
        .order_by(Bulletin.period.desc())
    )
    return session.scalars(before.limit(1)).one_or_none()


def follow_up(session: Session, bulletin: Bulletin) -> dict[str, Any] | None:
    """Give what came of the former bulletin until the end of this one's period, as plain values; None where there is none."""
    former = former_of(session, bulletin)
    if former is None:
        return None
    then, now = (date.fromisoformat(one.figures["last"]) for one in (former, bulletin))
    asked = [one["plan"] for one in former.asks if "plan" in one]
    ids = {*asked, *(one["plan"] for one in former.figures["overdue"])}
    was, found = (ledger.lines_by_id(session, ids, as_of=day) for day in (then, now))
    return {
        "former": former.id, "label": _called(former),
        "asks": [{**one, "outcome": _of_ask(one, was, found, former, bulletin, now)} for one in former.asks],
        "plans": [
            {**one, "outcome": _of_plan(was.get(one["plan"]), found.get(one["plan"]))} for one in former.figures["overdue"]
        ],
    }  # fmt: skip


def as_paper(followed: Mapping[str, Any] | None) -> paper.Followed | None:
    """Give it as the values of the document; nothing where the former bulletin asked for nothing and named nobody."""
    if followed is None or not (followed["asks"] or followed["plans"]):
        return None
    return paper.Followed(
        former=followed["label"],
        asks=tuple(
            paper.FollowedAsk(one["name"], _what(one), date.fromisoformat(one["until"]), one["outcome"])
            for one in followed["asks"]
        ),
        plans=tuple(
            paper.FollowedPlan(one["title"], one["unit"], int(one["days_late"]), one["outcome"]) for one in followed["plans"]
        ),
    )


def _what(ask: Mapping[str, Any]) -> str:
    return f"{ask['what']}（{ask['title']}）" if ask.get("title") else str(ask["what"])


def _called(former: Bulletin) -> str:
    return f"上期通报（{number_of(former) or ''}，{former.figures['label']}）"


def _of_ask(
    ask: Mapping[str, Any], was: Mapping[int, LedgerLine], found: Mapping[int, LedgerLine], former: Bulletin,
    bulletin: Bulletin, now: date,
) -> str:  # fmt: skip
    """By its plan where it has one, else by the figures of its unit; that the time is over is said where nothing moved."""
    if "plan" in ask:
        told = _of_plan(was.get(ask["plan"]), found.get(ask["plan"]))
    else:
        told = _of_unit(ask["unit"], former.figures["units"], bulletin.figures["units"])
    done = "plan" in ask and (line := found.get(ask["plan"])) is not None and line.issued_on is not None
    return told if done or date.fromisoformat(ask["until"]) > now else f"{told}；期限已到"


def _of_plan(was: LedgerLine | None, found: LedgerLine | None) -> str:
    if found is None:
        return "已退出目录"
    if found.issued_on is not None:
        return f"已于{found.issued_on.month}月{found.issued_on.day}日印发"
    moved = was is not None and was.stage is not found.stage
    stage = f"由{was.stage.word}进入{found.stage.word}" if moved and was else f"仍在{found.stage.word}"
    if found.waiting:
        return f"{stage}，{found.light.words if found.light else '暂停计时'}"
    if found.overdue:
        return f"{stage}，逾期{paper.days_in_words(found.days_late)}个工作日"
    return f"{stage}，时限调整至{found.due_on.month}月{found.due_on.day}日" if found.due_on else stage


def _of_unit(code: str, before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> str:
    was, found = (next((one for one in units if one["code"] == code), None) for units in (before, after))
    if was is None or found is None:
        return "本期没有该单位的规划"
    return f"已印发由{was['issued']}项到{found['issued']}项，逾期由{was['overdue']}项到{found['overdue']}项"


def _names(session: Session, key: Any, name: Any, wanted: Sequence[str]) -> dict[str, str]:
    return {row[0]: row[1] for row in session.execute(select(key, name).where(key.in_(wanted)))} if wanted else {}
