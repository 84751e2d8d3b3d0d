"""The blueprint of these pages, and running a use case from a form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, request
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput, TongchouError
from workflow_service.i18n import _
from workflow_service.identity.import_people import read_day
from workflow_service.store.people import Membership

from ..current import require_sign_in, transaction

blueprint = Blueprint("people", __name__, url_prefix="/people", template_folder="templates")
blueprint.before_request(require_sign_in)


def attempt(use_case: Callable[[Session], Any]) -> tuple[Any, TongchouError | None]:
    """Run a use case in a transaction of its own; gives its result, or what the person can put right in the form."""
    try:
        with transaction() as writing:
            return use_case(writing), None
    except (InvalidInput, Conflict) as error:
        return None, error


def given(*names: str) -> dict[str, str]:
    """These fields of the form, trimmed."""
    return {name: request.form.get(name, "").strip() for name in names}


def given_day(name: str) -> date | None:
    """A day of the form, None where it is empty; raises InvalidInput."""
    return read_day(request.form.get(name, "").strip())


@blueprint.context_processor
def _choices() -> dict[str, Any]:
    """Lists of (code, text) for the choices of these pages."""
    return {
        "area_options": lambda found: [(each.area, each.name) for each in found],
        "parent_options": lambda units: [(unit.code, unit.name) for unit in units],
        "unit_codes": lambda units: [(unit.code, unit.short_name) for unit in units],
        "relation_options": lambda names: [(code, _(name)) for code, name in names.items()],
        "role_options": lambda names: [(code, _(name)) for code, name in names.items() if code],
        "day_options": lambda days: [(str(count), _("%(count)s 天", count=count)) for count in days],
        "moved_options": _moved_options,
    }


def _moved_options(present: list[Membership], manages: set[int]) -> list[tuple[int, str]]:
    """The posts that a person may be moved from."""
    return [
        (held.id, _("由“%(post)s”调任", post=f"{held.post.unit.short_name}·{held.post.name}"))
        for held in present
        if held.id in manages
    ]
