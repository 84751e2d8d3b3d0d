"""Number series without gaps: plan codes, documents, bulletins; counted in the transaction that uses them."""

from __future__ import annotations

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from workflow_service.domain.documents import DocumentNumber
from workflow_service.store.people import Unit
from workflow_service.store.plans import CodeSeries

ISSUED = "发"
"""How most organs' codes end; a series for another kind of document puts the kind's word in its place."""


def next_number(session: Session, series: str) -> int:
    """Give the next number of a series, from 1; the series' row stays locked until the transaction ends."""
    statement = insert(CodeSeries).values(name=series, last=1)
    statement = statement.on_conflict_do_update(index_elements=["name"], set_={"last": CodeSeries.last + 1})
    return session.execute(statement.returning(CodeSeries.last)).scalar_one()


def prefix_of(organ: Unit, word: str) -> str:
    """Give the organ's code with a kind's word: 北区政办发 and 抄 give 北区政办抄. Its short name stands in for a code."""
    return (organ.document_prefix or organ.short_name or organ.name).removesuffix(ISSUED) + word


def next_document_number(session: Session, organ: Unit, word: str, year: int) -> DocumentNumber:
    """Give an organ's next number of the year for documents of one kind (`word`), a series of its own."""
    prefix = prefix_of(organ, word)
    return DocumentNumber(prefix, year, next_number(session, DocumentNumber(prefix, year, 1).series))


def note_number(session: Session, series: str, number: int) -> None:
    """Note a number that somebody gave by hand, so that the series goes on behind it."""
    statement = insert(CodeSeries).values(name=series, last=number)
    statement = statement.on_conflict_do_update(
        index_elements=["name"], set_={"last": func.greatest(CodeSeries.last, number)}
    )
    session.execute(statement)
