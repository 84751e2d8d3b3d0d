"""Candidate groups computed from the plan: `drc_above:planner` → `nb.fgw:planner` (docs/domain.md §2.3).

The few facts needed (which unit fills which relation, which posts it has) change rarely and are asked at every step.
They are cached per process under the structure's version, which `actor_for` reads along with the person: a warm
step costs no statement, a step without a person (a timer) one. Every change of a unit or post calls
`structure_changed`; the version is unique per change, so neither a roll-back nor another database can repeat it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow_service.domain.divisions import area_above
from workflow_service.domain.errors import InvalidInput
from workflow_service.engine.script import compile_template
from workflow_service.i18n import N_
from workflow_service.identity.actor import Actor
from workflow_service.identity.words import Word
from workflow_service.store import people_queries

LEAD_UNIT = "lead_unit"
# relation in a diagram → (relation of the unit, whether it is one level up)
RELATIONS = {
    "drc": ("drc", False),
    "drc_above": ("drc", True),
    "government_office": ("government_office", False),
    "government_office_above": ("government_office", True),
    "party_office": ("party_office", False),
    "congress_office": ("congress_office", False),
    "ecology": ("ecology", False),
    "water": ("water", False),
    "natural_resources": ("natural_resources", False),
    "inspection_office": ("inspection_office", False),
}
# what the relations are called where a user reads of them
RELATION_NAMES = {
    "drc": N_("发展改革委"),
    "government_office": N_("政府办公室"),
    "party_office": N_("党委办公室"),
    "congress_office": N_("人大办公室"),
    "ecology": N_("生态环境部门"),
    "water": N_("水利部门"),
    "natural_resources": N_("自然资源部门"),
    "inspection_office": N_("督查室"),
}

_VERSION = "people_structure_version"
_BUMP = text("""
    INSERT INTO setting (name, value, changed_at)
    VALUES (:name, jsonb_build_object('version', pg_current_xact_id()::text || ' ' || clock_timestamp()), now())
    ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value, changed_at = EXCLUDED.changed_at
