"""Templates of official documents: which one is in force, uploading one edited in Word, going back to the delivered one.

One for the whole installation, like the rhythms that use them. Every upload is kept; a document that was sent keeps its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from workflow_service.documents import bulletin, slip, special_report, weekly
from workflow_service.documents.built_in_templates import built_in
from workflow_service.documents.docx import write_docx
from workflow_service.documents.model import Document
from workflow_service.documents.template_examples import EXAMPLES
from workflow_service.documents.template_fields import BULLETIN, CIRCULAR, FIELDS, REPORT, SLIP, WEEKLY
from workflow_service.documents.templates import check_template, fill_template, text_of
from workflow_service.domain.documents import require_unclassified
from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.identity.words import plain_text
from workflow_service.store.people import User
from workflow_service.store.supervision import DocumentTemplate

from . import audit
from .context import Actor
from .ownership import area_of_all

LONGEST_NAME = 120
FIRST_LINES = 20
SHOWN = 20
BUILT_IN: Mapping[str, Callable[[Any], Document]] = {
    BULLETIN: bulletin.bulletin_document, CIRCULAR: bulletin.bulletin_document, WEEKLY: weekly.weekly_document,
    SLIP: slip.slip_document, REPORT: special_report.report_document,
}  # fmt: skip


def write(session: Session, kind: str, document: Any, *, at: datetime | None = None) -> bytes:
    """Write a document as docx: by the template in force, by the delivered layout where none was uploaded.

    `at` is when the document was sent: the template of that moment counts, whatever came later.
    """
    found = in_force(session, kind, at=at)
    if found is None:
        return write_docx(BUILT_IN[kind](document))
    return fill_template(kind, found.content, document)


def in_force(session: Session, kind: str, *, at: datetime | None = None) -> DocumentTemplate | None:
    """Give the uploaded template in force, now or at a moment; None where the delivered layout was."""
    standing: list[ColumnElement[bool]] = [DocumentTemplate.retired_at.is_(None)]
    if at is not None:
        not_yet_retired = or_(DocumentTemplate.retired_at.is_(None), DocumentTemplate.retired_at > at)
        standing = [DocumentTemplate.uploaded_at <= at, not_yet_retired]
    newest = select(DocumentTemplate).where(DocumentTemplate.kind == kind, *standing)
    return session.scalars(newest.order_by(DocumentTemplate.id.desc()).limit(1)).one_or_none()


def uploads_of(session: Session, kind: str) -> Sequence[tuple[DocumentTemplate, str]]:
    """Give what was uploaded for a kind, the newest first, with who did it."""
    statement = (
        select(DocumentTemplate, User.name)
        .outerjoin(User, User.id == DocumentTemplate.uploaded_by)
        .where(DocumentTemplate.kind == kind)
        .order_by(DocumentTemplate.id.desc())
        .limit(SHOWN)
    )
    return [(row[0], row[1] or "") for row in session.execute(statement)]


def current(session: Session, actor: Actor, kind: str, *, now: datetime) -> bytes:
    """Give the template in force as a docx to edit; raises NotFound, Forbidden."""
    _require_known(kind)
    policy.require(actor, "rhythm.see")
    found = in_force(session, kind)
    return found.content if found is not None else built_in(kind, now)


def example(session: Session, actor: Actor, kind: str) -> bytes:
    """Give a document of constructed values, filled by the template in force; raises NotFound, Forbidden."""
    _require_known(kind)
    policy.require(actor, "rhythm.see")
    return write(session, kind, EXAMPLES[kind])


def upload(session: Session, actor: Actor, kind: str, name: str, content: bytes, *, now: datetime) -> DocumentTemplate:
    """Put a template into force once it is checked and an example can be filled by it.

    Raises NotFound, Forbidden, and TemplateRefused naming what is wrong: no docx, unknown fields, anything that would run.
    """
    _require_known(kind)
    policy.require(actor, "rhythm.manage", area_of_all(session))
    if not content:
        raise InvalidInput(N_("请选择要上传的模板文件。"))
    check_template(kind, content)
    require_unclassified(text_of(content).splitlines()[:FIRST_LINES])
    fill_template(kind, content, EXAMPLES[kind])
    made = DocumentTemplate(
        kind=kind, name=plain_text(name)[:LONGEST_NAME] or f"{kind}.docx", content=content, uploaded_at=now,
        uploaded_by=actor.user_id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "template.upload", f"template:{kind}", {"id": made.id, "name": made.name}, now=now)
    return made


def go_back(session: Session, actor: Actor, kind: str, *, now: datetime) -> None:
    """Use the delivered layout again; raises NotFound, Forbidden, Conflict where it is in force."""
    _require_known(kind)
    policy.require(actor, "rhythm.manage", area_of_all(session))
    standing = DocumentTemplate.kind == kind, DocumentTemplate.retired_at.is_(None)
    retired = session.execute(update(DocumentTemplate).where(*standing).values(retired_at=now).returning(DocumentTemplate.id))
    if not retired.all():
        raise Conflict(N_("正在使用的就是系统自带的模板。"))
    audit.record(session, actor, "template.retire", f"template:{kind}", {}, now=now)


def _require_known(kind: str) -> None:
    if kind not in FIELDS:
        raise NotFound(N_("没有这种公文模板。"))
