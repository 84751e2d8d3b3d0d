"""Notice slips (抄告单): numbered, delivered and signed for in the service, answered where an answer is demanded.

The answer is a task of the process `notice_slip`, so it has a light and is urged like any other; silence climbs to the unit's
leader on the day, and to the supervisors some working days later (docs/domain.md §6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.documents.pdf import Pdf, write_pdf
from workflow_service.documents.slip import NoticeSlip, slip_document
from workflow_service.domain.circulations import CirculationKind
from workflow_service.domain.divisions import last_area
from workflow_service.domain.documents import DocumentNumber
from workflow_service.domain.errors import InvalidInput, NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import notice_rows, people_queries
from workflow_service.store.acting import NoticeSlipRow
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.people import Unit
from workflow_service.store.runtime import Task

from . import audit, circulations, paper_templates, recipients
from .calendars import SETTINGS
from .circulations import Sending, Subject
from .context import Actor
from .due_dates import ANSWERING, climbs_at
from .numbering import next_document_number
from .plans import visible_plan
from .processes import start_process
from .timeouts import SUPERIOR_POST

PROCESS, KIND = "notice_slip", "slip"
ANSWERING_POSTS = ("registry", "handler", "leader")
LONGEST_LINE, LONGEST_TEXT, MOST_COPIES = 200, 4000, 100


@dataclass(frozen=True)
class SlipAsked:
    """What a slip is to say, to the unit with this code; `copies` are codes of units that get it for information."""

    unit: str
    matter: str
    facts: str
    asked: str
    until: date
    answer_wanted: bool = True
    copies: Sequence[str] = ()
    plan_id: int | None = None


def issue_slip(session: Session, actor: Actor, asked: SlipAsked, *, now: datetime) -> NoticeSlipRow:
    """Number a slip, deliver it for receipt, and ask for the answer where one is wanted. Raises Forbidden, InvalidInput."""
    _check_words(asked, now)
    unit = _unit(session, asked.unit)
    plan = visible_plan(session, actor, asked.plan_id) if asked.plan_id is not None else None
    area_path = plan.area_path if plan is not None else unit.area_path
    policy.require(actor, "slip.issue", policy.thing_of(area_path))
    organ = _organ(session, actor, area_path)
    copies = [_unit(session, code) for code in dict.fromkeys(asked.copies) if code != asked.unit]
    today = SETTINGS.day_of(now)
    made = NoticeSlipRow(
        area=last_area(area_path), area_path=area_path, number=str(next_document_number(session, organ, "抄", today.year)),
        organ=organ.name, organ_unit_id=organ.id, unit_id=unit.id, unit_name=unit.name,
        holder=receiving_post(session, unit, now), plan_id=asked.plan_id, matter=asked.matter.strip(),
        facts=asked.facts.strip(), asked=asked.asked.strip(), until=asked.until, answer_wanted=asked.answer_wanted,
        copies=[one.name for one in copies], issued_on=today, sent_by=actor.user_id, sent_at=now, answer="",
    )  # fmt: skip
    session.add(made)
    session.flush()
    made.circulation_id = _deliver(session, actor, made, copies, now)
    if made.answer_wanted:
        made.instance_id = _ask_for_answer(session, actor, made, unit, now)
    data = {"number": made.number, "unit": unit.code, "until": made.until, "answer": made.answer_wanted, "plan": made.plan_id}
    audit.record(session, actor, "slip.issue", f"notice-slip:{made.id}", data, now=now)
    return made


def visible_slip(session: Session, actor: Actor, slip_id: int) -> NoticeSlipRow:
    """Give a slip to the unit it went to, to who got a copy, who issued it and the supervisors. Raises NotFound, Forbidden."""
    found = session.get(NoticeSlipRow, slip_id)
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的抄告单。"), id=slip_id)
    own = policy.thing_of(found.area_path, participants=(found.sent_by,), unit_ids=(found.unit_id, found.organ_unit_id))
    if not policy.may(actor, "slip.see", own):
        readers = circulations.holders_of(session, found.circulation_id) if found.circulation_id else []
        policy.require(actor, "slip.see", policy.thing_of(found.area_path, holders=readers))
    return found


def slip_docx(session: Session, actor: Actor, slip_id: int) -> bytes:
    """Give a slip as docx, by the template of the moment at which it was sent; raises NotFound, Forbidden."""
    found = visible_slip(session, actor, slip_id)
    return paper_templates.write(session, "slip", as_paper(session, found), at=found.sent_at)


def slip_pdf(session: Session, actor: Actor, slip_id: int) -> Pdf:
    """Give a slip as pdf; raises NotFound, Forbidden, Unavailable where the machine cannot write one."""
    return write_pdf(slip_document(as_paper(session, visible_slip(session, actor, slip_id))))


def as_paper(session: Session, slip: NoticeSlipRow) -> NoticeSlip:
    """Give a slip as the values of its official document, which stays as it was issued."""
    return NoticeSlip(
        mark=f"{slip.organ}抄告单", number=DocumentNumber.parse(slip.number), organ=slip.organ, unit=slip.unit_name,
        matter=slip.matter, facts=slip.facts, asked=slip.asked, until=_until_as_issued(session, slip),
        issued_on=slip.issued_on,
        written_at=slip.sent_at, answer_wanted=slip.answer_wanted, copies=tuple(slip.copies),
    )  # fmt: skip


def _until_as_issued(session: Session, slip: NoticeSlipRow) -> date:
    """The day that the slip named: a later one that was given since is no word of the paper."""
    answering = Task.instance_id == slip.instance_id, Task.element_id == ANSWERING, Task.round_id.is_(None)
    moved = select(DeadlineChange.due_before).join(Task, Task.id == DeadlineChange.task_id).where(*answering)
    first = session.scalars(moved.where(DeadlineChange.due_before.is_not(None)).order_by(DeadlineChange.id).limit(1)).first()
    return SETTINGS.day_of(first) if first is not None else slip.until


def take_answer(session: Session, actor: Actor, slip: NoticeSlipRow, words: str, *, now: datetime) -> None:
    """Keep what the unit answered, and tell who issued the slip."""
    slip.answer, slip.answered_at, slip.answered_by = words.strip(), now, actor.user_id
    _tell(session, actor, slip, _issuer(slip), N_("收到回执：%(matter)s"), "answered", now)
    audit.record(session, actor, "slip.answer", f"notice-slip:{slip.id}", {"answer": slip.answer}, now=now)


def climb_to_superior(session: Session, actor: Actor, slip: NoticeSlipRow, *, now: datetime) -> None:
    """Tell the unit's leader that the answer did not come."""
    code = slip.holder.removeprefix("g:").rpartition(":")[0]
    slip.superior_at = now
    _tell(session, actor, slip, [f"g:{code}:{SUPERIOR_POST}"], N_("抄告单到期未回：%(matter)s"), "superior", now)
    audit.record(session, actor, "slip.climb", f"notice-slip:{slip.id}", {"to": "superior"}, now=now)


