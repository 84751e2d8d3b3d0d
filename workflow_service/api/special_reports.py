"""Special reports; reading one is a task, writing an instruction on it reads it too."""

from __future__ import annotations

from typing import Any

from flask import Response

from workflow_service.identity import policy
from workflow_service.services import report_reading, special_reports
from workflow_service.services.recipients import Asked
from workflow_service.services.special_reports import ReportAsked
from workflow_service.store import report_list
from workflow_service.store.report_list import ReportFilter, ReportRow

from . import cursors
from .calls import Answer, Call, endpoint
from .office_work import instruction_shown
from .report_shapes import (
    ReadingShown,
    ReportChanged,
    ReportGiven,
    ReportInstructed,
    ReportLine,
    ReportQuery,
    Reports,
    ReportShown,
)

TAG = "special reports"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@endpoint("/special-reports", query=ReportQuery, answer=Reports, tag=TAG)
def list_reports(call: Call, query: ReportQuery) -> Reports:
    """List the reports of the areas that I supervise, my drafts and those that came to me, the latest first."""
    after, actor = cursors.decode(query.cursor, int), call.actor
    wanted = ReportFilter(
        areas=policy.areas_of_role(actor, policy.SUPERVISOR), user_id=actor.user_id, holders=actor.groups,
        state=query.state or "", text=query.q, plan_id=query.plan_id,
    )  # fmt: skip
    rows = report_list.rows(call.session, wanted, after=after[0] if after else None, limit=query.limit + 1)
    total, limit = report_list.count(call.session, wanted), report_list.COUNT_LIMIT
    following = cursors.encode(rows[query.limit - 1].report.id) if len(rows) > query.limit else None
    items = [ReportLine(**_line(row)) for row in rows[: query.limit]]
    return Reports(items=items, next_cursor=following, total=min(total, limit), more=total > limit)


@endpoint("/special-reports", "POST", body=ReportGiven, answer=ReportShown, status=201, tag=TAG)
def draft_report(call: Call, body: ReportGiven) -> Answer:
    """Keep a draft about a plan; its drafter gets the task of handing it in for review."""
    asked = ReportAsked(body.title, body.text, body.recipients)
    made = special_reports.draft_report(call.session, call.actor, body.plan_id, asked, now=call.now)
    return Answer(_shown(call, made.id), location=f"/special-reports/{made.id}")


@endpoint("/special-reports/<id:report_id>", answer=ReportShown, tag=TAG)
def get_report(call: Call, report_id: int) -> ReportShown:
    """Give a report with how far its leaders are, what they wrote and what they ordered."""
    special_reports.visible_report(call.session, call.actor, report_id)
    return _shown(call, report_id)


@endpoint("/special-reports/<id:report_id>", "PUT", body=ReportChanged, answer=ReportShown, tag=TAG)
def change_report(call: Call, report_id: int, body: ReportChanged) -> ReportShown:
    """Change what a draft says; one that was sent is never changed."""
    asked = ReportAsked(body.title, body.text, body.recipients)
    special_reports.change_draft(call.session, call.actor, report_id, asked, now=call.now)
    return _shown(call, report_id)


@endpoint(
    "/special-reports/<id:report_id>/instructions", "POST", body=ReportInstructed, answer=ReportShown, status=201, tag=TAG
)
def instruct_on_report(call: Call, report_id: int, body: ReportInstructed) -> ReportShown:
    """Write an instruction on a report, give its orders, and finish my reading of it; leaders only."""
    orders = [Asked(one.holder, one.due_at) for one in body.orders]
    report_reading.instruct(call.session, call.actor, report_id, body.words, orders, now=call.now)
    return _shown(call, report_id)


@endpoint("/special-reports/<id:report_id>/document", tag=TAG, media=DOCX)
def get_report_document(call: Call, report_id: int) -> Response:
    """Give a report as the official document (docx)."""
    response = Response(special_reports.report_docx(call.session, call.actor, report_id), content_type=DOCX)
    response.headers["Content-Disposition"] = f'attachment; filename="report-{report_id}.docx"'
    return response


def _line(row: ReportRow) -> dict[str, Any]:
    one = row.report
    return {
        "id": one.id, "number": one.number, "organ": one.organ, "plan_id": one.plan_id, "title": one.title,
        "status": one.status, "recipients": list(one.recipients), "read": row.read, "drafted_by": row.drafter,
        "drafted_at": one.drafted_at, "sent_at": one.sent_at, "process_instance_id": one.instance_id,
        "origin_process_instance_id": one.origin_instance_id,
    }  # fmt: skip


def _shown(call: Call, report_id: int) -> ReportShown:
    row = report_list.row_of(call.session, report_id)
    given = report_reading.instructions_on(call.session, row.report)
    readings = [
        ReadingShown(
            person_id=one.user_id, name=one.name, state=one.state,  # type: ignore[arg-type]
            read_at=one.read_at,
            task_id=one.task.id if one.task is not None else None,
        )
        for one in report_reading.readings_of(call.session, row.report, given)
    ]  # fmt: skip
    return ReportShown(
        **_line(row), text=row.report.text, readings=readings, instructions=[instruction_shown(one) for one in given]
    )
