"""Which form a bulletin has, 简报 or 通报, and the number that it gets at its release (docs/domain.md §3.6, §6).

Each form has a number series of its own: a 简报 one of its government and year, a 通报 one of its government, its organ's
code and year: two organs may have the same code.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow_service.documents.template_fields import BULLETIN, CIRCULAR
from workflow_service.domain.documents import BulletinForm, DocumentNumber, IssueNumber
from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.rhythms import Rhythm
from workflow_service.i18n import N_
from workflow_service.store.people import Unit
from workflow_service.store.supervision import Bulletin

from .numbering import next_number, note_number, prefix_of
from .rhythm_settings import choice

WORD = "通报"
"""What stands behind the organ's code: 浙发改 gives 浙发改通报〔2026〕3号."""
RELEASED = "released"
TEMPLATES = {BulletinForm.BRIEFING: BULLETIN, BulletinForm.CIRCULAR: CIRCULAR}


def form_of(session: Session, bulletin: Bulletin) -> BulletinForm:
    """Give the form in which it was released; a draft has the one that is set now."""
    if bulletin.status != RELEASED:
        return choice(session, Rhythm.TEN_DAY).form
    return BulletinForm(bulletin.form or BulletinForm.BRIEFING)


def number_of(bulletin: Bulletin) -> IssueNumber | DocumentNumber | None:
    """Give the number with which it was released; a draft has none."""
    if not bulletin.year or not bulletin.number:
        return None
    if bulletin.document_prefix:
        return DocumentNumber(bulletin.document_prefix, bulletin.year, bulletin.number)
    return IssueNumber(bulletin.year, bulletin.number)


def give_number(session: Session, bulletin: Bulletin, year: int) -> None:
    """Settle its form and give it the next number of that form in a year; raises InvalidInput without a usable organ's code."""
    form = form_of(session, bulletin)
    bulletin.form, bulletin.year = form.value, year
    if form is BulletinForm.BRIEFING:
        bulletin.number = next_number(session, f"bulletin:{bulletin.area}:{year}")
        return
    organ = organ_of(session, bulletin.area)
    if organ is None or not organ.document_prefix or not DocumentNumber.is_prefix(prefix_of(organ, WORD)):
        name = organ.name if organ is not None else bulletin.area
        raise InvalidInput(N_("“%(unit)s”没有机关代字，请管理员在单位资料中填写后重试。"), unit=name)
    bulletin.document_prefix = prefix_of(organ, WORD)
    bulletin.number = _next_circular(session, bulletin.area, bulletin.document_prefix, year)


def _next_circular(session: Session, area: str, prefix: str, year: int) -> int:
    """The next number after those given, also in the days when governments with the same code shared a series."""
    series = f"bulletin:{area}:{DocumentNumber(prefix, year, 1).series}"
    given = Bulletin.area == area, Bulletin.year == year, Bulletin.document_prefix == prefix
    with session.no_autoflush:
        note_number(session, series, session.scalar(select(func.max(Bulletin.number)).where(*given)) or 0)
    return next_number(session, series)


def organ_of(session: Session, area: str) -> Unit | None:
    """Give the commission that reports for an area."""
    found = select(Unit).where(Unit.area == area, Unit.relation == "drc").order_by(Unit.active.desc(), Unit.id)
    return session.scalars(found.limit(1)).first()


def without_code(session: Session) -> list[str]:
    """Give the names of the commissions that have no code yet, who cannot release a 通报."""
    lacking = Unit.relation == "drc", Unit.active, Unit.document_prefix == ""
    return list(session.scalars(select(Unit.name).where(*lacking).order_by(Unit.area_path, Unit.id)))
