"""The page of settings: which names the operations bear."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.i18n import _
from workflow_service.services import wording
from workflow_service.services.ownership import area_of_all

from ..current import page_actor, page_now, page_session, require_sign_in, transaction
from ..operation_words import OPERATIONS
from ..rights import require

blueprint = Blueprint("settings", __name__, url_prefix="/settings", template_folder="templates")
blueprint.before_request(require_sign_in)


@blueprint.get("")
def index() -> ResponseReturnValue:
    """What is chosen now, and what each choice means."""
    require("setting.manage", area_of_all(page_session()))
    named = [(code, _(office), _(suites)) for code, (office, suites) in OPERATIONS.items() if office != suites]
    return render_template("settings/index.html", names=wording.operation_names(page_session()), named=named)


@blueprint.post("")
def choose() -> ResponseReturnValue:
    """Choose the names of the operations."""
    with transaction() as session:
        wording.set_operation_names(session, page_actor(), request.form.get("operation_names", ""), now=page_now())
    flash(_("已保存，所有人下次打开页面时生效。"))
    return redirect(url_for("settings.index"))
