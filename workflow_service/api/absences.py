"""Absences: who is away from which to which day."""

from __future__ import annotations

from datetime import timedelta

from workflow_service.services import absences
from workflow_service.services.absences import AbsenceAsked, ShownAbsence

from .calls import Answer, Call, endpoint
from .office_shapes import AbsenceGiven, AbsenceQuery, Absences, AbsenceShown
from .shapes import Done

TAG = "absences"


@endpoint("/absences", query=AbsenceQuery, answer=Absences, tag=TAG)
def list_absences(call: Call, query: AbsenceQuery) -> Absences:
    """List my absences, those that are over too; a person's for his administrator only."""
    user_id = query.user_id or call.actor.user_id or 0
    return Absences(items=[_shown(one) for one in absences.absences_of(call.session, call.actor, user_id, now=call.now)])


@endpoint("/absences", "POST", body=AbsenceGiven, answer=AbsenceShown, status=201, tag=TAG)
def enter_absence(call: Call, body: AbsenceGiven) -> Answer:
    """Note that I am away, or a person whom I administer; a day on which he is away already answers 409.

    A substitute is named by `POST /substitutions`.
    """
    user_id = body.user_id or call.actor.user_id or 0
    asked = AbsenceAsked(user_id, body.kind, body.since, body.last, body.remark)
    made = absences.enter_absence(call.session, call.actor, asked, now=call.now)
    found = absences.absences_of(call.session, call.actor, user_id, now=call.now)
    return Answer(_shown(next(one for one in found if one.absence.id == made.id)), location="/absences")


@endpoint("/absences/<id:absence_id>", "DELETE", answer=Done, tag=TAG)
def end_absence(call: Call, absence_id: int) -> Done:
    """End an absence: the person is there again from today on; the row stays as history."""
    absences.end_absence(call.session, call.actor, absence_id, now=call.now)
    return Done()


def _shown(one: ShownAbsence) -> AbsenceShown:
    row = one.absence
    return AbsenceShown(
        id=row.id, user_id=row.user_id, kind=row.kind, since=row.since, last=one.last,  # type: ignore[arg-type]  # one of the four
        planned_last=row.planned_until - timedelta(days=1), remark=one.remark, state=one.state,  # type: ignore[arg-type]  # of three
        ended_at=row.ended_at,
    )  # fmt: skip
