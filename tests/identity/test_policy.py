"""Every action × role × area, as one table that an official could read."""

from dataclasses import replace

import pytest

from workflow_service.domain.errors import Forbidden
from workflow_service.identity.actor import Actor, StandIn
from workflow_service.identity.policy import (
    ROLES,
    RULES,
    areas_of_role,
    may,
    may_hold,
    require,
    thing_of,
    visible_areas,
)

PROVINCE = "/330000/"
CITY = "/330000/330200/"
COUNTY = "/330000/330200/330205/"
NEXT_COUNTY = "/330000/330200/330206/"
TOWN = COUNTY + "330205101/"
OTHER_PROVINCE = "/150000/"
AREAS = {"own": COUNTY, "below": TOWN, "next": NEXT_COUNTY, "above": CITY, "other": OTHER_PROVINCE}


def person(*roles: str, area: str = COUNTY, unit_id: int = 1, relation: str = "") -> Actor:
    return Actor(
        user_id=7,
        name="区某局·经办",
        source="web",
        unit_id=unit_id,
        groups=frozenset({"u:7", "g:jb.ny:handler"}),
        roles=frozenset((role, area) for role in roles),
        area_paths=(area,),
        unit_ids=frozenset({unit_id}),
        relations=frozenset({(relation, area)}) if relation else frozenset(),
    )


# action: for each kind of person of a county, the areas (of AREAS) in which he may; "staff" has no role
WITHIN = {"own", "below"}
EVERYWHERE = set(AREAS)
NOWHERE: set[str] = set()
EVERYBODY = dict.fromkeys(("staff", *ROLES), WITHIN)
TABLE: dict[str, dict[str, set[str]]] = {
    "task.see": EVERYBODY,
    "instance.see": EVERYBODY,
    "plan.see": EVERYBODY,
    "plan.apply": EVERYBODY,
    "catalogue.propose": {"supervisor": WITHIN},
    "catalogue.see": EVERYBODY,
    "definition.see": dict.fromkeys(("staff", *ROLES), EVERYWHERE),
    "task.work": {},
    "task.claim": {},
    "task.set_due": {"supervisor": WITHIN},
    "task.urge": {"supervisor": WITHIN},
    "task.return": {},
    "task.transfer": {},
    "task.reassign": {"supervisor": WITHIN},
    "instance.manage": {"designer": WITHIN, "administrator": WITHIN, "supervisor": WITHIN},
    "instance.control": {"supervisor": WITHIN},
    "plan.edit": {"supervisor": WITHIN},
    "decision.by_hand": {"supervisor": WITHIN, "designer": WITHIN},
    "definition.deploy": {"designer": WITHIN},
    "board.see": {"supervisor": WITHIN, "leader": WITHIN},
    "bulletin.release": {"supervisor": WITHIN},
    "bulletin.see_draft": {"supervisor": WITHIN},
    "notice.issue": {"supervisor": WITHIN},
    "calendar.manage": {"supervisor": WITHIN, "administrator": WITHIN},
    "setting.manage": {"administrator": WITHIN},
    "meeting.manage": {"supervisor": WITHIN},
    "view.share": {},
    "view.remove": {},
    "phrase.unit": {"administrator": WITHIN},
    "substitute.name": {"administrator": WITHIN},
    "absence.enter": {"administrator": WITHIN},
    "circulation.see": {"supervisor": WITHIN},
    "circulation.send": {},
    "circulation.remind": {"supervisor": WITHIN},
    "instance.instruct": {"leader": WITHIN},
    "work.hand_over": {"administrator": WITHIN},
    "people.see": {"administrator": WITHIN, "supervisor": WITHIN},
    "people.manage": {"administrator": WITHIN},
    "audit.verify": {"administrator": WITHIN},
    "task.signers": {"supervisor": WITHIN},
    "task.escalate": {"supervisor": WITHIN},
    "extension.decide": {"supervisor": WITHIN},
    "listing.manage": {"supervisor": WITHIN},
    "listing.see": dict.fromkeys(("staff", *ROLES), WITHIN | {"above"}),
    "slip.issue": {"supervisor": WITHIN},
    "slip.see": {"supervisor": WITHIN},
    "report.draft": {"supervisor": WITHIN},
    "report.edit": {"supervisor": WITHIN},
    "report.see": {"supervisor": WITHIN},
    "rhythm.see": {"supervisor": WITHIN, "leader": WITHIN, "administrator": WITHIN},
    "rhythm.run": {"supervisor": WITHIN},
    "rhythm.manage": {"supervisor": WITHIN, "administrator": WITHIN},
}


def test_every_action_stands_in_the_table() -> None:
    assert set(TABLE) == set(RULES)


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("role", ["staff", *ROLES])
@pytest.mark.parametrize("action", sorted(RULES))
def test_a_person_of_a_county_may_exactly_what_the_table_says(action: str, role: str, area: str) -> None:
    actor = person() if role == "staff" else person(role)
    allowed = area in TABLE[action].get(role, NOWHERE)
    thing = thing_of(AREAS[area])
    assert may(actor, action, thing) is allowed
    if not allowed:
        with pytest.raises(Forbidden):
            require(actor, action, thing)


@pytest.mark.parametrize("action", sorted(RULES))
def test_somebody_without_any_post_may_nothing(action: str) -> None:
    assert not may(
        Actor(user_id=9, name="已离任", source="web", groups=frozenset({"u:9"})), action, thing_of(COUNTY)
    )


