"""Decisions over many plans at once: meetings' agendas and consolidated lists (docs/domain.md §2.1, §2.3).

A plan waits in the pool; the office puts it on an agenda; the results go to the waiting instances, one message each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.approvals import CatalogueDecision, MeetingResult
from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store.people import Unit
from workflow_service.store.plans import AgendaItem, Meeting, Plan
from workflow_service.store.runtime import Attachment, ProcessInstance, Subscription

from . import audit, events
from .context import Actor
from .events import ENTERED_FOR
from .files import MINUTES
from .messages import deliver_message
from .plans import plan_named

CATALOGUE_LIST = "catalogue_list"
GOING_ON = ("applied", "pending", "active", "issued")


@dataclass(frozen=True)
class ItemResult:
    """What was decided about one item: a MeetingResult's or CatalogueDecision's value, a note, the plan it merges into."""

    result: str
    note: str = ""
    merged_into: str = ""


def pool(session: Session, area: str, kind: str | None = None) -> list[AgendaItem]:
    """Give the plans of an area that wait for a place on an agenda, longest waiting first."""
    statement = select(AgendaItem).where(
        AgendaItem.area == area, AgendaItem.meeting_id.is_(None), AgendaItem.status == "waiting"
    )
    if kind is not None:
        statement = statement.where(AgendaItem.kind == kind)
    return list(session.scalars(statement.order_by(AgendaItem.requested_at, AgendaItem.id)))


def plan_meeting(
    session: Session,
    actor: Actor,
    kind: str,
    title: str,
    area: str,
    held_on: date,
    item_ids: Sequence[int],
    *,
    now: datetime,
) -> Meeting:
    """Put waiting plans on the agenda of a meeting (or list) of one kind; raises InvalidInput, Conflict, Forbidden."""
    area_path = _area_path(session, area)
    policy.require_host(actor, kind, area_path)
    if not title.strip():
        raise InvalidInput(N_("请填写会议名称。"))
    items = _waiting_items(session, kind, area, item_ids)
    meeting = Meeting(
        kind=kind, title=title, area=area, area_path=area_path, held_on=held_on, status="planned", created_at=now,
        created_by=actor.user_id, minutes_number="",
    )  # fmt: skip
    session.add(meeting)
    session.flush()
    for position, item in enumerate(items, 1):
        item.meeting_id, item.position = meeting.id, position
    data = {"kind": kind, "items": [item.id for item in items]}
    audit.record(session, actor, "meeting.plan", f"meeting:{meeting.id}", data, now=now)
    return meeting


def enter_results(
    session: Session, actor: Actor, meeting_id: int, results: Mapping[int, ItemResult], *,
    minutes_attachment_id: int | None, minutes_number: str = "", now: datetime,
) -> Meeting:  # fmt: skip
    """Enter what the body decided (代录), with the scan of its minutes; each waiting instance gets its result and goes on.

    Every open item of the agenda needs a result; one whose instance waits for it no more is withdrawn. Each run has the minutes
    among its files. Raises InvalidInput, Conflict, Forbidden.
    """
    meeting = _locked(session, meeting_id)
    if meeting is None:
        raise NotFound(N_("没有编号为 %(id)s 的会议。"), id=meeting_id)
    policy.require_host(actor, meeting.kind, meeting.area_path)
    if meeting.status != "planned":
        raise Conflict(N_("这次会议的结果已经录入。"))
    minutes = _own_minutes(session, actor, minutes_attachment_id)
    items = _open_items(session, meeting, now)
    _require_complete(meeting, items, results)
    _require_merge_targets(session, meeting, items, results)
    meeting.status, meeting.minutes_number, meeting.minutes_attachment_id = (
        "held",
        minutes_number,
        minutes.id,
    )
    for item in items:
        _file_minutes(session, minutes, item, now)
        _decide(session, actor, meeting, item, results[item.id], minutes.name, now)
    decided = {str(item.id): asdict(results[item.id]) for item in items}
    data = {"minutes": minutes_number, "minutes_file": minutes.id, "results": decided}
    audit.record(session, actor, "meeting.results", f"meeting:{meeting.id}", data, now=now)
    return meeting


def postpone_meeting(
    session: Session, actor: Actor, meeting_id: int, held_on: date, reason: str, *, now: datetime
) -> Meeting:
    """Move a planned meeting to another day; its plans go on waiting."""
    meeting = _locked(session, meeting_id)
    if meeting is None or meeting.status != "planned":
        raise Conflict(N_("只有尚未召开的会议可以改期。"))
    policy.require_host(actor, meeting.kind, meeting.area_path)
    before, meeting.held_on = meeting.held_on, held_on
    data = {"before": before, "held_on": held_on, "reason": reason}
    audit.record(session, actor, "meeting.postpone", f"meeting:{meeting.id}", data, now=now)
    return meeting


def allowed_results(kind: str) -> type[MeetingResult] | type[CatalogueDecision]:
    """Give the results that a body of this kind may reach."""
    return CatalogueDecision if kind == CATALOGUE_LIST else MeetingResult


def _locked(session: Session, meeting_id: int) -> Meeting | None:
    return session.get(Meeting, meeting_id, with_for_update=True, populate_existing=True)


def _own_minutes(session: Session, actor: Actor, attachment_id: int | None) -> Attachment:
    """The minutes are a file that whoever enters them uploaded himself, so that nobody opens somebody else's this way."""
    if attachment_id is None:
        raise InvalidInput(N_("代录会议结果须上传会议纪要（扫描件）。"))
    file = session.get(Attachment, attachment_id)
    if file is None or file.removed_at or not (actor.trusted or file.uploaded_by == actor.user_id):
        raise InvalidInput(N_("没有找到会议纪要的文件，请重新上传。"))
    return file


