"""Number series without gaps: plan codes, documents, bulletins; counted in the transaction that uses them."""

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from workflow_service.store.plans import CodeSeries


def next_number(session: Session, series: str) -> int:
    """Give the next number of a series, from 1; the series' row stays locked until the transaction ends."""
    statement = insert(CodeSeries).values(name=series, last=1)
    statement = statement.on_conflict_do_update(index_elements=["name"], set_={"last": CodeSeries.last + 1})
    return session.execute(statement.returning(CodeSeries.last)).scalar_one()


def note_number(session: Session, series: str, number: int) -> None:
    """Note a number that somebody gave by hand, so that the series goes on behind it."""
    statement = insert(CodeSeries).values(name=series, last=number)
    statement = statement.on_conflict_do_update(
        index_elements=["name"], set_={"last": func.greatest(CodeSeries.last, number)}
    )
    session.execute(statement)
