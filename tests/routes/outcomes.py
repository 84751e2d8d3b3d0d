"""Every outcome of every gateway in every route, one line a case: what somebody answers, and where it ends.

`test_outcomes` runs them all and compares the flows taken with the flows drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ORDER = {"ordering_body": "government", "ordering_document": ["order.pdf"]}
DAILY_WORK = {"nature": "daily_work"}
DEVELOPMENT = {"tier": "1", "category": "development", "route": "people_congress", "lead_unit": "zj.fgw"}
TOWN = DEVELOPMENT | {"level": "town", "jurisdiction": "330205100"}
SELF_ISSUED = {"tier": "X", "importance": "general", "route": "departmental_self_issue"}
COUNTY = {"needs_party_review": True, "level": "county", "jurisdiction": "330205"}
CONSENTING = SELF_ISSUED | {"level": "county", "jurisdiction": "330205"}


@dataclass(frozen=True)
class Outcome:
    """One way through a route: `who` answers what, by element; `plan` differs so from the usual; it ends at `end`."""

    process: str
    end: str
    who: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)
    early: frozenset[str] = frozenset()
    variables: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        said = "-".join(f"{key}={'+'.join(map(str, _words(value)))}" for key, value in self.who.items())
        return f"{self.process}-{said or '-'.join(self.plan) or '-'.join(sorted(self.early)) or 'plain'}-{self.end}"


def _words(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(one.get("outcome", "…")) if isinstance(one, dict) else str(one) for one in values]


def _outcome(
    process: str, end: str, plan: dict[str, Any] | None = None, early: str = "", **who: Any
) -> Outcome:
    return Outcome(process, end, who, plan or {}, frozenset(early.split()))


RETURNED, PASSED, LOST = "returned", "passed", "not_passed"
REGISTRATION = [
    _outcome("registration", "registered"),
    _outcome("registration", "registered", {"category": "spatial"}),
    _outcome("registration", "registered", review_application=["return", "accept"]),
    _outcome("registration", "registered", environment_list="listed", water_list="listed"),
    _outcome("registration", "registered", catalogue_decision=["pending", "approved"]),
    _outcome("registration", "refused", catalogue_decision="refused"),
    _outcome("registration", "merged", catalogue_decision={"result": "merged", "merged_into": "2"}),
    _outcome("registration", "registered", apply=DAILY_WORK | ORDER),
    _outcome("registration", "declined", apply=DAILY_WORK | ORDER, verify_order="invalid"),
    _outcome("registration", "declined", {"last_year": 2022}),
    _outcome("registration", "declined", apply={"listing": "outside"}),
]
GOVERNMENT = [
    _outcome("government_executive_meeting", "in_force", settle_form={"outcome": "raise", "form": form})
    for form in ("executive_meeting", "party_committee_meeting")
] + [
    _outcome("government_executive_meeting", "in_force"),
    _outcome("government_executive_meeting", "in_force", {"importance": "general"}),
    _outcome(
        "government_executive_meeting", "in_force", {"importance": "general"}, decision="raised",
        settle_form=["confirm", {"outcome": "raise", "form": "executive_meeting"}],
    ),
    _outcome("government_executive_meeting", "in_force", meeting_result=[RETURNED, PASSED]),
    _outcome("government_executive_meeting", "not_passed", meeting_result=LOST),
    _outcome(
        "government_executive_meeting", "stopped", {"environmental_review": True}, confirm_environment="refuse"
    ),
    _outcome("government_executive_meeting", "in_force", countersign="dissent"),
    _outcome("government_executive_meeting", "in_force", {"needs_party_review": True}),
    _outcome("government_executive_meeting", "in_force", COUNTY),
    _outcome("government_executive_meeting", "in_force", COUNTY, meeting_result=[PASSED, RETURNED, PASSED]),
    _outcome("government_executive_meeting", "not_agreed", COUNTY, meeting_result=[PASSED, LOST]),
]  # fmt: skip
CONGRESS = [
    _outcome("people_congress", "in_force", DEVELOPMENT),
    _outcome("people_congress", "in_force", DEVELOPMENT, early="proposal_arrives"),
    _outcome("people_congress", "in_force", TOWN),
    _outcome("people_congress", "stopped", DEVELOPMENT | {"water_review": True}, confirm_water="refuse"),
    _outcome("people_congress", "in_force", DEVELOPMENT, meeting_result=[RETURNED, PASSED]),
    _outcome("people_congress", "not_passed", DEVELOPMENT, meeting_result=LOST),
    _outcome("people_congress", "in_force", DEVELOPMENT, meeting_result=[PASSED, RETURNED, PASSED]),
    _outcome("people_congress", "not_agreed", DEVELOPMENT, meeting_result=[PASSED, LOST]),
    _outcome("people_congress", "in_force", DEVELOPMENT, first_examination=["amend", "agree"]),
    _outcome("people_congress", "in_force", DEVELOPMENT, meeting_result=[PASSED, PASSED, RETURNED, PASSED]),
    _outcome("people_congress", "not_approved", DEVELOPMENT, meeting_result=[PASSED, PASSED, LOST]),
]
SELF_ISSUE = [
    _outcome("departmental_self_issue", "in_force", SELF_ISSUED),
    _outcome("departmental_self_issue", "in_force", SELF_ISSUED, unit_decides=["return", "issue_alone"]),
    _outcome("departmental_self_issue", "in_force", SELF_ISSUED, unit_decides="issue_jointly"),
    _outcome(
        "departmental_self_issue", "in_force", SELF_ISSUED, unit_decides="issue_jointly",
        drc_cosigns=["return", "sign"],
    ),
    _outcome("departmental_self_issue", "in_force", CONSENTING),
    _outcome("departmental_self_issue", "in_force", CONSENTING, government_decides=["return", "agree"]),
    _outcome("departmental_self_issue", "not_agreed", CONSENTING, government_decides="refuse"),
    _outcome(
        "departmental_self_issue", "stopped", SELF_ISSUED | {"water_review": True}, confirm_water="refuse"
    ),
]  # fmt: skip
REVISION = [
    _outcome("revision", "revised"),
    _outcome("revision", "not_needed", examine_proposal="refuse"),
    _outcome("revision", "not_issued", meeting_result=LOST),
    _outcome("revision", "revised", {"route": "filing", "importance": "filed"}),
    _outcome("revision", "revised", DEVELOPMENT),
    _outcome("revision", "revised", DEVELOPMENT, government_proposes=["return", "agree"]),
    _outcome("revision", "not_proposed", DEVELOPMENT, government_proposes="refuse"),
    _outcome("revision", "revised", DEVELOPMENT, meeting_result=[RETURNED, PASSED]),
    _outcome("revision", "not_agreed", DEVELOPMENT, meeting_result=LOST),
    _outcome("revision", "revised", DEVELOPMENT, meeting_result=[PASSED, RETURNED, PASSED]),
    _outcome("revision", "not_approved", DEVELOPMENT, meeting_result=[PASSED, LOST]),
]
RHYTHMS = [
    _outcome("midterm_evaluation", "evaluated", DEVELOPMENT),
    _outcome("midterm_evaluation", "evaluated", DEVELOPMENT, early="drafts_late"),
    _outcome("midterm_evaluation", "evaluated", DEVELOPMENT, meeting_result=[RETURNED, PASSED]),
    _outcome("midterm_evaluation", "evaluated", DEVELOPMENT, meeting_result=[PASSED, RETURNED, PASSED]),
    _outcome("weekly_report", "reported"),
    _outcome("weekly_report", "reports_begun", report_progress="needs_help"),
    _outcome("weekly_report", "not_needed", report_progress="needs_help", special_report="not_needed"),
    _outcome("ten_day_bulletin", "published"),
    _outcome("ten_day_bulletin", "published", release_bulletin=["return", "release"]),
]
ACTING = [
    _outcome("catalogue_change", "carried_out"),
    _outcome("catalogue_change", "carried_out", review=["return", "agree"], amend="submit"),
    _outcome("catalogue_change", "withdrawn", review="return", amend="withdraw"),
    _outcome("catalogue_change", "refused", review="refuse"),
    _outcome("catalogue_change", "refused", approve="refused"),
    _outcome("catalogue_change", "carried_out", {"level": "town", "jurisdiction": "330205100"}),
    _outcome("notice_slip", "answered"),
    _outcome("notice_slip", "answered", early="overdue long_overdue"),
    _outcome("listed_supervision", "struck_off", rectify="strike_off"),
    _outcome(
        "listed_supervision", "struck_off", rectify=["progress", "strike_off"], verify=["refuse", "confirm"]
    ),
    _outcome("special_report", "all_read"),
    _outcome("special_report", "all_read", release=["return", "release"]),
    _outcome("special_report", "dropped", draft="drop"),
]
CALLED = [
    _outcome("filing", "filed"),
    _outcome("filing", "filed", check_filing=["correct", "register"]),
    _outcome("filing", "filed", {"upward_filing": True}),
    _outcome("dossier_check", "accepted"),
    _outcome(
        "dossier_check", "accepted", check_items=[{"complete": False, "missing": ["expert_report"]}, {}]
    ),
    _outcome("coordination", "coordinated"),
    _outcome("coordination", "coordinated", give_opinion=["agree", "object"], answer_opinion="adopted"),
    _outcome("coordination", "coordinated", give_opinion="object", answer_opinion="not_adopted"),
    _outcome("coordination", "coordinated", sign_conclusion=["amend", "return", "agree"]),
    *(
        _outcome(process, end, {process: listed}, **({f"confirm_{what}": said} if listed else {}))
        for process, what in (("environmental_review", "environment"), ("water_review", "water"))
        for listed, said, end in (
            (False, "", "not_listed"),
            (True, "agree", f"{what}_confirmed"),
            (True, ["amend", "agree"], f"{what}_confirmed"),
        )
    ),
    _outcome("parallel_review", "reviewed", {"environmental_review": True, "water_review": True}),
    _outcome("expert_review", "passed"),
    _outcome("expert_review", "passed_amended", record_review="passed_with_changes"),
    _outcome("expert_review", "passed", record_review=["not_passed", "passed"]),
    _outcome("expert_review", "passed", draw_experts={"voters": ["a", "b", "c"]}, vote="agree"),
    _outcome(
        "expert_review", "passed", draw_experts=[{"voters": ["a", "b", "c"]}, {}], vote=["agree", "disagree", "disagree"]
    ),
    _outcome("consultation", "consulted"),
    _outcome("consultation", "consulted", early="comment_overdue"),
    _outcome("consultation", "objection_stated", summarise_comments="objection"),
    _outcome("party_committee_review", "decided"),
    _outcome("meeting", "passed"),
    _outcome("meeting", "passed", meeting_result=["deferred", PASSED]),
    _outcome("meeting", "returned", meeting_result=RETURNED),
    _outcome("meeting", "not_passed", meeting_result=LOST),
    _outcome("meeting", "passed", meeting_result="passed_in_principle"),
    _outcome("meeting", "passed", meeting_result="passed_in_principle", amend_text="substantive"),
    _outcome("meeting", "passed", meeting_result="passed_in_principle", confirm_text=["amend", "confirm"]),
    _outcome("issue_and_archive", "issued"),
    _outcome("issue_and_archive", "issued", check_text=["return", "pass"]),
    _outcome("issue_and_archive", "issued", sign=["return", "sign"]),
]
OUTCOMES = [*REGISTRATION, *GOVERNMENT, *CONGRESS, *SELF_ISSUE, *REVISION, *RHYTHMS, *ACTING, *CALLED]