def climb_to_supervisor(session: Session, actor: Actor, slip: NoticeSlipRow, *, now: datetime) -> None:
    """Tell the supervisors of the area, and who issued the slip, that it is still silent."""
    slip.supervisor_at = now
    people = recipients.supervisors_of(session, slip.area_path, now=now) + _issuer(slip)
    _tell(session, actor, slip, people, N_("抄告单超期未回：%(matter)s"), "supervisor", now)
    audit.record(session, actor, "slip.climb", f"notice-slip:{slip.id}", {"to": "supervisor"}, now=now)


def receiving_post(session: Session, unit: Unit, now: datetime) -> str:
    """Give the post by which a unit signs: the first of those that receive documents which somebody holds today."""
    keys = [f"g:{unit.code}:{post}" for post in ANSWERING_POSTS]
    filled = notice_rows.people_of(session, keys, SETTINGS.day_of(now))
    found = next((key for key in keys if filled.get(key)), None)
    if found is None:
        raise InvalidInput(N_("“%(unit)s”现在无人收文，请先落实人员。"), pointer="/unit", unit=unit.short_name or unit.name)
    return found


def _check_words(asked: SlipAsked, now: datetime) -> None:
    if not 1 <= len(asked.matter.strip()) <= LONGEST_LINE:
        raise InvalidInput(N_("请写明事由，不超过 200 字。"), pointer="/matter")
    if not all(1 <= len(text.strip()) <= LONGEST_TEXT for text in (asked.facts, asked.asked)):
        raise InvalidInput(N_("请写明基本情况和有关要求，各不超过 4000 字。"), pointer="/facts")
    if asked.until <= SETTINGS.day_of(now):
        raise InvalidInput(N_("办结期限应晚于今天。"), pointer="/until")
    if len(asked.copies) > MOST_COPIES:
        raise InvalidInput(N_("抄送单位最多 100 个。"), pointer="/copies")


def _issuer(slip: NoticeSlipRow) -> list[str]:
    return [f"u:{slip.sent_by}"] if slip.sent_by else []


def _unit(session: Session, code: str) -> Unit:
    found = people_queries.unit_in_use(session, code)
    if found is None:
        raise InvalidInput(N_("没有代码为“%(unit)s”的单位。"), pointer="/unit", unit=code)
    return found


def _organ(session: Session, actor: Actor, area_path: str) -> Unit:
    """The unit for which the actor issues it; for the service itself the government office of the area."""
    if actor.unit_id is not None:
        return session.get_one(Unit, actor.unit_id)
    statement = select(Unit).where(Unit.area_path == area_path, Unit.relation.in_(("government_office", "drc")))
    return session.scalars(statement.order_by(Unit.relation.desc()).limit(1)).one()


def _deliver(session: Session, actor: Actor, slip: NoticeSlipRow, copies: Sequence[Unit], now: datetime) -> int:
    title = f"{slip.number} {slip.matter}"
    about = Subject(title, f"/supervision/slips/{slip.id}", slip.area_path, plan_id=None)
    holders = [slip.holder, *[receiving_post(session, one, now) for one in copies]]
    return circulations.send(session, actor, Sending(CirculationKind.RECEIPT, holders), about, now=now).id


def _ask_for_answer(session: Session, actor: Actor, slip: NoticeSlipRow, unit: Unit, now: datetime) -> int:
    code, _colon, post = slip.holder.removeprefix("g:").rpartition(":")
    variables = {
        "slip": {
            "id": slip.id, "number": slip.number, "matter": slip.matter, "asked": slip.asked, "unit": code, "post": post,
        },
        "due": SETTINGS.close_of(slip.until).isoformat(), "climbs": climbs_at(session, slip.until).isoformat(),
        "subject": f"{slip.number} {slip.matter}",
        "plan": {"jurisdiction": slip.area, "lead_unit": unit.code, "level": unit.level, "importance": ""},
    }  # fmt: skip
    run = start_process(
        session, actor, PROCESS, variables=variables, business_key=f"slip:{slip.id}", area_path=slip.area_path, now=now
    )
    return run.id


def _tell(
    session: Session, actor: Actor, slip: NoticeSlipRow, holders: Sequence[str], text: str, occasion: str, now: datetime
) -> None:
    link = f"/supervision/slips/{slip.id}"
    recipients.tell(
        session, actor, holders, KIND, text, {"matter": slip.matter}, f"{KIND}:{slip.id}:{occasion}", now=now,
        note=slip.number, link=link,
    )  # fmt: skip
