"""The blueprint of these pages, and what their forms share."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, request

from workflow_service.domain.days import read_day
from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_
from workflow_service.services import candidates
from workflow_service.store import choosing
from workflow_service.store.plans import Plan

from ..current import page_actor, page_day, page_now, page_session, require_sign_in
from ..rights import allowed

blueprint = Blueprint("supervision", __name__, url_prefix="/supervision", template_folder="templates")
blueprint.before_request(require_sign_in)


def given_day(name: str, missing: str) -> date:
    """A day of the form; raises InvalidInput, saying `missing` where it is empty."""
    text = request.form.get(name, "").strip()
    if not text:
        raise InvalidInput(missing)
    try:
        return read_day(text)
    except ValueError as error:
        raise InvalidInput(N_("日期应写作 2021-06-30 这样。")) from error


def given_id(name: str) -> int | None:
    """A row's id of the form or the address, None where there is none."""
    text = request.values.get(name, "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def given_person(name: str) -> int | None:
    """The id of a person chosen as `u:7`, None where nobody was."""
    text = request.form.get(name, "").removeprefix("u:").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def choices_of_people() -> dict[str, Any]:
    """Posts and people to choose from."""
    session, actor, now = page_session(), page_actor(), page_now()
    return {
        "posts": [one.option for one in candidates.posts_in_sight(session, actor, now=now)],
        "people": [one.option for one in candidates.colleagues(session, actor.user_id or 0, now=now)],
    }


def choices_of_units() -> dict[str, Any]:
    """Units that somebody works in today, to choose from."""
    posts = choosing.filled_posts(page_session(), page_actor().area_paths, page_day(), candidates.MOST_LISTED)
    return {"units": list({code: (code, name) for code, _post, name, _post_name in posts}.values())}


def plan_named(plan_id: int | None) -> Plan | None:
    """The plan that a page is opened for."""
    return page_session().get(Plan, plan_id) if plan_id is not None else None


@blueprint.context_processor
def _rights() -> dict[str, Any]:
    return {"may_list": lambda: allowed("listing.manage"), "may_issue_slips": lambda: allowed("slip.issue")}
