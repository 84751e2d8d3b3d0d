"""Shapes that many answers and requests share: base models, pages, and types that refuse what the database cannot keep."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from workflow_service.domain.days import FIRST_YEAR, LAST_YEAR, OutOfReach
from workflow_service.i18n import N_

LARGEST_PAGE = 200
Item = TypeVar("Item")


def _in_reach(value: datetime | date) -> Any:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise PydanticCustomError("date_out_of_reach", OutOfReach.text)
    return value


def _text_only(value: Any) -> Any:
    if not isinstance(value, str | date):
        raise PydanticCustomError("date_as_text", N_("日期和时间应写作文字，例如 2026-10-12T09:00+08:00"))
    return value


def _storable(value: Any) -> Any:
    """Refuse numbers that JSON does not know; NUL is refused for the whole body."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
        elif isinstance(one, float) and not math.isfinite(one):
            raise PydanticCustomError("not_a_number", N_("NaN 和 Infinity 不是 JSON 里的数"))
    return value


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Moment = Annotated[AwareDatetime, PlainSerializer(_utc, return_type=str, when_used="json")]
"""A moment in an answer, in UTC to the second."""
GivenMoment = Annotated[AwareDatetime, BeforeValidator(_text_only), AfterValidator(_in_reach)]
"""A moment in a request, with its offset from UTC."""
GivenDay = Annotated[date, BeforeValidator(_text_only), AfterValidator(_in_reach)]
"""A business date in a request, such as 2026-10-12."""
Values = Annotated[dict[str, Any], AfterValidator(_storable)]
"""Free JSON values by name."""
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""The id of a row."""
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Long = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class Given(BaseModel):
    """What a client sends: unknown members are refused, so that a slip of the pen is seen."""

    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(from_attributes=True)


class PageQuery(Given):
    """How much of a list is wanted, and from where."""

    limit: int = Field(50, ge=1, le=LARGEST_PAGE, description="rows a page")
    cursor: str | None = Field(None, max_length=2000, description="`next_cursor` of the page before")


class Page(Shown, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last one."""

    items: list[Item]
    next_cursor: str | None = None


class CountedPage(Page[Item], Generic[Item]):
    """One page with the number of all rows, exact up to 1,000; `more` says that there are more than that."""

    total: int
    more: bool


class Done(Shown):
    """The command was carried out."""

    done: bool = True


class ReasonGiven(Given):
    """Why something is done; it goes on record."""

    reason: Reason
