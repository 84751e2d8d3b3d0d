"""The rules of docs/domain.md §2, each on the delivered files."""

from .outcomes import CONSENTING, COUNTY, DEVELOPMENT, ORDER, SELF_ISSUED, TOWN
from .scenarios import Case

LISTED = {"environmental_review": True, "water_review": True}


def before(case: Case, first: str, second: str) -> bool:
    return case.passed.index(first) < case.passed.index(second)


# §2.1 registration


def test_a_term_under_three_years_is_refused_without_an_order() -> None:
    case = Case("registration", {"first_year": 2021, "last_year": 2022}).run()
    assert case.ended == "declined" and "review_application" not in case.passed


def test_a_term_of_three_years_needs_no_order() -> None:
    case = Case("registration", {"first_year": 2021, "last_year": 2023}).run()
    assert case.ended == "registered" and "verify_order" not in case.passed


def test_an_order_allows_a_plan_outside_the_catalogue_and_stays_on_record() -> None:
    case = Case("registration", answers={"apply": {"listing": "outside", **ORDER}}).run()
    assert case.ended == "registered" and case.visits("verify_order") == 1
    assert case.variables["apply"]["ordering_document"] == ["order.pdf"]


def test_an_order_stated_with_the_plan_is_checked_too() -> None:
    case = Case("registration", {"listed": False, "ordered_by": "government"}).run()
    assert case.ended == "registered" and case.groups["verify_order"] == "drc:leader"


def test_a_spatial_plan_is_listed_by_natural_resources_together_with_the_drc() -> None:
    case = Case("registration", {"category": "spatial"}).run()
    assert case.groups["review_spatial"] == "natural_resources:handler"
    assert before(case, "review_spatial", "review_application")


def test_a_pending_application_comes_onto_the_next_list() -> None:
    case = Case("registration", answers={"catalogue_decision": ["pending", "approved"]}).run()
    assert case.visits("request_listing") == 2 and case.visits("register") == 1


def test_the_two_lists_are_agreed_with_ecology_and_water() -> None:
    case = Case("registration", answers={"environment_list": "listed"}).run()
    assert case.groups["environment_list"] == "ecology:handler"
    assert case.groups["water_list"] == "water:handler"


# §2.2 dossier


def test_missing_items_are_returned_once_all_together() -> None:
    missing = {"complete": False, "missing": ["expert_report", "drafting_notes"]}
    case = Case("dossier_check", answers={"check_items": [missing, {}]}).run()
    assert case.visits("supplement_dossier") == 1 and case.ended == "accepted"


def test_confirmations_belong_to_the_dossier_of_listed_plans_only() -> None:
    common = Case("dossier_check").run().variables["required_items"]
    listed = Case("dossier_check", LISTED).run().variables["required_items"]
    assert set(listed) - set(common) == {"environmental_confirmation", "water_confirmation"}
    assert len(common) == 5


# §2.3 reviews


def test_a_plan_on_no_list_needs_no_confirmation() -> None:
    case = Case("parallel_review").run()
    assert not {"confirm_environment", "confirm_water"} & set(case.passed)


def test_the_confirmations_run_beside_the_coordination() -> None:
    case = Case("parallel_review", LISTED).run()
    assert before(case, "submit_environment_report", "sign_conclusion")
    assert before(case, "submit_water_report", "sign_conclusion")


def test_amend_and_review_again_repeats_only_that_review() -> None:
    case = Case("parallel_review", LISTED, {"confirm_environment": ["amend", "agree"]}).run()
    assert case.visits("confirm_environment") == 2
    assert case.visits("confirm_water") == 1 and case.visits("ask_units") == 1


def test_a_refused_review_stops_the_submission_at_once() -> None:
    case = Case("departmental_self_issue", SELF_ISSUED | LISTED, {"confirm_water": "refuse"}).run()
    assert case.ended == "stopped" and "unit_decides" not in case.passed


