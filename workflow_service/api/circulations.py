"""What is sent round to be read: copies, circulations, receipts."""

from __future__ import annotations

from workflow_service.domain.circulations import CirculationKind
from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_
from workflow_service.services import circulations, recipients
from workflow_service.services.circulations import Sending
from workflow_service.store import circulation_list
from workflow_service.store.operations import Circulation

from . import cursors
from .calls import Answer, Call, endpoint
from .office_shapes import (
    CirculationGiven,
    CirculationQuery,
    CirculationShown,
    ReaderShown,
    Received,
    ReceivedShown,
    RemarkGiven,
    Reminded,
)

TAG = "circulations"


@endpoint("/circulations", query=CirculationQuery, answer=Received, tag=TAG)
def list_circulations(call: Call, query: CirculationQuery) -> Received:
    """List what came to me and my posts to be read, the latest first; `total` is how much of all that is unread."""
    groups, after = call.actor.groups, cursors.decode(query.cursor, int)
    rows = circulation_list.received(
        call.session, groups, unread=query.unread, kind=query.kind or "", after=after[0] if after else None,
        limit=query.limit + 1,
    )  # fmt: skip
    unread, limit = circulation_list.count_unread(call.session, groups), circulation_list.COUNT_LIMIT
    following = cursors.encode(rows[query.limit - 1].reader.id) if len(rows) > query.limit else None
    items = [_line(row) for row in rows[: query.limit]]
    return Received(items=items, next_cursor=following, total=min(unread, limit), more=unread > limit)


@endpoint("/circulations", "POST", body=CirculationGiven, answer=CirculationShown, status=201, tag=TAG)
def circulate(call: Call, body: CirculationGiven) -> Answer:
    """Send a run or a task that I see round; it blocks nothing."""
    if (body.process_instance_id is None) == (body.task_id is None):
        raise InvalidInput(N_("请写明流程实例或任务，二者取一。"), pointer="/process_instance_id")
    sending = Sending(CirculationKind(body.kind), body.holders, body.note, body.in_order)
    made = circulations.circulate(
        call.session, call.actor, sending, instance_id=body.process_instance_id, task_id=body.task_id, now=call.now
    )
    return Answer(_shown(call, made), location=f"/circulations/{made.id}")


@endpoint("/circulations/<id:circulation_id>", answer=CirculationShown, tag=TAG)
def get_circulation(call: Call, circulation_id: int) -> CirculationShown:
    """Give something sent round with who has read it."""
    return _shown(call, circulations.readable(call.session, call.actor, circulation_id)[0])


@endpoint("/circulations/<id:circulation_id>/read", "POST", body=RemarkGiven, answer=CirculationShown, tag=TAG)
def mark_read(call: Call, circulation_id: int, body: RemarkGiven) -> CirculationShown:
    """Read, tick, sign for or answer what came to me."""
    circulations.mark_read(call.session, call.actor, circulation_id, body.remark, now=call.now)
    return _shown(call, call.session.get_one(Circulation, circulation_id))


@endpoint("/circulations/<id:circulation_id>/remind", "POST", answer=Reminded, tag=TAG)
def remind_readers(call: Call, circulation_id: int) -> Reminded:
    """Push those who have not read it, at most once an hour."""
    return Reminded(people=circulations.remind_readers(call.session, call.actor, circulation_id, now=call.now))


def _line(row: circulation_list.ReceivedRow) -> ReceivedShown:
    one = row.circulation
    return ReceivedShown(
        id=one.id, kind=one.kind, title=one.title, note=one.note, link=one.link, process_instance_id=one.instance_id,  # type: ignore[arg-type]
        sender=row.sender, sent_at=one.sent_at, read_at=row.reader.read_at, read_by=row.read_by,
    )  # fmt: skip


def _shown(call: Call, one: Circulation) -> CirculationShown:
    rows = circulation_list.readers_of(call.session, [one.id]).get(one.id, [])
    readers = [
        ReaderShown(
            holder=row.reader.holder, name=recipients.name_of(call.session, row.reader.holder),
            delivered_at=row.reader.delivered_at, read_at=row.reader.read_at, read_by=row.person, unit=row.unit,
            remark=row.reader.remark,
        )
        for row in rows
    ]  # fmt: skip
    return CirculationShown(
        id=one.id, kind=one.kind, title=one.title, note=one.note, link=one.link, process_instance_id=one.instance_id,  # type: ignore[arg-type]
        task_id=one.task_id, in_order=one.in_order, sent_by=one.sent_by, sent_at=one.sent_at, readers=readers,
    )  # fmt: skip
