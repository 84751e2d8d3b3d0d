"""Supervision: the ledger and its figures, the board, bulletins, notices and urging."""

from __future__ import annotations

from typing import Any

from flask import Response

from workflow_service.domain.errors import NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.services import bulletin_numbers, bulletin_scope, bulletins, ledger, urging
from workflow_service.services.calendars import SETTINGS
from workflow_service.store import notice_list
from workflow_service.store.supervision import Bulletin

from . import cursors
from .calls import Answer, Call, endpoint
from .shapes import Done
from .supervision_shapes import (
    BoardShown,
    BulletinLine,
    BulletinQuery,
    Bulletins,
    BulletinShown,
    FiguresQuery,
    FiguresShown,
    LedgerPage,
    LedgerQuery,
    MarkedRead,
    NoticeQuery,
    Notices,
    NoticeShown,
    Reminded,
    ReminderGiven,
    figures_shown,
    line_shown,
    series_shown,
)

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@endpoint("/ledger", query=LedgerQuery, answer=LedgerPage, tag="ledger")
def list_ledger(call: Call, query: LedgerQuery) -> LedgerPage:
    """List the ledger of my area as it stood at the end of a day (`as_of`, today by default)."""
    after = cursors.decode(query.cursor, cursors.day, int)
    day = query.as_of or SETTINGS.day_of(call.now)
    found = ledger.ledger_rows(
        call.session, call.actor, _filter(query), as_of=day, after=after, limit=query.limit
    )
    total = ledger.count_rows(call.session, call.actor, _filter(query), as_of=day)
    following = cursors.encode(*found.cursor) if found.cursor else None
    items = [line_shown(line) for line in found.rows]
    return LedgerPage(as_of=day, items=items, next_cursor=following, total=min(total, 1000), more=total > 1000)


@endpoint("/ledger/figures", query=FiguresQuery, answer=FiguresShown, tag="ledger")
def get_figures(call: Call, query: FiguresQuery) -> FiguresShown:
    """Count the ledger of my area at the end of a day: whole, key plans, by unit."""
    day = query.as_of or SETTINGS.day_of(call.now)
    wanted = ledger.LedgerFilter(area=query.area)
    return figures_shown(ledger.figures_for(call.session, call.actor, wanted, as_of=day))


@endpoint("/ledger/board", query=FiguresQuery, answer=BoardShown, tag="ledger")
def get_board(call: Call, query: FiguresQuery) -> BoardShown:
    """Give the supervisors' board: figures beside the former period, what is overdue, issued against due."""
    day = query.as_of or SETTINGS.day_of(call.now)
    found = ledger.board(call.session, call.actor, as_of=day, area_path=query.area)
    return BoardShown(
        figures=figures_shown(found.figures), before=figures_shown(found.before), soon=found.soon, waiting=found.waiting,
        overdue=[line_shown(line) for line in found.overdue], series=series_shown(found.series),
    )  # fmt: skip


@endpoint("/bulletins", query=BulletinQuery, answer=Bulletins, tag="bulletins")
def list_bulletins(call: Call, query: BulletinQuery) -> Bulletins:
    """List the ten-day bulletins of my area, the newest first; drafts are for supervisors."""
    after = cursors.decode(query.cursor, int)
    areas = policy.visible_areas(call.actor)
    drafts = policy.may(call.actor, "bulletin.release")
    rows = notice_list.bulletins(
        call.session, areas if areas != () else ("-",), drafts=drafts, after=after[0] if after else None,
        limit=query.limit + 1,
    )  # fmt: skip
    shown = rows[: query.limit]
    following = cursors.encode(shown[-1].id) if len(rows) > query.limit else None
    return Bulletins(items=[BulletinLine(**_bulletin(call, row, BulletinLine)) for row in shown], next_cursor=following)


@endpoint("/bulletins/<id:bulletin_id>", answer=BulletinShown, tag="bulletins")
def get_bulletin(call: Call, bulletin_id: int) -> BulletinShown:
    """Give a bulletin with the figures fixed at the end of its period."""
    return BulletinShown(**_bulletin(call, bulletins.visible_bulletin(call.session, call.actor, bulletin_id), BulletinShown))


@endpoint("/bulletins/<id:bulletin_id>/document", tag="bulletins", media=DOCX)
def get_bulletin_document(call: Call, bulletin_id: int) -> Response:
    """Give a bulletin as the official document (docx)."""
    content = bulletins.bulletin_docx(call.session, call.actor, bulletin_id)
    response = Response(content, content_type=DOCX)
    response.headers["Content-Disposition"] = f'attachment; filename="bulletin-{bulletin_id}.docx"'
    return response


@endpoint("/notices", query=NoticeQuery, answer=Notices, tag="notices")
def list_notices(call: Call, query: NoticeQuery) -> Notices:
    """List my notices, the newest first."""
    after = cursors.decode(query.cursor, int)
    rows = notice_list.notices_of(
        call.session, call.actor.user_id or 0, unread=query.unread, after=after[0] if after else None, limit=query.limit + 1
    )
    shown = rows[: query.limit]
    following = cursors.encode(shown[-1].id) if len(rows) > query.limit else None
    return Notices(items=[NoticeShown.model_validate(row) for row in shown], next_cursor=following)


@endpoint("/notices/read", "POST", answer=MarkedRead, tag="notices")
def read_all_notices(call: Call) -> MarkedRead:
    """Note that I have read all my notices."""
    return MarkedRead(read=notice_list.mark_read(call.session, call.actor.user_id or 0, call.now))


@endpoint("/notices/<id:notice_id>/read", "POST", answer=Done, tag="notices")
def read_notice(call: Call, notice_id: int) -> Done:
    """Note that I have read one notice."""
    if notice_list.notice_of(call.session, call.actor.user_id or 0, notice_id) is None:
        raise NotFound(N_("没有编号为 %(id)s 的提醒。"), id=notice_id)
    notice_list.mark_read(call.session, call.actor.user_id or 0, call.now, notice_id)
    return Done()


@endpoint("/reminders", "POST", body=ReminderGiven, answer=Reminded, status=201, tag="reminders")
def remind(call: Call, body: ReminderGiven) -> Answer:
    """Urge one task (催办): everybody before whom it lies gets a notice with the reason, at most once an hour a task."""
    return Answer(Reminded(notices=urging.urge_task(call.session, call.actor, body.task_id, body.note, now=call.now)))


def _bulletin(call: Call, row: Bulletin, shape: type[BulletinLine]) -> dict[str, Any]:
    """A bulletin's columns, and what is read from them."""
    number = bulletin_numbers.number_of(row)
    told = {
        "scope_name": bulletin_scope.name_of(row), "form": bulletin_numbers.form_of(call.session, row).value,
        "document_number": str(number) if number else None,
    }  # fmt: skip
    names = {str(field.validation_alias or name) for name, field in shape.model_fields.items()}
    return told | {name: getattr(row, name) for name in names - set(told)}


def _filter(query: LedgerQuery) -> ledger.LedgerFilter:
    names = ("unit", "stage", "importance", "level", "tier", "category", "light", "state", "area")
    chosen: dict[str, Any] = {name: getattr(query, name) or "" for name in names}
    return ledger.LedgerFilter(**chosen, text=query.q)


