"""Standard opinions (常用意见): one's own in the order that one likes, and those that a unit offers to its people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store.people import Unit
from workflow_service.store.personal import Phrase

from . import audit
from .context import Actor

LONGEST, MOST = 200, 30


def own_phrases(session: Session, actor: Actor) -> list[str]:
    """Give a person's own phrases in his order."""
    return _texts(session, Phrase.user_id == actor.user_id) if actor.user_id is not None else []


def unit_phrases(session: Session, unit_id: int | None) -> list[str]:
    """Give what a unit offers to its people."""
    return _texts(session, Phrase.unit_id == unit_id) if unit_id is not None else []


def offered(session: Session, actor: Actor) -> list[str]:
    """Give what a person may choose from: his own, then his unit's, each text once; empty where nobody set any up."""
    return list(dict.fromkeys([*own_phrases(session, actor), *unit_phrases(session, actor.unit_id)]))


def set_own_phrases(session: Session, actor: Actor, texts: Sequence[str], *, now: datetime) -> list[str]:
    """Put these phrases in place of a person's own, in this order; raises InvalidInput."""
    if actor.user_id is None:
        raise InvalidInput(N_("常用意见属于个人或单位。"))
    kept = _replace(session, Phrase.user_id == actor.user_id, texts, user_id=actor.user_id)
    audit.record(session, actor, "phrase.own", f"user:{actor.user_id}", {"phrases": kept}, now=now)
    return kept


def add_own_phrase(session: Session, actor: Actor, text: str, *, now: datetime) -> list[str]:
    """Add one phrase at the end of a person's own; one that he has already changes nothing. Raises InvalidInput, Conflict."""
    present = own_phrases(session, actor)
    if text.strip() in present:
        return present
    if len(present) >= MOST:
        raise Conflict(N_("最多保存 %(limit)s 条常用意见，请先删除不用的。"), limit=MOST)
    return set_own_phrases(session, actor, [*present, text], now=now)


def set_unit_phrases(session: Session, actor: Actor, unit_id: int, texts: Sequence[str], *, now: datetime) -> list[str]:
    """Put these phrases in place of what a unit offers; for its leaders and its area's administrators. Raises Forbidden."""
    unit = session.get_one(Unit, unit_id)
    policy.require(actor, "phrase.unit", policy.thing_of(unit.area_path, unit_ids=(unit_id,)))
    kept = _replace(session, Phrase.unit_id == unit_id, texts, unit_id=unit_id)
    audit.record(session, actor, "phrase.unit", f"unit:{unit_id}", {"phrases": kept}, now=now)
    return kept


def _texts(session: Session, whose: ColumnElement[bool]) -> list[str]:
    return list(session.scalars(select(Phrase.text).where(whose).order_by(Phrase.position, Phrase.id)))


def _replace(session: Session, whose: ColumnElement[bool], texts: Sequence[str], **owner: int) -> list[str]:
    kept = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(kept) > MOST:
        raise InvalidInput(N_("最多保存 %(limit)s 条常用意见，请先删除不用的。"), limit=MOST, field="phrases")
    if any(len(text) > LONGEST for text in kept):
        raise InvalidInput(N_("一条常用意见不能超过 %(limit)s 字。"), limit=LONGEST, field="phrases")
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"phrase {owner}"))))
    session.execute(delete(Phrase).where(whose))
    session.add_all(Phrase(text=text, position=place, **owner) for place, text in enumerate(kept))
    session.flush()
    return kept
