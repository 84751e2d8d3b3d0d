"""Substitutes: who acts for whom, on which routes, until when."""

from __future__ import annotations

from workflow_service.services import substitutions
from workflow_service.services.substitutions import ShownGrant, SubstituteAsked

from .calls import Answer, Call, endpoint
from .office_shapes import SubstituteGiven, SubstituteQuery, Substitutions, SubstitutionShown
from .shapes import Done

TAG = "substitutions"


@endpoint("/substitutions", query=SubstituteQuery, answer=Substitutions, tag=TAG)
def list_substitutions(call: Call, query: SubstituteQuery) -> Substitutions:
    """List what a person gave and got; somebody else's for his administrator only."""
    user_id = query.user_id or call.actor.user_id or 0
    found = substitutions.grants_of(call.session, call.actor, user_id, now=call.now)
    return Substitutions(items=[_shown(one) for one in found])


@endpoint("/substitutions", "POST", body=SubstituteGiven, answer=SubstitutionShown, status=201, tag=TAG)
def name_substitute(call: Call, body: SubstituteGiven) -> Answer:
    """Let somebody act for me, or for a person whom I administer; a circle answers 409."""
    principal_id = body.principal_id or call.actor.user_id or 0
    asked = SubstituteAsked(
        principal_id, body.substitute_id, body.since, body.until, body.processes, body.may_decide
    )
    made = substitutions.name_substitute(call.session, call.actor, asked, now=call.now)
    grants = substitutions.grants_of(call.session, call.actor, principal_id, now=call.now)
    return Answer(_shown(next(one for one in grants if one.grant.id == made.id)), location="/substitutions")


@endpoint("/substitutions/<id:grant_id>", "DELETE", answer=Done, tag=TAG)
def revoke_substitute(call: Call, grant_id: int) -> Done:
    """End a grant now: who gave it, who got it, or the administrator."""
    substitutions.revoke_substitute(call.session, call.actor, grant_id, now=call.now)
    return Done()


def _shown(one: ShownGrant) -> SubstitutionShown:
    grant = one.grant
    return SubstitutionShown(
        id=grant.id, principal_id=grant.principal_id, principal=one.principal, substitute_id=grant.substitute_id,
        substitute=one.substitute, since=grant.since, until=grant.until, processes=list(grant.processes),
        may_decide=grant.may_decide, state=one.state,  # type: ignore[arg-type]  # one of the three
    )  # fmt: skip
