"""The ten-day bulletin (旬通报): figures fixed at the period's end, drafted, released, numbered, sent (docs/domain.md §3.6).

One bulletin an area, period and scope, whatever happens in between: its figures never change, however late it is released, and
its number is that of the year in which it is issued.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service import failpoints
from workflow_service.documents import bulletin as paper
from workflow_service.documents.pdf import Pdf, write_pdf
from workflow_service.domain.documents import BulletinForm, DocumentNumber, IssueNumber
from workflow_service.domain.errors import NotFound
from workflow_service.domain.plans import Importance, Level, Stage
from workflow_service.domain.rhythms import Rhythm, label, ten_day_period_of
from workflow_service.domain.supervision import Comparison, Figures
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import people_queries
from workflow_service.store.instance_view import participants_of
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan
from workflow_service.store.supervision import Bulletin, RhythmRun

from . import bulletin_follow, bulletin_scope, bulletin_sending, ledger, paper_templates
from .bulletin_numbers import RELEASED, TEMPLATES, form_of, give_number, number_of, organ_of
from .bulletin_scope import PROCESS
from .calendars import SETTINGS
from .context import Actor
from .ledger import AsOf, Part
from .processes import start_process
from .rhythm_scope import ROUTE, Scope, period_key, scope_of

DRAFT = "draft"
AREAS_A_CHUNK = 10
LONGEST_LIST = 100
TREND_PERIODS = 9
BRIEFING_MARK = "规划编制工作简报"
LEADERS, EVERYBODY, ON_ROUTE = "政府领导", "各有关单位", "有关编制单位"


def start_bulletins(session: Session, run: RhythmRun, *, now: datetime) -> int | None:
    """Start the bulletin process of the next governments after the run's cursor; gives the new cursor, None at the end."""
    period, facts = period_key(run), {name: one for name, one in (run.figures or {}).items() if name not in ("scope", "by")}
    scope = scope_of(run)
    units = bulletin_scope.governments(session, scope, _span(period, facts)[1]) if scope else reporting_units(session)
    waiting = [unit for unit in units if unit.id > run.cursor]
    begun = bulletin_scope.begun(session, period, scope, waiting[:AREAS_A_CHUNK])
    for unit in waiting[:AREAS_A_CHUNK]:
        if unit.area not in begun:
            start_bulletin(session, unit, period, facts, scope=scope, now=now)
    failpoints.reach("in-rhythm")
    return waiting[AREAS_A_CHUNK - 1].id if len(waiting) > AREAS_A_CHUNK else None


def reporting_units(session: Session) -> list[Unit]:
    """Give the DRC of every government that has plans of its own in the catalogue, by id."""
    has_plans = select(Plan.id).where(Plan.area == Unit.area, Plan.registered_on.is_not(None)).exists()
    statement = select(Unit).where(Unit.relation == "drc", Unit.active, has_plans)
    return list(session.scalars(statement.order_by(Unit.id)))


def start_bulletin(
    session: Session, unit: Unit, period: str, facts: dict[str, Any], *, scope: Scope | None = None, now: datetime
) -> None:
    """Start one government's bulletin, about everything or a part; the first step of its process fixes the figures."""
    key = bulletin_scope.key_of(unit.area, period, scope)
    about = bulletin_scope.named(session, scope, AsOf.of(_span(period, facts)[1]))["name"] if scope else ""
    start_process(
        session, Actor.system("scheduler"), PROCESS, business_key=key, area_path=unit.area_path,
        variables={
            "period": period, "area": unit.area, "scope": scope.text if scope else "", "facts": facts,
            "subject": _subject(facts, unit, about),
            "plan": {"jurisdiction": unit.area, "level": unit.level},
        }, now=now,
    )  # fmt: skip


