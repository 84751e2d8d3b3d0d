"""One page a kind of document: the template in force, its fields, an example filled by it, what was uploaded before."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.documents.preview import Preview, preview_docx
from workflow_service.documents.template_fields import BULLETIN, FIELDS
from workflow_service.documents.templates import LARGEST_BYTES
from workflow_service.domain.errors import NotFound
from workflow_service.i18n import N_, _
from workflow_service.services import paper_templates, rhythm_settings

from ..current import page_actor, page_now, page_session, require_sign_in, transaction
from ..downloads import download
from ..rights import require

blueprint = Blueprint("papers", __name__, url_prefix="/templates", template_folder="templates")
blueprint.before_request(require_sign_in)
blueprint.before_request(lambda: require("rhythm.see"))


@blueprint.get("", defaults={"kind": BULLETIN})
@blueprint.get("/<kind>")
def show(kind: str) -> ResponseReturnValue:
    """One kind of document."""
    if kind not in FIELDS:
        raise NotFound(N_("没有这种公文模板。"))
    session = page_session()
    return render_template(
        "papers/show.html", kind=kind, kinds=[(code, _(one.label)) for code, one in FIELDS.items()], fields=FIELDS[kind],
        found=paper_templates.in_force(session, kind), uploads=paper_templates.uploads_of(session, kind),
        example=_read(paper_templates.example(session, page_actor(), kind)),
        manages=rhythm_settings.may_set(session, page_actor()),
    )  # fmt: skip


@blueprint.get("/<kind>/<any(current, example):what>.docx")
def export(kind: str, what: str) -> Response:
    """The template in force, to be edited, or the example filled by it."""
    session, actor = page_session(), page_actor()
    if what == "current":
        content, name = paper_templates.current(session, actor, kind, now=page_now()), _("%(kind)s模板", kind=_label(kind))
    else:
        content, name = paper_templates.example(session, actor, kind), _("%(kind)s样例", kind=_label(kind))
    return download(content, f"{name}.docx")


@blueprint.post("/<kind>")
def upload(kind: str) -> ResponseReturnValue:
    """Put an edited template into force."""
    sent = request.files.get("file")
    content = sent.stream.read(LARGEST_BYTES + 1) if sent else b""
    with transaction() as session:
        paper_templates.upload(session, page_actor(), kind, (sent and sent.filename) or "", content, now=page_now())
    flash(_("已启用新模板，下一份文件起使用。"))
    return redirect(url_for("papers.show", kind=kind))


@blueprint.post("/<kind>/delivered")
def go_back(kind: str) -> ResponseReturnValue:
    """Use the delivered template again."""
    with transaction() as session:
        paper_templates.go_back(session, page_actor(), kind, now=page_now())
    flash(_("已恢复系统自带的模板。"))
    return redirect(url_for("papers.show", kind=kind))


def _label(kind: str) -> str:
    return _(FIELDS[kind].label)


def _read(content: bytes) -> Preview:
    """The example's words and tables in order, as the preview of files shows them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "example.docx"
        path.write_bytes(content)
        return preview_docx(path)