def _file_minutes(session: Session, minutes: Attachment, item: AgendaItem, now: datetime) -> None:
    """Let the run have the minutes among its files; whatever the number of items, the scan stands on the shelf once."""
    kept = Attachment(
        name=minutes.name, sha256=minutes.sha256, size=minutes.size, media_type=minutes.media_type, plan_id=item.plan_id,
        instance_id=item.instance_id, uploaded_at=now, dossier_item=MINUTES,
    )  # fmt: skip
    session.add(kept)


def _open_items(session: Session, meeting: Meeting, now: datetime) -> list[AgendaItem]:
    """Give the items whose instances wait for a result, in the order of the agenda, their instances locked by id."""
    of_meeting = select(AgendaItem).where(AgendaItem.meeting_id == meeting.id, AgendaItem.status == "waiting")
    items = list(session.scalars(of_meeting.order_by(AgendaItem.position)))
    instances = select(ProcessInstance.id).where(ProcessInstance.id.in_([item.instance_id for item in items]))
    session.execute(instances.order_by(ProcessInstance.id).with_for_update()).all()
    keys = Subscription.kind == "message", Subscription.correlation_key.in_([str(item.id) for item in items])
    waited_for = set(session.execute(select(Subscription.name, Subscription.correlation_key).where(*keys)))
    kept = []
    for item in items:
        if (item.message_name, str(item.id)) not in waited_for:
            item.status, item.decided_at = "withdrawn", now
        else:
            kept.append(item)
    return kept


def _require_merge_targets(
    session: Session, meeting: Meeting, items: Sequence[AgendaItem], results: Mapping[int, ItemResult]
) -> None:
    """What is merged goes into another plan of the same government that itself goes on."""
    closing = CatalogueDecision.MERGED.value, CatalogueDecision.REFUSED.value
    closed = {item.plan_id for item in items if results[item.id].result in closing}
    for item in items:
        wanted = results[item.id].merged_into
        if results[item.id].result != CatalogueDecision.MERGED.value:
            continue
        target = plan_named(session, wanted)
        if target is None or target.id in closed or target.status not in GOING_ON or not _of_meeting(meeting, target):
            raise InvalidInput(
                N_("第 %(position)s 项：没有找到可以并入的规划“%(plan)s”。"), position=item.position, plan=wanted
            )


def _of_meeting(meeting: Meeting, plan: Plan) -> bool:
    return plan.area_path.startswith(meeting.area_path)


def _decide(
    session: Session, actor: Actor, meeting: Meeting, item: AgendaItem, decided: ItemResult, scan: str, now: datetime
) -> None:
    item.status, item.result, item.note, item.decided_at = "decided", decided.result, decided.note, now
    payload = {
        "result": decided.result, "note": decided.note, "minutes": meeting.minutes_number, "meeting": meeting.id,
        "held_on": meeting.held_on.isoformat(), "merged_into": decided.merged_into or None,
    }  # fmt: skip
    entered = {
        "office": actor.unit_name or actor.name, "body": meeting.title, "result": decided.result,
        "minutes": meeting.minutes_number or scan, "held_on": meeting.held_on, "kind": meeting.kind,
    }  # fmt: skip
    events.note_instance(session, actor, item.instance_id, ENTERED_FOR, entered, now=now, reason=decided.note)
    deliver_message(session, actor, item.message_name, str(item.id), payload, now=now, decided=True)


def _waiting_items(session: Session, kind: str, area: str, item_ids: Sequence[int]) -> list[AgendaItem]:
    if not item_ids:
        raise InvalidInput(N_("请至少选择一项待上会的规划。"))
    statement = select(AgendaItem).where(AgendaItem.id.in_(item_ids)).with_for_update()
    found = {item.id: item for item in session.scalars(statement)}
    for item_id in item_ids:
        item = found.get(item_id)
        if item is None or item.kind != kind or item.area != area:
            raise InvalidInput(N_("待上会事项 %(id)s 不属于这个会议。"), id=item_id)
        if item.meeting_id is not None or item.status != "waiting":
            raise Conflict(N_("待上会事项 %(id)s 已列入其他会议。"), id=item_id)
    return [found[item_id] for item_id in item_ids]


def _require_complete(
    meeting: Meeting, items: Sequence[AgendaItem], results: Mapping[int, ItemResult]
) -> None:
    allowed = {one.value for one in allowed_results(meeting.kind)}
    for item in items:
        decided = results.get(item.id)
        if decided is None:
            raise InvalidInput(N_("第 %(position)s 项没有结果。"), position=item.position)
        if decided.result not in allowed:
            raise InvalidInput(N_("“%(value)s”不是可选的结果。"), value=decided.result)


def _area_path(session: Session, area: str) -> str:
    found = session.scalars(select(Unit.area_path).where(Unit.area == area).limit(1)).first()
    if found is None:
        raise InvalidInput(N_("没有行政区划“%(area)s”。"), area=area)
    return found
