"""People, units, posts and tokens as the interface takes and shows them."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from .shapes import CountedPage, Given, GivenDay, Moment, Name, PageQuery, Short, Shown

Role = Literal["", "designer", "supervisor", "administrator", "leader"]


class PostHeld(Shown):
    """A post that a person holds."""

    membership_id: int
    unit_id: int
    unit_code: str
    unit_name: str
    post_code: str
    post_name: str
    role: Role
    since: date
    until: date | None


class MyselfShown(Shown):
    """Who I am to the service: my posts, the keys under which tasks reach me, my roles and areas."""

    id: int
    username: str
    name: str
    language: str
    unit_id: int | None
    groups: list[str]
    roles: list[str]
    areas: list[str]
    posts: list[PostHeld]


class PersonShown(Shown):
    """One person."""

    id: int
    username: str
    name: str
    email: str
    mobile: str
    active: bool
    locked_until: Moment | None
    last_sign_in_at: Moment | None
    posts: list[PostHeld]


class People(CountedPage[PersonShown]):
    """One page of people, by rank of post and pinyin."""


class PeopleQuery(PageQuery):
    """Which people."""

    q: str = Field("", max_length=60, description="name, pinyin initials or log-in name")
    unit: str = Field("", max_length=40, description="code of a unit; those below it count")
    role: Role = ""
    active: bool = True


class PostGiven(Given):
    """A post by the codes of unit and post."""

    unit: Name
    post: Name
    since: GivenDay | None = Field(None, description="first day, today by default")


class PersonGiven(Given):
    """A person to set up, with at least one post."""

    username: Name
    name: Name
    email: Short = ""
    mobile: Short = ""
    posts: list[PostGiven] = Field(min_length=1, max_length=20)


class PersonChange(Given):
    """What can be changed of a person."""

    name: Name
    email: Short = ""
    mobile: Short = ""


class AccountShown(PersonShown):
    """A person just set up; the temporary password is shown this once."""

    temporary_password: str


class EndGiven(Given):
    """The day from which the post is no longer held, today by default."""

    until: GivenDay | None = None


class UnitShown(Shown):
    """One unit."""

    id: int
    code: str
    name: str
    short_name: str
    level: str
    area: str
    area_path: str
    relation: str
    parent_id: int | None
    document_prefix: str
    active: bool
    successor_id: int | None = Field(description="the unit into which it was merged")


class Units(Shown):
    """Units in the order of the tree."""

    items: list[UnitShown]


class PostShown(Shown):
    """One post of a unit."""

    id: int
    code: str
    name: str
    role: Role
    rank: int


class UnitDetail(UnitShown):
    """One unit with its posts."""

    posts: list[PostShown]


class UnitQuery(Given):
    """Which units."""

    active: bool = True


class UnitChange(Given):
    """What can be changed of a unit."""

    name: Name
    short_name: Short = ""
    parent: Short = Field("", description="code of the unit above")
    relation: Short = Field("", description="what it is to its area: drc, ecology …")
    document_prefix: Short = ""


class UnitGiven(UnitChange):
    """A unit to set up with the usual posts."""

    code: Name
    area: str = Field(max_length=12, description="division code of its government")


class MergerInto(Given):
    """Into which unit."""

    into: Name = Field(description="code of the successor, a unit of the same government")


class MergerGiven(MergerInto):
    """A merger: it is carried out at once and cannot be taken back."""

    reason: str = Field(min_length=1, max_length=500, description="the document or decision that orders it")


class MergerShown(Shown):
    """What goes over from a unit to its successor, counted; `posts` are those that the successor lacked."""

    unit: str
    into: str
    people: int
    posts: list[str]
    tasks: int
    plans: int
    matters: int = Field(description="listed matters that stand and slips without their answer")
    units: int
    relation: str = Field(description="what the successor becomes to its area, empty where it has a function of its own")
    document_prefix: str = Field(description="the prefix of documents that the successor takes over, empty where it has its own")


class TokenShown(Shown):
    """A personal token; its text was shown once, when it was made."""

    id: int
    name: str
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    last_used_at: Moment | None


class TokenMade(TokenShown):
    """A token just made, with its text: keep it now."""

    text: str


class Tokens(Shown):
    """My tokens, the newest first."""

    items: list[TokenShown]


class TokenGiven(Given):
    """What the token is for, and for how many days."""

    name: Name
    days: int = Field(90, ge=1, le=366)


class ImportGiven(Given):
    """How the file is taken: `check` only tells what would happen."""

    check: Literal["true", "false"] = "false"


class ImportedPersonShown(Shown):
    """A person whom an import set up."""

    username: str
    name: str
    unit: str
    temporary_password: str


class ImportRowShown(Shown):
    """What one row of the file would do, or why it cannot."""

    row: int
    effect: Literal["new", "post", "same", "error"]
    errors: list[str]


class ImportShown(Shown):
    """What an import did (or, when checked only, would do)."""

    written: bool
    rows: list[ImportRowShown]
    people: list[ImportedPersonShown]