@pytest.mark.parametrize("action", sorted(RULES))
def test_the_service_itself_may_everything(action: str) -> None:
    assert may(Actor.system("scheduler"), action, thing_of(COUNTY))


@pytest.mark.parametrize("action", ["task.see", "instance.see", "plan.see"])
def test_a_province_sees_all_below_and_a_county_never_the_next(action: str) -> None:
    assert may(person(area=PROVINCE), action, thing_of(NEXT_COUNTY))
    assert may(person(area=CITY), action, thing_of(NEXT_COUNTY))
    assert not may(person(area=COUNTY), action, thing_of(NEXT_COUNTY))
    assert not may(person(area=COUNTY), action, thing_of(CITY))
    assert not may(person(area=COUNTY), action, thing_of(""))


@pytest.mark.parametrize("key", ["u:7", "g:jb.ny:handler"])
def test_who_is_asked_sees_and_works_on_it_wherever_it_belongs(key: str) -> None:
    asked = thing_of(CITY, holders=[key, "g:nb.fgw:planner"])
    assert all(
        may(person(), action, asked) for action in ("task.see", "task.work", "task.claim", "instance.see")
    )


def test_a_supervisor_does_not_do_the_work_of_others() -> None:
    assert not may(person("supervisor"), "task.work", thing_of(COUNTY, holders=["g:jb.sl:handler"]))


def test_who_had_a_part_still_sees_the_instance_but_works_no_more() -> None:
    past = thing_of(CITY, participants=[7, None])
    assert may(person(), "instance.see", past)
    assert not may(person(), "task.work", past)


def substitute(*processes: str, may_decide: bool = False) -> Actor:
    principal = StandIn(
        user_id=8, name="市某委·处长", groups=frozenset({"u:8", "g:nb.fgw:planner"}), processes=frozenset(processes),
        may_decide=may_decide,
    )  # fmt: skip
    return replace(person(), stand_ins=(principal,))


def test_a_substitute_does_what_is_asked_of_his_principal_on_the_routes_granted() -> None:
    asked = thing_of(CITY, holders=["g:nb.fgw:planner"], process="five_year", kind="check")
    assert may(substitute(), "task.work", asked) and may(substitute("five_year"), "task.work", asked)
    assert not may(substitute("other"), "task.see", asked) and not may(person(), "task.see", asked)


@pytest.mark.parametrize("kind", ["confirm", "decide"])
def test_a_substitute_signs_and_decides_only_where_that_was_granted_and_sees_it_anyway(kind: str) -> None:
    asked = thing_of(CITY, holders=["u:8"], kind=kind)
    assert may(substitute(), "task.see", asked) and not may(substitute(), "task.work", asked)
    assert may(substitute(may_decide=True), "task.work", asked)


def test_an_issued_plan_is_seen_by_everybody_a_draft_is_not() -> None:
    assert may(person(), "plan.see", thing_of(OTHER_PROVINCE, public=True))
    assert not may(person(), "plan.see", thing_of(OTHER_PROVINCE))
    assert not may(person(), "instance.see", thing_of(OTHER_PROVINCE, public=True))


def test_the_lead_unit_edits_its_plan_and_applies_for_its_own_only() -> None:
    own, others = thing_of(COUNTY, unit_ids=[1]), thing_of(COUNTY, unit_ids=[2])
    assert may(person(), "plan.edit", own)
    assert not may(person(), "plan.edit", others)
    assert may(person(), "plan.apply", own)
    assert not may(person(), "plan.apply", others)


def test_offices_enter_the_meetings_of_their_own_government_only() -> None:
    office = person(relation="government_office")
    assert may(office, "meeting.manage", thing_of(COUNTY))
    assert not may(office, "meeting.manage", thing_of(TOWN))
    assert not may(person(relation="water"), "meeting.manage", thing_of(COUNTY))


def test_what_a_meeting_decides_is_entered_by_its_own_office() -> None:
    kinds = ("people_congress", "standing_committee", "party_committee_meeting", "executive_meeting", "catalogue_list")
    entered = {
        relation: [kind for kind in kinds if may_hold(person(relation=relation), kind, COUNTY)]
        for relation in ("congress_office", "party_office", "government_office", "drc", "water")
    }
    assert entered == {
        "congress_office": ["people_congress", "standing_committee"],
        "party_office": ["party_committee_meeting"],
        "government_office": ["party_committee_meeting", "executive_meeting", "catalogue_list"],
        "drc": ["catalogue_list"],
        "water": [],
    }
    assert not may_hold(person(relation="congress_office"), "people_congress", TOWN)


def test_an_action_without_a_rule_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        may(person(), "task.eat")


def test_queries_get_the_outermost_areas() -> None:
    actor = Actor(
        user_id=1,
        name="",
        source="web",
        area_paths=(COUNTY, CITY, OTHER_PROVINCE),
        roles=frozenset({("supervisor", COUNTY), ("leader", CITY)}),
    )
    assert visible_areas(actor) == (OTHER_PROVINCE, CITY)
    assert areas_of_role(actor, "supervisor") == (COUNTY,)
    assert areas_of_role(actor, "administrator") == ()
    assert visible_areas(Actor.system("cli")) is None