def draft_bulletin(
    session: Session, area: str, period: str, *, now: datetime, facts: dict[str, Any] | None = None,
    instance_id: int | None = None, scope: str = "",
) -> Bulletin:  # fmt: skip
    """Fix the figures of one area at the end of a period (`2026-02-D2`); an existing bulletin is given as it is, a draft whose
    run was terminated to the run that asks for it.

    `scope` is empty, `unit:<code>` or `route:<key>`. Raises NotFound.
    """
    found = bulletin_scope.find(session, area, period, scope)
    if found is not None:
        bulletin_scope.take_over(session, found, instance_id)
        return found
    area_path = session.scalars(select(Unit.area_path).where(Unit.area == area).limit(1)).first()
    if area_path is None:
        raise NotFound(N_("没有行政区划“%(area)s”。"), area=area)
    first, last = _span(period, facts or {})
    made = Bulletin(
        area=area, area_path=area_path, period=period, scope=scope, created_at=now, status=DRAFT, text="",
        instance_id=instance_id, figures=fixed_figures(session, area_path, first, last, scope=Scope.read(scope)),
        figures_at=AsOf.of(last).until,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def fixed_figures(
    session: Session, area_path: str, first: date, last: date, *, scope: Scope | None = None
) -> dict[str, Any]:
    """Give all that a bulletin says of a period, as plain values, computed from history as of its last day.

    Of a scope every figure, list and row is of the plans that it had then; `scope` in the answer says which.
    """
    part = bulletin_scope.part_of(scope)
    now = ledger.figures(session, area_path, last, part=part)
    before = ledger.figures(session, area_path, first - timedelta(days=1), part=part)
    late = ledger.overdue_plans(session, area_path, as_of=last, limit=LONGEST_LIST, part=part)
    done = ledger.issued_between(session, area_path, first, last, as_of=last, part=part)
    return {
        **({"scope": bulletin_scope.named(session, scope, AsOf.of(last))} if scope else {}),
        "first": first.isoformat(), "last": last.isoformat(), "label": _label(first, last),
        "total": _plain(now.total), "key": _plain(now.key), "before": _plain(before.total), "filed": now.filed,
        "trend": _trend(session, area_path, last, part),
        "stages": {stage.value: number for stage, number in now.stages.items()},
        "levels": {level.value: _plain(each) for level, each in now.levels.items()},
        "importances": {kind.value: _plain(each) for kind, each in now.importances.items()},
        "units": [
            {"place": one.place, "code": one.unit, "name": now.unit_names[one.unit], **_plain(one.figures)}
            for one in now.ranking
        ],
        "issued": [
            {"plan": row.plan_id, "title": row.title, "unit": row.unit_name, "issued_on": str(row.issued_on),
             "document_number": row.document_number}
            for row in done
        ],
        "overdue": [
            {"plan": row.plan_id, "title": row.title, "unit": row.unit_name, "stage": row.stage.value,
             "due_on": str(row.due_on), "days_late": row.days_late}
            for row in late
        ],
    }  # fmt: skip


def release_bulletin(
    session: Session, actor: Actor, bulletin: Bulletin, *, text: str = "", requests: str = "",
    asks: Sequence[Mapping[str, Any]] = (), now: datetime,
) -> IssueNumber | DocumentNumber:  # fmt: skip
    """Number a bulletin in the year of its issue, seal it in the form that is set now and send it to whom it concerns.

    A released one keeps its number and is never changed: its document is kept as it is now, whatever happens to templates.
    Raises InvalidInput where a 通报 has no organ's code to be numbered under.
    """
    if bulletin.status != RELEASED:
        with session.no_autoflush:
            give_number(session, bulletin, SETTINGS.day_of(now).year)
            bulletin.released_at, bulletin.released_by = now, actor.user_id
            bulletin.text = "\n".join(part.strip() for part in (text, requests) if part.strip())
            bulletin.asks = bulletin_follow.named_asks(session, asks)
            bulletin.followed = bulletin_follow.follow_up(session, bulletin)
            bulletin.figures = bulletin.figures | _issuers(session, bulletin.area)
            bulletin.status = RELEASED
            bulletin.document = _write(session, bulletin)
        session.flush()
        bulletin_sending.send(session, bulletin, summary_of(bulletin), now=now)
    number = number_of(bulletin)
    assert number is not None
    return number


def bulletin_of_run(session: Session, actor: Actor, process: str, business_key: str) -> Bulletin | None:
    """Give the bulletin that a run of the bulletin process is about, to those who draft or release it; None for any other."""
    found = bulletin_scope.of_key(session, business_key) if process == PROCESS else None
    return found if found is not None and policy.may(actor, "bulletin.see_draft", _draft(session, found)) else None


def visible_bulletin(session: Session, actor: Actor, bulletin_id: int) -> Bulletin:
    """Give a bulletin: released ones to everybody of its area and below or above, drafts to supervisors and who works on them.

    Raises NotFound, Forbidden.
    """
    found = session.get(Bulletin, bulletin_id)
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的通报。"), id=bulletin_id)
    if found.status == RELEASED and any(path.startswith(found.area_path) for path in actor.area_paths):
        return found
    if found.status == RELEASED:
        policy.require(actor, "instance.see", policy.thing_of(found.area_path))
    else:
        policy.require(actor, "bulletin.see_draft", _draft(session, found))
    return found


def _draft(session: Session, bulletin: Bulletin) -> policy.Thing:
    """A draft with whoever is asked, or had a part, in the run that makes it."""
    if bulletin.instance_id is None:
        return policy.thing_of(bulletin.area_path)
    holders, participants = participants_of(session, bulletin.instance_id)
    return policy.thing_of(bulletin.area_path, holders=holders, participants=participants)


def as_paper(session: Session, bulletin: Bulletin) -> paper.Bulletin:
    """Give a bulletin as the values of its official document."""
    fixed = bulletin.figures
    followed = bulletin.followed if bulletin.status == RELEASED else bulletin_follow.follow_up(session, bulletin)
    day = SETTINGS.day_of(bulletin.released_at or bulletin.created_at)
    form, issuers = form_of(session, bulletin), _issuers(session, bulletin.area) | fixed
    return paper.Bulletin(
        form=form,
        mark=f"{issuers['organ']}文件" if form is BulletinForm.CIRCULAR else BRIEFING_MARK,
        number=number_of(bulletin),
        organ=issuers["organ"],
        about=bulletin_scope.words_of(fixed),
        issued_on=day,
        period=str(fixed["label"]),
        as_of=date.fromisoformat(fixed["last"]),
        comparison=Comparison(_figures(fixed["total"]), _figures(fixed["before"])),
        written_at=bulletin.released_at or bulletin.created_at,
        groups=_groups(fixed),
        units=tuple(paper.UnitLine(one["place"], one["name"], _figures(one)) for one in fixed["units"]),
        issued=tuple(_issued_line(one) for one in fixed["issued"]),
        overdue=tuple(_overdue_line(one) for one in fixed["overdue"]),
        asks=tuple(paper.Ask(one["name"], one["what"], date.fromisoformat(one["until"])) for one in bulletin.asks or ()),
        trend=tuple(paper.TrendPoint(one["label"], one["issued"], one["due"]) for one in fixed.get("trend", ())),
        followed=bulletin_follow.as_paper(followed),
        remarks=bulletin.text,
        distribution=_distribution(bulletin, form, issuers["government"]),
    )


def _distribution(bulletin: Bulletin, form: BulletinForm, government: str) -> paper.Distribution:
    """A 简报 goes up to the leaders, a 通报 with a copy to the government; of a unit's plans, to that unit."""
    scope = bulletin.figures.get("scope")
    to = EVERYBODY if not scope else ON_ROUTE if scope["kind"] == ROUTE else scope["name"]
    return paper.Distribution(report_to=(government if form is BulletinForm.CIRCULAR else LEADERS,), distribute_to=(to,))


def _issuers(session: Session, area: str) -> dict[str, str]:
    """The names of this day of the organ that issues and of its government; what is released keeps them."""
    organ = organ_of(session, area)
    return {
        "organ": organ.name if organ is not None else "",
        "government": people_queries.area_names(session, {area}).get(area, ""),
    }


def bulletin_docx(session: Session, actor: Actor, bulletin_id: int) -> bytes:
    """Give a bulletin as docx, a released one as it was sent; raises NotFound, Forbidden."""
    found = visible_bulletin(session, actor, bulletin_id)
    return found.document or _write(session, found)


def _write(session: Session, bulletin: Bulletin) -> bytes:
    return paper_templates.write(session, TEMPLATES[form_of(session, bulletin)], as_paper(session, bulletin))


def bulletin_pdf(session: Session, actor: Actor, bulletin_id: int) -> Pdf:
    """Give a bulletin as pdf with the fonts used; raises NotFound, Forbidden, Unavailable where the machine cannot write one."""
    return write_pdf(paper.bulletin_document(as_paper(session, visible_bulletin(session, actor, bulletin_id))))


def summary_of(bulletin: Bulletin) -> str:
    """Word the overall figures in one paragraph: what the drafter starts from."""
    fixed = bulletin.figures
    comparison = Comparison(_figures(fixed["total"]), _figures(fixed["before"]))
    return paper.summary(comparison, date.fromisoformat(fixed["last"]), bulletin_scope.words_of(fixed))


def _span(period: str, facts: dict[str, Any]) -> tuple[date, date]:
    if "first" in facts and "last" in facts:
        return date.fromisoformat(facts["first"]), date.fromisoformat(facts["last"])
    year, month, part = period.split("-")
    whole = ten_day_period_of(date(int(year), int(month), {"D1": 1, "D2": 11, "D3": 21}[part]))
    return whole.first, whole.last


def _trend(session: Session, area_path: str, last: date, part: Part) -> list[dict[str, Any]]:
    """Issued and due, added up, at the ends of the last periods up to and with this one."""
    points = [point for point in ledger.issued_series(session, area_path, last, part=part) if point.day <= last]
    return [
        {"label": _label(point.day, point.day), "issued": point.issued, "due": point.due} for point in points[-TREND_PERIODS:]
    ]


def _label(first: date, last: date) -> str:
    """The official name of the periods covered: 6月上旬, or 6月上旬至6月中旬."""
    names = [str(label(Rhythm.TEN_DAY, ten_day_period_of(day))) for day in (first, last)]
    return names[0] if names[0] == names[1] else "至".join(names)


def _subject(facts: dict[str, Any], unit: Unit, about: str) -> str:
    said = "，".join(filter(None, (str(facts.get("label", "")), about)))
    return f"旬通报（{said}）· {unit.short_name or unit.name}"


def _plain(figures: Figures) -> dict[str, int]:
    return {"total": figures.total, "issued": figures.issued, "overdue": figures.overdue}


def _figures(plain: dict[str, Any]) -> Figures:
    return Figures(int(plain["total"]), int(plain["issued"]), int(plain["overdue"]))


def _groups(fixed: dict[str, Any]) -> tuple[paper.Line, ...]:
    kinds = [(Importance, fixed["importances"]), (Level, fixed["levels"])]
    return tuple(
        paper.Line(kind(value).word, _figures(each)) for kind, groups in kinds for value, each in groups.items()
    )


def _issued_line(one: dict[str, Any]) -> paper.IssuedLine:
    on = date.fromisoformat(one["issued_on"])
    return paper.IssuedLine(one["title"], one["unit"], on, one["document_number"])


def _overdue_line(one: dict[str, Any]) -> paper.OverdueLine:
    due = date.fromisoformat(one["due_on"])
    return paper.OverdueLine(one["title"], one["unit"], Stage(one["stage"]).word, due, int(one["days_late"]))
