"""The weekly ledger (周调度台账) as it goes to the supervisors and as a document (docs/domain.md §3.5).

It is sent to an area once all reports asked for in it are due and the week is over, with the figures of its last day: where a
unit was asked late, or has more time, the run comes again for the areas that wait for it. What is sent to an area is written
then and kept: later reports and templates change the live page and not the document. Before that, whoever asks for the
document gets what is known so far.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from workflow_service import failpoints
from workflow_service.documents import weekly as paper
from workflow_service.domain.divisions import last_area
from workflow_service.domain.rhythms import Period, week_of
from workflow_service.domain.supervision import Figures
from workflow_service.i18n import SOURCE_LANGUAGE, _, use_language
from workflow_service.store.supervision import RhythmRun, WeeklyLedgerDocument

from . import ledger, paper_templates
from .bulletin_numbers import organ_of
from .calendars import SETTINGS, working_calendar
from .context import Actor
from .notices import NewNotice, post_notices
from .rhythm_scope import leads, period_key, scope_of
from .weekly import (
    Answers,
    ReportedPlan,
    WeeklyLedger,
    answers_of,
    area_of_ledger,
    label_of,
    ledger_of,
    names_within,
    reporting,
    silent_units,
    supervisors,
)

AREAS_A_CHUNK, LINES_A_CHUNK = 50, 2000
"""How many documents are written in one transaction, and after how many plans in them it ends earlier."""
LONGEST_WAIT = 2
"""Working days for which an area's ledger waits for reports that are due later than the others; it names who has more time."""
MOST_LINES = 5000
"""Plans that a document lists, those due first first: beyond, a docx takes minutes and hundreds of MB; page and xlsx have all."""


def send_ledger(session: Session, run: RhythmRun, *, now: datetime) -> int | None:
    """Send the week's ledger to the supervisors of the next areas, with the area's figures at the end of the week, and keep its
    document as it is now; gives how many areas have it, None at the end.

    The run's figures name the areas that have it: who becomes a supervisor meanwhile shifts none. Where only areas are left in
    which somebody has a little more time to report, the run is due again once nobody has in one of them.
    """
    facts = run.figures or {}
    week, sent = week_of(date.fromisoformat(facts["last"])), dict(facts.get("figures") or {})
    receivers = _receivers(session, run, now)
    left = [area for area in sorted(receivers) if area not in sent]
    silent, answers = silent_units(session, period_key(run), now=now), answers_of(session, week.key, now=now)
    kept, lines = _areas_with_document(session, week, left), 0
    longest = _longest_wait(session, datetime.fromisoformat(facts["ledger_at"]))
    until = {area: at for area in left if area not in kept and (at := answers.due_at(area)) and at <= longest}
    ready = [area for area in left if area not in until]
    for area in ready[:AREAS_A_CHUNK]:
        total, written = _sent(session, area, week, answers, area in kept, now)
        late = len(names_within(silent, area))
        post_notices(session, [_notice(row, run, week, total, late) for row in receivers[area]], now=now)
        sent[area], lines = _plain(total), lines + written
        if lines >= LINES_A_CHUNK:
            break
    run.figures = facts | {"figures": sent}
    failpoints.reach("in-rhythm")
    if until and all(area in sent for area in ready):
        run.due_at = _next_sending(session, run.due_at, min(until.values()))
    return len(sent) if any(area not in sent for area in left) else None


def _longest_wait(session: Session, planned: datetime) -> datetime:
    """Reports due until this moment are waited for."""
    return SETTINGS.close_of(working_calendar(session).add_working_days(SETTINGS.day_of(planned), LONGEST_WAIT))


def _next_sending(session: Session, last: datetime, reports_due: datetime) -> datetime:
    """The rhythm's hour, that of the last sending, on the first working day on which the reports are due."""
    calendar, day = working_calendar(session), SETTINGS.day_of(reports_due)
    at = datetime.combine(day, last.astimezone(SETTINGS.zone).timetz())
    if calendar.is_working_day(day) and at >= reports_due:
        return at
    return datetime.combine(calendar.add_working_days(day, 1), at.timetz())


def _receivers(session: Session, run: RhythmRun, now: datetime) -> Mapping[str, Sequence[Any]]:
    """Who receives the ledger of each area; of a run by hand, of the areas in which a unit was asked."""
    scope = scope_of(run)
    asked = session.scalars(reporting(period_key(run)).where(leads(scope))).all() if scope is not None else ()
    found: dict[str, list[Any]] = defaultdict(list)
    for row in supervisors(session, now):
        if scope is None or names_within(asked, row.area_path):
            found[row.area_path].append(row)
    return found


