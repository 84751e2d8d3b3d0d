"""Plans by title, code or pinyin initials; people likewise, of the reader's areas, each with who stands in for him now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from workflow_service.identity import policy
from workflow_service.identity.names import matches
from workflow_service.store import people_queries, plan_list, substitute_queries
from workflow_service.store.people import User
from workflow_service.store.people_queries import PeopleFilter
from workflow_service.store.plan_list import PlanFilter
from workflow_service.store.plans import Plan

from ..current import page_actor, page_day, page_session, require_sign_in

blueprint = Blueprint("search", __name__, url_prefix="/search", template_folder="templates")
blueprint.before_request(require_sign_in)

SHOWN = 20


@dataclass(frozen=True)
class FoundPerson:
    """A person with unit and post; `stand_in` acts for him today, up to and including `until` (a business date)."""

    user: User
    where: str
    stand_in: str = ""
    until: date | None = None


@blueprint.get("")
def results() -> ResponseReturnValue:
    """What was found; a plan's whole code leads straight to it."""
    typed, actor, session = request.args.get("q", "").strip(), page_actor(), page_session()
    if exact := session.scalar(select(Plan.id).where(Plan.code == typed.upper())):
        return redirect(url_for("plans.show", plan_id=exact))
    areas = policy.visible_areas(actor)
    wanted = PlanFilter(
        areas=areas, own_units=actor.unit_ids, public=True, words=matches(Plan.keywords, typed), live_only=False
    )
    found = plan_list.plan_page(session, wanted, limit=SHOWN + 1) if typed else []
    return render_template(
        "search/results.html", typed=typed, plans=found[:SHOWN], more=len(found) > SHOWN, people=_people(typed)
    )


def _people(typed: str) -> list[FoundPerson]:
    if not typed:
        return []
    session, today = page_session(), page_day()
    wanted = PeopleFilter(areas=policy.visible_areas(page_actor()), words=matches(User.keywords, typed))
    found = people_queries.people_page(session, wanted, today, after=None, limit=SHOWN)
    ids = [user.id for user in found]
    where = {
        one.user_id: f"{one.post.unit.name} · {one.post.name}"
        for one in reversed(people_queries.memberships_of(session, ids, today))
    }
    acting = {
        grant.principal_id: (name, grant.until - timedelta(days=1))
        for grant, name in reversed(substitute_queries.stand_ins(session, ids, today))
    }
    return [FoundPerson(user, where.get(user.id, ""), *acting.get(user.id, ())) for user in found]
