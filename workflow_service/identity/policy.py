"""What each person may do to what: one rule an action, over plain values (docs/domain.md §5).

Everything is divided by government level and unit: a county sees its own and what hangs below it, never another
county's; a province sees all below. Candidates and participants always see their instance. Roles come from posts and
count for the area of the post's unit and all below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from workflow_service.domain.errors import Forbidden
from workflow_service.i18n import N_
from workflow_service.identity.actor import Actor, StandIn, is_within

DESIGNER, SUPERVISOR, ADMINISTRATOR, LEADER = ROLES = ("designer", "supervisor", "administrator", "leader")
OVERSEERS = (SUPERVISOR, LEADER)
SIGN = "sign"
# what nobody does for another without being told so expressly: confirming for one's unit, deciding, signing, voting
DECIDING = frozenset({"confirm", "decide", SIGN})
# the offices whose registry enters results of meetings (代录), and the commission for its own meetings
MEETING_OFFICES = frozenset({"government_office", "party_office", "congress_office", "drc"})
INSPECTION = "inspection_office"
_GOVERNMENT = frozenset({"government_office", "drc"})
OFFICES_OF_MEETING = {
    "people_congress": frozenset({"congress_office"}),
    "standing_committee": frozenset({"congress_office"}),
    "party_committee_meeting": frozenset({"party_office", "government_office"}),
    "executive_meeting": frozenset({"government_office"}),
    "drc_office_meeting": frozenset({"drc"}),
}


@dataclass(frozen=True, kw_only=True)
class Thing:
    """What an action is done to, as far as rights need it.

    `area_path` of its government; `holders` are the `u:…` and `g:…` keys of those asked to act; `participants` the
    ids of people who had a part in it; `unit_ids` the units that answer for it (a plan's lead unit); `public` is issued.
    `process` is the key of its route and `kind` that of the task (`sign` for a countersignature or a ballot), which a
    substitute's grant may leave out.
    """

    area_path: str = ""
    holders: frozenset[str] = frozenset()
    participants: frozenset[int] = frozenset()
    unit_ids: frozenset[int] = frozenset()
    public: bool = False
    process: str = ""
    kind: str = ""


NOTHING = Thing()

Rule = Callable[[Actor, Thing], bool]


def thing_of(
    area_path: str = "",
    *,
    holders: Iterable[str] = (),
    participants: Iterable[int | None] = (),
    unit_ids: Iterable[int | None] = (),
    public: bool = False,
    process: str = "",
    kind: str = "",
) -> Thing:
    """Make a Thing of any iterables; None among ids is skipped."""
    return Thing(
        area_path=area_path,
        holders=frozenset(holders),
        participants=frozenset(each for each in participants if each is not None),
        unit_ids=frozenset(each for each in unit_ids if each is not None),
        public=public,
        process=process,
        kind=kind,
    )


def may(actor: Actor, action: str, thing: Thing | None = None) -> bool:
    """Whether the actor may do the action to the thing; an action without a rule is a mistake (KeyError).

    Without a thing the question is whether he may do it at all, anywhere: what a menu asks.
    """
    rule = RULES[action]
    return actor.trusted or rule(actor, thing or NOTHING)


def require(actor: Actor, action: str, thing: Thing | None = None) -> None:
    """Raise Forbidden, naming what was refused, unless the actor may."""
    if not may(actor, action, thing):
        raise Forbidden(REFUSALS.get(action, Forbidden.text), action=action)


def visible_areas(actor: Actor) -> tuple[str, ...] | None:
    """Give the area paths below which the actor sees everything, for queries; None = no limit."""
    return None if actor.trusted else _outermost(actor.area_paths)


def areas_of_role(actor: Actor, *roles: str) -> tuple[str, ...] | None:
    """Give the area paths for which the actor has one of the roles, for queries; None = no limit."""
    if actor.trusted:
        return None
    return _outermost(sorted({path for role, path in actor.roles if role in roles}))


def overseen_areas(actor: Actor) -> tuple[str, ...] | None:
    """Give the area paths that the actor follows as supervisor or leader, for queries; None = no limit.

    A clerk's post elsewhere does not widen the board.
    """
    return areas_of_role(actor, *OVERSEERS)


def _outermost(paths: Iterable[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for path in sorted(paths):
        if not any(is_within(path, above) for above in kept):
            kept.append(path)
    return tuple(kept)


def _belongs(actor: Actor, thing: Thing) -> bool:
    return any(is_within(thing.area_path, path) for path in actor.area_paths)


def stands_in(actor: Actor, thing: Thing) -> StandIn | None:
    """Give him for whom the actor may do what is asked as a substitute; None where there is nobody, or the grant is narrower."""
    decides = thing.kind in DECIDING
    return next((one for one in _principals(actor, thing) if one.may_decide or not decides), None)


def _principals(actor: Actor, thing: Thing) -> Iterable[StandIn]:
    covered = (one for one in actor.stand_ins if one.covers(thing.process))
    return (one for one in covered if not one.groups.isdisjoint(thing.holders))


def _is_asked(actor: Actor, thing: Thing) -> bool:
    return not actor.groups.isdisjoint(thing.holders) or stands_in(actor, thing) is not None


def _is_shown_as_substitute(actor: Actor, thing: Thing) -> bool:
    """A substitute sees what lies before his principal, what he may not decide too."""
    return any(True for _one in _principals(actor, thing))


def _has_part(actor: Actor, thing: Thing) -> bool:
    return actor.user_id is not None and actor.user_id in thing.participants


def _answers(actor: Actor, thing: Thing) -> bool:
    return not actor.unit_ids.isdisjoint(thing.unit_ids)


def _sees(actor: Actor, thing: Thing) -> bool:
    return (
        _belongs(actor, thing)
        or _is_asked(actor, thing)
        or _has_part(actor, thing)
        or _answers(actor, thing)
        or _is_shown_as_substitute(actor, thing)
    )


def _sees_plan(actor: Actor, thing: Thing) -> bool:
    return thing.public or _sees(actor, thing)


def _role(*roles: str) -> Rule:
    """One of the roles in the thing's area; a thing without an area asks for the role anywhere."""

    def rule(actor: Actor, thing: Thing) -> bool:
        return any(actor.has_role(role, thing.area_path or None) for role in roles)

    return rule


def _works_on_it_or(role: str) -> Rule:
    """Whoever is asked or had a part, and the role in the thing's area."""

    def rule(actor: Actor, thing: Thing) -> bool:
        return _is_asked(actor, thing) or _has_part(actor, thing) or _role(role)(actor, thing)

    return rule


def _edits_plan(actor: Actor, thing: Thing) -> bool:
    return _answers(actor, thing) or actor.has_role(SUPERVISOR, thing.area_path)


def _proposes_change(actor: Actor, thing: Thing) -> bool:
    """The lead unit for its own plans, the commission of the same government, the supervisors of the area."""
    drc = any(office == "drc" and path == thing.area_path for office, path in actor.relations)
    return drc or _edits_plan(actor, thing)


def _applies(actor: Actor, thing: Thing) -> bool:
    """A unit applies for its own plans, in the catalogue of its own government or of one below."""
    return _belongs(actor, thing) and (not thing.unit_ids or _answers(actor, thing))


def _is_staff(actor: Actor, thing: Thing) -> bool:
    return bool(actor.area_paths)


def may_hold(actor: Actor, kind: str, area_path: str) -> bool:
    """Whether the actor enters what meetings of a kind decide: their own office does, and the supervisors of the area.

    The commission writes the development plan: it does not enter what the congress or the government said of it.
    """
    offices = OFFICES_OF_MEETING.get(kind, _GOVERNMENT)
    own = any(office in offices and path == area_path for office, path in actor.relations)
    return actor.trusted or own or actor.has_role(SUPERVISOR, area_path)


def require_host(actor: Actor, kind: str, area_path: str) -> None:
    """Raise Forbidden unless the actor enters what meetings of this kind decide."""
    if not may_hold(actor, kind, area_path):
        raise Forbidden(REFUSALS["meeting.manage"], action="meeting.manage")


def _manages_meeting(actor: Actor, thing: Thing) -> bool:
    """The offices of the same government, and its supervisors."""
    offices = (relation for relation, path in actor.relations if path == thing.area_path)
    return any(office in MEETING_OFFICES for office in offices) or actor.has_role(SUPERVISOR, thing.area_path)


def _sets_unit_phrases(actor: Actor, thing: Thing) -> bool:
    """A unit's own leaders, and the administrators of its area."""
    leads = _answers(actor, thing) and actor.has_role(LEADER, thing.area_path)
    return leads or actor.has_role(ADMINISTRATOR, thing.area_path)


def _instructs(actor: Actor, thing: Thing) -> bool:
    """A leader of the area, or a leader who sees it (批示)."""
    return actor.has_role(LEADER, thing.area_path or None) or (actor.has_role(LEADER) and _sees(actor, thing))


def _lists(actor: Actor, thing: Thing) -> bool:
    """The supervisors of the area, and its government's inspection office."""
    offices = (path for office, path in actor.relations if office == INSPECTION)
    own = any(path == thing.area_path or not thing.area_path for path in offices)
    return own or _role(SUPERVISOR)(actor, thing)


def _issues_slips(actor: Actor, thing: Thing) -> bool:
    """Whoever keeps the list, and the office of the same government; without a thing: anywhere."""
    offices = (path for office, path in actor.relations if office in (INSPECTION, "government_office"))
    return any(path == thing.area_path or not thing.area_path for path in offices) or _role(SUPERVISOR)(actor, thing)


def _sees_list(actor: Actor, thing: Thing) -> bool:
    """All units of the government that keeps the list, of those above it and of those below."""
    above = any(is_within(path, thing.area_path) for path in actor.area_paths) if thing.area_path else bool(actor.area_paths)
    return above or _sees(actor, thing)


RULES: dict[str, Rule] = {
    "task.see": _sees,
    "task.work": _is_asked,
    "task.claim": _is_asked,
    "task.set_due": _role(SUPERVISOR),
    "task.urge": lambda actor, thing: _has_part(actor, thing) or _role(SUPERVISOR)(actor, thing),
    "instance.see": _sees,
    "task.return": _is_asked,
    "task.transfer": _is_asked,
    "task.reassign": _role(SUPERVISOR),
    "task.signers": lambda actor, thing: _has_part(actor, thing) or _role(SUPERVISOR)(actor, thing),
    "instance.manage": _role(DESIGNER, ADMINISTRATOR, SUPERVISOR),
    "instance.control": _role(SUPERVISOR),
    "decision.by_hand": _role(SUPERVISOR, DESIGNER),
    "plan.see": _sees_plan,
    "plan.edit": _edits_plan,
    "plan.apply": _applies,
    "catalogue.propose": _proposes_change,
    "catalogue.see": _sees,
    "definition.see": _is_staff,
    "definition.deploy": _role(DESIGNER),
    "board.see": _role(*OVERSEERS),
    "bulletin.release": _role(SUPERVISOR),
    "bulletin.see_draft": _works_on_it_or(SUPERVISOR),
    "notice.issue": _role(SUPERVISOR),
    "rhythm.see": _role(SUPERVISOR, LEADER, ADMINISTRATOR),
    "rhythm.run": _role(SUPERVISOR),
    "rhythm.manage": _role(SUPERVISOR, ADMINISTRATOR),
    "calendar.manage": _role(SUPERVISOR, ADMINISTRATOR),
    "setting.manage": _role(ADMINISTRATOR),
    "meeting.manage": _manages_meeting,
    "view.share": _answers,
    "view.remove": _has_part,
    "phrase.unit": _sets_unit_phrases,
    "circulation.see": _works_on_it_or(SUPERVISOR),
    "circulation.send": _has_part,
    "circulation.remind": lambda actor, thing: _has_part(actor, thing) or _role(SUPERVISOR)(actor, thing),
    "instance.instruct": _instructs,
    "listing.manage": _lists,
    "listing.see": _sees_list,
    "slip.issue": _issues_slips,
    "extension.decide": lambda actor, thing: _answers(actor, thing) or _role(SUPERVISOR)(actor, thing),
    "task.escalate": _role(SUPERVISOR),
    "slip.see": lambda actor, thing: _answers(actor, thing) or _works_on_it_or(SUPERVISOR)(actor, thing),
    "report.draft": _issues_slips,
    "report.edit": _works_on_it_or(SUPERVISOR),
    "report.see": _works_on_it_or(SUPERVISOR),
    "work.hand_over": _role(ADMINISTRATOR),
    "substitute.name": lambda actor, thing: _has_part(actor, thing) or _role(ADMINISTRATOR)(actor, thing),
    "absence.enter": lambda actor, thing: _has_part(actor, thing) or _role(ADMINISTRATOR)(actor, thing),
    "people.see": _role(ADMINISTRATOR, SUPERVISOR),
    "people.manage": _role(ADMINISTRATOR),
    "audit.verify": _role(ADMINISTRATOR),
}

REFUSALS: dict[str, str] = {
    "task.work": N_("这项任务不由您办理。"),
    "task.claim": N_("这项任务不由您的岗位办理，不能签收。"),
    "task.see": N_("这项任务不在您的查阅范围内。"),
    "instance.see": N_("这个流程不在您的查阅范围内。"),
    "instance.manage": N_("只有本辖区的流程设计、管理员或督办岗位可以处置流程。"),
    "instance.control": N_("只有本辖区的督办岗位可以暂停、恢复、终止、调整或重办流程。"),
    "task.return": N_("这项任务不由您办理，不能退回。"),
    "task.transfer": N_("这项任务不由您办理，不能转办。"),
    "task.reassign": N_("只有本辖区的督办岗位可以改派任务。"),
    "task.signers": N_("只有送会签的人和本辖区的督办岗位可以增减会签方；表决的人员只由督办岗位增减。"),
    "decision.by_hand": N_("只有本辖区的督办岗位和流程设计可以代决策表决定。"),
    "plan.see": N_("这项规划不在您的查阅范围内。"),
    "plan.edit": N_("只有编制单位和督办岗位可以修改这项规划。"),
    "plan.apply": N_("只能为本单位在本级政府申报规划。"),
    "catalogue.propose": N_("只有编制单位、本级发展改革委和督办岗位可以提出目录调整。"),
    "catalogue.see": N_("这项目录调整不在您的查阅范围内。"),
    "definition.deploy": N_("只有流程设计岗位可以部署流程。"),
    "calendar.manage": N_("工作日历全辖区一致，只有最上一级的督办岗位和管理员可以修改。"),
    "board.see": N_("只有督办岗位和领导可以查看督办看板。"),
    "bulletin.release": N_("只有督办岗位可以签发通报。"),
    "bulletin.see_draft": N_("未发布的通报只有编写人和督办岗位可以查阅。"),
    "rhythm.see": N_("只有督办岗位、领导和管理员可以查看督办节奏。"),
    "rhythm.run": N_("只有本辖区的督办岗位可以手动运行。"),
    "rhythm.manage": N_("督办节奏全辖区一致，只有最上一级的督办岗位和管理员可以修改。"),
    "meeting.manage": N_("只有本级办公室和督办岗位可以安排会议、录入结果。"),
    "view.share": N_("只能与自己所在的单位共享视图。"),
    "view.remove": N_("只有保存视图的人可以删除它。"),
    "phrase.unit": N_("只有本单位领导和本辖区的管理员可以设置单位常用意见。"),
    "circulation.see": N_("这份传阅没有发给您，也不是您发出的。"),
    "circulation.send": N_("只有工作人员可以传阅。"),
    "circulation.remind": N_("只有发出人和本辖区的督办岗位可以提醒。"),
    "instance.instruct": N_("只有领导可以批示。"),
    "listing.manage": N_("只有本辖区的督办岗位和督查室可以挂牌督办。"),
    "listing.see": N_("这份挂牌清单不在您的查阅范围内。"),
    "extension.decide": N_("只有本辖区的督办岗位和牵头单位可以审批延期。"),
    "task.escalate": N_("只有本辖区的督办岗位可以报上级。"),
    "slip.issue": N_("只有本辖区的督办岗位、政府办公室和督查室可以制发抄告单。"),
    "slip.see": N_("这份抄告单没有发给您的单位。"),
    "report.draft": N_("只有本辖区的督办岗位、政府办公室和督查室可以起草专报。"),
    "report.edit": N_("只有起草人、审核人和本辖区的督办岗位可以修改专报。"),
    "report.see": N_("这份专报没有报送给您，也不是您起草的。"),
    "work.hand_over": N_("只有本辖区的管理员可以办理工作移交。"),
    "substitute.name": N_("只有本人和本辖区的管理员可以指定或撤销代办人。"),
    "absence.enter": N_("只有本人和本辖区的管理员可以登记或结束外出。"),
    "people.see": N_("只有管理员和督办岗位可以查阅人员。"),
    "people.manage": N_("只有本辖区的管理员可以管理人员和单位。"),
    "audit.verify": N_("只有管理员可以核验操作记录。"),
}