def _sent(
    session: Session, area: str, week: Period, answers: Answers, is_kept: bool, now: datetime
) -> tuple[Figures, int]:  # fmt: skip
    """The figures of an area, and how many plans its document lists, where it had to be written."""
    if is_kept:
        return ledger.figures(session, area, week.last).total, 0
    found = ledger_of(session, area, week, answers, limit=MOST_LINES)
    values = {"area_path": area, "week": week.first, "sent_at": now, "content": _written(session, found, now)}
    statement = insert(WeeklyLedgerDocument).values(values)
    session.execute(statement.on_conflict_do_nothing(index_elements=["area_path", "week"]))
    return found.comparison.now, len(found.plans)


def weekly_docx(session: Session, actor: Actor, day: date, *, area_path: str = "", now: datetime) -> bytes:
    """Give the weekly ledger as an official document, as it was sent or else as it would be now; raises Forbidden."""
    path, week = area_of_ledger(actor, area_path), week_of(day)
    kept = session.scalars(select(WeeklyLedgerDocument.content).where(*_of(path, week))).one_or_none()
    if kept is not None:
        return kept
    return _written(session, ledger_of(session, path, week, answers_of(session, week.key, now=now), limit=MOST_LINES), now)


def sent_at(session: Session, area_path: str, day: date) -> datetime | None:
    """Tell when an area's ledger of the week that `day` lies in was sent, which fixed its document; None where it was not."""
    return session.scalars(select(WeeklyLedgerDocument.sent_at).where(*_of(area_path, week_of(day)))).one_or_none()


def _of(area_path: str, week: Period) -> tuple[Any, ...]:
    return WeeklyLedgerDocument.area_path == area_path, WeeklyLedgerDocument.week == week.first


def _areas_with_document(session: Session, week: Period, areas: Collection[str]) -> set[str]:
    """Those of the areas whose document of a week is kept: a run by hand and that of everybody may send to the same."""
    wanted = WeeklyLedgerDocument.week == week.first, WeeklyLedgerDocument.area_path.in_(areas)
    return set(session.scalars(select(WeeklyLedgerDocument.area_path).where(*wanted)))


def _written(session: Session, found: WeeklyLedger, now: datetime) -> bytes:
    """The document in the language of official documents, whoever asks for it."""
    with use_language(SOURCE_LANGUAGE):
        organ = organ_of(session, last_area(found.area_path))
        document = paper.WeeklyLedger(
            mark="规划编制周调度台账", organ=organ.name if organ is not None else "",
            period=f"{found.first:%Y年%m月%d日}至{found.last:%m月%d日}",
            as_of=found.last, issued_on=SETTINGS.day_of(now), written_at=now, comparison=found.comparison,
            lines=_paper_lines(found), late=found.late, reports_due=found.reports_due, given_time=found.given_time,
        )  # fmt: skip
        return paper_templates.write(session, "weekly", document)


def _paper_lines(found: WeeklyLedger) -> tuple[paper.ReportLine, ...]:
    listed = tuple(_paper_line(one) for one in found.plans)
    more = found.in_progress - len(listed) if found.cursor else 0
    return (*listed, paper.ReportLine(f"另有{more}项，见系统台账", "", "", "")) if more > 0 else listed


def _paper_line(one: ReportedPlan) -> paper.ReportLine:
    line = one.line
    due = str(line.light.words) if line.light else ""
    return paper.ReportLine(
        line.title, line.unit_name, line.stage.word, due, one.progress, one.problems, one.next_steps
    )


def _notice(row: Any, run: RhythmRun, week: Period, total: Figures, late: int) -> NewNotice:
    with use_language(row.language):
        return NewNotice(
            user_id=row.user_id, kind="weekly_ledger", dedup_key=f"weekly_ledger:{period_key(run)}:{row.area_path}",
            subject=_("周调度台账（%(week)s）", week=label_of(run)),
            text=_("目录 %(total)d 项，已印发 %(issued)d 项，逾期 %(overdue)d 项，未报送单位 %(late)d 个",
                   total=total.total, issued=total.issued, overdue=total.overdue, late=late),
            link=f"/weekly?week={period_key(run)}", body={"figures": _plain(total), "as_of": week.last.isoformat()},
        )  # fmt: skip


def _plain(total: Figures) -> dict[str, int]:
    return {"total": total.total, "issued": total.issued, "overdue": total.overdue}