def test_silence_in_a_consultation_counts_as_no_comment() -> None:
    case = Case("consultation", early=frozenset({"comment_overdue"})).run()
    assert case.visits("give_comment") == 0 and case.visits("silence") == 1 and case.ended == "consulted"
    assert case.variables["consultation_opinions"] == []


def test_an_objection_that_stays_goes_up_for_decision() -> None:
    case = Case("consultation", answers={"summarise_comments": "objection"}).run()
    assert case.groups["state_objection"] == "lead_unit:leader"


def test_every_unit_asked_is_answered_when_one_of_them_objects() -> None:
    case = Case("coordination", answers={"give_opinion": ["agree", "object"]}).run()
    assert case.visits("give_opinion") == case.visits("answer_opinion") == 2


def test_an_opinion_that_is_not_adopted_is_talked_out() -> None:
    case = Case("coordination", answers={"give_opinion": "object", "answer_opinion": "not_adopted"}).run()
    assert before(case, "mediate", "draft_conclusion")


def test_a_coordination_opinion_is_drafted_countersigned_and_signed() -> None:
    case = Case("coordination").run()
    assert before(case, "draft_conclusion", "countersign_conclusion")
    assert before(case, "countersign_conclusion", "sign_conclusion")
    assert case.groups["sign_conclusion"] == "drc:leader"


# §2.3 the development plan


def test_the_outline_waits_for_the_party_proposal() -> None:
    case = Case("people_congress", DEVELOPMENT).run()
    assert case.passed[2] == "party_proposal" and case.groups["party_proposal"] == "party_office:handler"


def test_the_party_proposal_may_arrive_as_a_message() -> None:
    case = Case("people_congress", DEVELOPMENT, early=frozenset({"proposal_arrives"})).run()
    assert case.visits("party_proposal") == 0 and before(case, "proposal_arrives", "draft_outline")


def test_the_outline_is_coordinated_one_level_up_before_it_is_submitted() -> None:
    county = DEVELOPMENT | {"level": "county", "jurisdiction": "330205"}
    case = Case("people_congress", county).run()
    assert case.groups["sign_conclusion"] == "drc_above:leader"
    assert before(case, "sign_conclusion", "government_meeting")


def test_government_party_and_committee_come_before_the_congress() -> None:
    case = Case("people_congress", DEVELOPMENT).run()
    order = ["government_meeting", "party_review", "put_to_congress", "first_examination", "congress_meeting"]
    assert sorted(order, key=case.passed.index) == order
    assert case.variables["organ"] == "people_congress"


def test_a_town_plan_goes_through_its_congress_and_is_filed_with_the_district() -> None:
    case = Case("people_congress", TOWN).run()
    assert "party_proposal" not in case.passed and case.visits("check_filing") == 1
    assert case.groups["check_filing"] == "drc_above:registry"
    assert case.groups["sign_conclusion"] == "drc_above:leader"


# §2.3 government approval


def test_units_countersign_before_the_joint_submission() -> None:
    case = Case("government_executive_meeting").run()
    assert case.visits("countersign") == 2 and case.groups["joint_submission"] == "drc:leader"
    assert before(case, "countersign", "joint_submission")


def test_the_table_proposes_the_form_and_a_person_confirms_it() -> None:
    case = Case("government_executive_meeting").run()
    assert case.variables["review_form"] == "special_meeting" and "special_meeting" in case.passed


def test_a_raised_form_keeps_the_opinions_and_adds_its_own_step() -> None:
    raised = {"outcome": "raise", "form": "executive_meeting"}
    answers = {"decision": "raised", "settle_form": ["confirm", raised]}
    case = Case("government_executive_meeting", {"importance": "general"}, answers).run()
    assert case.visits("decision") == 1 and case.visits("executive_meeting") == 1
    assert case.visits("countersign") == 2 and case.visits("ask_units") == case.visits("check_items") == 1