""")


class GroupError(InvalidInput):
    """A candidate group of a diagram leads to nobody: no such relation, unit or post."""

    code = "group_without_unit"
    text = N_("候选岗位无法确定。")


@dataclass
class _Known:
    """What one process knows of units under one version; `codes` by (area, relation), `posts` and `ids` by unit code.

    A unit that was merged into another stands under its own code with what its successor has; `heirs` says which that is.
    """

    version: str = ""
    codes: dict[tuple[str, str], str] = field(default_factory=dict)
    posts: dict[str, frozenset[str]] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    heirs: dict[str, str] = field(default_factory=dict)


_known = _Known()


@dataclass(frozen=True)
class _Wanted:
    """One candidate group: a place to look up (`area`, `relation`) or a unit `code`, and the post."""

    text: str
    post: str
    code: str = ""
    area: str = ""
    relation: str = ""


def resolve_groups(
    session: Session, expressions: Iterable[str], plan: Mapping[str, Any], variables: Mapping[str, Any]
) -> list[str]:
    """Turn a diagram's candidate groups into `unit code:post code` keys, in order and without repetition.

    `plan` is the plan variable (`jurisdiction`, `lead_unit`); `variables` serve `${…}` places. Each unit must be
    active and have the post. Raises GroupError (an incident) that names the group and what is missing.
    """
    wanted = [_read(text.strip(), plan, variables) for text in expressions if text.strip()]
    known = _look_up(session, wanted)
    return list(dict.fromkeys(_resolved(each, known) for each in wanted))


def unit_id_of(session: Session, code: str) -> int | None:
    """Give the id of an active unit by its code (its successor's, where it was merged into another).

    No statement after its groups were resolved in this transaction.
    """
    wanted = _Wanted(code, "", code=code)
    return _look_up(session, [wanted]).ids.get(code)


def holder_of(group: str) -> str:
    """Give the holder key of the inbox for a resolved group."""
    return f"g:{group}"


def remember_version(session: Session, version: str) -> None:
    """Note the structure's version as read for this transaction (`Actor.structure`)."""
    session.info[_VERSION] = (session.get_transaction(), version)


def remember_version_of(session: Session, actor: Actor) -> None:
    """Note the version that was read with the actor of a request; one kept for longer may be out of date."""
    if actor.structure and actor.source in ("web", "api") and not _version_here(session):
        remember_version(session, actor.structure)


def structure_changed(session: Session) -> None:
    """Make every process forget what it knows of units and posts, once this transaction is committed."""
    session.flush()
    session.execute(_BUMP, {"name": people_queries.STRUCTURE_SETTING})
    session.info.pop(_VERSION, None)


def _read(text: str, plan: Mapping[str, Any], variables: Mapping[str, Any]) -> _Wanted:
    filled = compile_template(text).evaluate({"plan": plan, **variables}) if "${" in text else text
    unit, colon, post = filled.rpartition(":")
    if not colon or not unit or not post:
        raise GroupError(N_("候选岗位“%(group)s”应写作“单位:岗位”。"), group=text)
    if unit == LEAD_UNIT:
        return _Wanted(text, post, code=_fact(plan, "lead_unit", text))
    if unit not in RELATIONS:
        return _Wanted(text, post, code=unit)
    relation, above = RELATIONS[unit]
    return _Wanted(text, post, area=_area(plan, above, text), relation=relation)


def _area(plan: Mapping[str, Any], above: bool, group: str) -> str:
    area = _fact(plan, "jurisdiction", group)
    if not above:
        return area
    higher = area_above(area)
    if higher is None:
        raise GroupError(N_("候选岗位“%(group)s”：%(area)s 没有上一级政府。"), group=group, area=area)
    return higher


def _fact(plan: Mapping[str, Any], name: str, group: str) -> str:
    value = plan.get(name)
    if not isinstance(value, str) or not value:
        raise GroupError(N_("候选岗位“%(group)s”：规划没有“%(name)s”。"), group=group, name=name)
    return value


def _look_up(session: Session, wanted: list[_Wanted]) -> _Known:
    version = _version_here(session)
    known = _known
    if version and known.version == version and not _missing(known, wanted):
        return known
    return _fetch(session, wanted)


def _version_here(session: Session) -> str:
    transaction, version = session.info.get(_VERSION, (None, ""))
    return version if transaction is not None and transaction is session.get_transaction() else ""


def _missing(known: _Known, wanted: list[_Wanted]) -> bool:
    return any(
        (each.area, each.relation) not in known.codes if each.relation else each.code not in known.posts
        for each in wanted
    )


def _fetch(session: Session, wanted: list[_Wanted]) -> _Known:
    """Ask for what is wanted, and keep it beside what the same version gave before."""
    global _known
    pairs = {(each.area, each.relation) for each in wanted if each.relation}
    rows = people_queries.posts_of_units(session, pairs, {each.code for each in wanted if each.code})
    version = str(rows[0][4] or "") if rows else ""
    before = _known if version and _known.version == version else _Known()
    fetched = _Known(version, dict(before.codes), dict(before.posts), dict(before.ids), dict(before.heirs))
    for code, area, relation, posts, _version, unit_id, forerunners in rows:
        for one, former in [(code, relation), *(forerunners or ())]:
            fetched.posts[one], fetched.ids[one], fetched.heirs[one] = frozenset(posts or ()), unit_id, code
            if former:
                fetched.codes[area, former] = code
    if version:
        _known = fetched
        remember_version(session, version)
    return fetched


def _resolved(wanted: _Wanted, known: _Known) -> str:
    code = known.codes.get((wanted.area, wanted.relation), "") if wanted.relation else known.heirs.get(wanted.code, wanted.code)
    if not code:
        raise GroupError(
            N_("候选岗位“%(group)s”：%(area)s 没有%(relation)s。"),
            group=wanted.text,
            area=wanted.area,
            relation=Word(RELATION_NAMES[wanted.relation]),
        )
    if code not in known.posts:
        raise GroupError(
            N_("候选岗位“%(group)s”：没有代码为“%(unit)s”的在用单位。"), group=wanted.text, unit=code
        )
    if wanted.post not in known.posts[code]:
        raise GroupError(
            N_("候选岗位“%(group)s”：单位“%(unit)s”没有岗位“%(post)s”。"),
            group=wanted.text,
            unit=code,
            post=wanted.post,
        )
    return f"{code}:{wanted.post}"