def test_a_form_is_never_lowered() -> None:
    lower = {"settle_form": {"outcome": "raise", "form": "written_approval"}}
    assert (
        Case("government_executive_meeting", answers=lower).run().variables["review_form"]
        == "special_meeting"
    )


def test_an_especially_important_plan_goes_to_the_party_committee_too() -> None:
    case = Case("government_executive_meeting", COUNTY).run()
    assert before(case, "executive_meeting", "party_review") and case.visits("party_meeting") == 1


def test_a_dissent_is_taken_up_by_the_lead_unit_once_all_have_signed() -> None:
    case = Case("government_executive_meeting", answers={"countersign": ["dissent", "agree"]}).run()
    assert case.visits("countersign") == 2 and case.groups["settle_dissent"] == "lead_unit:leader"
    assert before(case, "countersign", "settle_dissent") and before(case, "settle_dissent", "joint_submission")
    agreed = Case("government_executive_meeting", answers={"countersign": ["agree", "agree_with_comment"]}).run()
    assert "settle_dissent" not in agreed.passed


def test_a_returned_submission_keeps_its_countersignatures() -> None:
    case = Case("government_executive_meeting", answers={"meeting_result": ["returned", "passed"]}).run()
    assert case.visits("amend_submission") == 1 and case.visits("countersign") == 2


# §2.3 meetings


def test_deferred_waits_for_the_next_meeting() -> None:
    case = Case("meeting", answers={"meeting_result": ["deferred", "deferred", "passed"]}).run()
    assert case.visits("request_agenda") == 3 and case.ended == "passed"


def test_passed_in_principle_needs_no_second_meeting() -> None:
    case = Case("meeting", answers={"meeting_result": "passed_in_principle"}).run()
    assert case.visits("request_agenda") == 1 and case.groups["confirm_text"] == "government_office:handler"
    assert "sign_again" not in case.passed


def test_a_substantive_change_goes_back_to_who_signed() -> None:
    answers = {"meeting_result": "passed_in_principle", "amend_text": "substantive"}
    case = Case("meeting", answers=answers, variables={"signatories": ["unit.a", "unit.b"]}).run()
    assert case.visits("sign_again") == 2 and before(case, "sign_again", "confirm_text")


# §2.3 self-issue and filing


def test_a_self_issued_plan_is_issued_by_its_unit_and_filed() -> None:
    case = Case("departmental_self_issue", SELF_ISSUED).run()
    assert case.groups["sign"] == "zj.fgw:leader" and before(case, "issue", "submit_filing")
    assert "government_decides" not in case.passed


def test_some_governments_must_agree_first() -> None:
    case = Case("departmental_self_issue", CONSENTING).run()
    assert before(case, "government_decides", "issue")


def test_upward_filing_is_decided_by_the_government_before_issue() -> None:
    case = Case("departmental_self_issue", SELF_ISSUED | {"upward_filing": True}).run()
    assert case.variables["government_step"] == "decision"
    assert before(case, "government_decides", "issue") and case.visits("forward") == 1


def test_a_joint_issue_is_signed_by_the_drc() -> None:
    case = Case("departmental_self_issue", SELF_ISSUED, {"unit_decides": "issue_jointly"}).run()
    assert before(case, "drc_cosigns", "issue")


def test_corrections_to_a_filing_do_not_undo_the_issue() -> None:
    answers = {"check_filing": ["correct", "correct", "register"]}
    case = Case("departmental_self_issue", SELF_ISSUED, answers).run()
    assert case.visits("put_right") == 2 and case.visits("seal_and_send") == 1
    assert before(case, "seal_and_send", "put_right") and case.ended == "in_force"


def test_a_filed_only_plan_takes_few_hands() -> None:
    registered, filed = Case("registration").run(), Case("filing").run()
    assert len(registered.groups) + len(filed.groups) == 6


# §2.4 after issue


def test_a_revision_takes_the_original_route() -> None:
    plans = {
        "draft_plan": {"route": "departmental_self_issue", "tier": "X", "importance": "general"},
        "submit_filing": {"route": "filing", "importance": "filed"},
        "draft_outline": TOWN,
    }
    for element, plan in plans.items():
        case = Case("revision", plan).run()
        assert case.ended == "revised" and element in case.passed


def test_a_development_plan_is_revised_by_party_and_standing_committee() -> None:
    case = Case("revision", DEVELOPMENT).run()
    assert "original_route" not in case.passed and case.variables["organ"] == "standing_committee"
    order = ["government_proposes", "party_review", "congress_meeting", "issue", "propose_adjustment"]
    assert sorted(order, key=case.passed.index) == order and case.visits("propose_adjustment") == 2


def test_a_revision_that_is_not_approved_is_not_counted() -> None:
    case = Case("revision", answers={"meeting_result": "not_passed"}).run()
    assert case.ended == "not_issued" and "record_revision" not in case.passed


def test_the_midterm_evaluation_reports_party_first_then_the_standing_committee() -> None:
    case = Case("midterm_evaluation", {**DEVELOPMENT, "level": "county"}).run()
    assert case.visits("draft_report") == 3 and case.visits("report_to_government") == 2
    assert case.visits("check_annexes") == 1 and case.variables["organ"] == "standing_committee"
    order = ["issue_scheme", "draft_report", "half_year_closed", "refresh_data", "consult", "party_review"]
    order += ["congress_meeting", "coordinate_upward", "record_evaluation"]
    assert sorted(order, key=case.passed.index) == order
    assert case.groups["coordinate_upward"] == "drc_above:planner"
    province = Case("midterm_evaluation", DEVELOPMENT).run()
    assert province.groups["coordinate_upward"] == "drc:planner"


def test_late_drafts_may_bring_a_notice_slip_and_are_still_written() -> None:
    case = Case("midterm_evaluation", DEVELOPMENT, early=frozenset({"drafts_late"})).run()
    assert case.visits("notice_slip") == 1 and case.visits("draft_report") == 3


# §3 rhythms


def test_a_bulletin_is_released_by_a_supervisor() -> None:
    case = Case("ten_day_bulletin").run()
    assert case.groups["release_bulletin"] == "drc:supervisor" and before(case, "release_bulletin", "publish")
    assert case.variables["bulletin"]["overall"] == {"plans": 179, "issued": 176}


def test_the_weekly_report_is_asked_of_the_lead_unit() -> None:
    assert Case("weekly_report").run().groups["report_progress"] == "zj.fgw:handler"


def test_a_key_plan_takes_between_twenty_and_thirty_five_tasks() -> None:
    case = Case("government_executive_meeting").run()
    registered = Case("registration").run()
    human = [one for one in (*case.passed, *registered.passed) if one in {**case.groups, **registered.groups}]
    assert 20 <= len(human) <= 35


# who acts for a town, and for a street office that has no congress


def test_a_town_applies_to_the_district_that_stands_in_for_bureaus_it_lacks() -> None:
    case = Case("registration", TOWN | {"category": "spatial"}).run()
    asked = {"review_spatial", "review_application", "environment_list", "water_list"}
    assert {case.groups[one].partition(":")[0] for one in asked} == {"drc_above"}


def test_the_plan_of_a_street_office_is_approved_by_the_district() -> None:
    street = {"level": "town", "jurisdiction": "330205001", "importance": "general"}
    case = Case("government_executive_meeting", street).run()
    assert case.groups["decision"] == case.groups["sign"] == "government_office_above:leader"
    assert case.groups["joint_submission"] == case.groups["sign_conclusion"] == "drc_above:leader"


def test_a_town_with_a_congress_has_a_government_and_a_party_office_of_its_own() -> None:
    case = Case("people_congress", TOWN).run()
    assert case.groups["put_forward"] == case.groups["put_to_congress"] == "government_office:handler"
