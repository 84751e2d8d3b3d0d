"""What follows from decisions, votes and returns (docs/domain.md §2.1, §2.3)."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_service.domain.approvals import (
    Adoption,
    CatalogueDecision,
    Choice,
    ConfirmationResult,
    FilingResult,
    InvalidVote,
    MeetingResult,
    Opinion,
    ReturnNotAllowed,
    Vote,
    VoteState,
    after_meeting,
    dissent_for_decision,
    require_return,
    return_targets,
    silent_units,
    unanswered_opinions,
)

TWO_THIRDS = Fraction(2, 3)


def test_a_plan_passed_in_principle_is_amended_and_needs_no_second_meeting() -> None:
    after = after_meeting(MeetingResult.PASSED_IN_PRINCIPLE)
    assert (after.goes_on, after.amendment, after.meets_again) == (True, True, False)


def test_a_deferred_plan_waits_for_the_next_meeting_with_its_clock_stopped() -> None:
    after = after_meeting(MeetingResult.DEFERRED)
    assert (after.meets_again, after.pauses, after.goes_on) == (True, True, False)


def test_a_returned_plan_is_amended_and_meets_again_while_one_not_passed_ends() -> None:
    assert after_meeting(MeetingResult.RETURNED).meets_again
    assert not after_meeting(MeetingResult.RETURNED).pauses
    assert after_meeting(MeetingResult.NOT_PASSED).ends
    assert after_meeting(MeetingResult.PASSED).goes_on


def test_only_an_approved_application_gets_a_code_and_only_a_pending_one_stays_open() -> None:
    assert [decision for decision in CatalogueDecision if decision.gives_code] == [CatalogueDecision.APPROVED]
    assert [decision for decision in CatalogueDecision if decision.stays_open] == [CatalogueDecision.PENDING]


def test_amend_repeats_one_review_and_a_refusal_stops_the_submission() -> None:
    assert ConfirmationResult.AMEND.repeats_only_this_review
    assert not ConfirmationResult.AMEND.stops_submission
    assert ConfirmationResult.REFUSED.stops_submission


def test_a_filing_returned_for_corrections_gets_no_number_yet() -> None:
    assert FilingResult.REGISTERED.gives_number
    assert not FilingResult.CORRECTIONS.gives_number


def test_an_opinion_not_wholly_adopted_needs_a_reason() -> None:
    opinions = [
        Opinion("财政局", "核实资金规模", adoption=Adoption.ADOPTED),
        Opinion("水利局", "补充取水论证", adoption=Adoption.PARTLY),
        Opinion("交通局", "增列项目", adoption=Adoption.NOT_ADOPTED, reason="已列入综合交通规划"),
        Opinion("民政局", "补充指标"),
        Opinion("教育局", ""),
    ]
    assert [opinion.unit for opinion in unanswered_opinions(opinions)] == ["水利局", "民政局"]


def test_an_objection_that_stays_goes_up_for_decision_and_a_settled_one_does_not() -> None:
    opinions = [Opinion("甲", "不同意", objects=True, upheld=True), Opinion("乙", "不同意", objects=True)]
    assert [opinion.unit for opinion in dissent_for_decision(opinions)] == ["甲"]


def test_silence_past_the_deadline_counts_as_no_comment() -> None:
    assert silent_units(["甲", "乙", "丙"], {"乙"}) == ["甲", "丙"]


def ballots(agree: str = "", disagree: str = "", abstain: str = "") -> dict[str, Choice]:
    choices = {Choice.AGREE: agree, Choice.DISAGREE: disagree, Choice.ABSTAIN: abstain}
    return {voter: choice for choice, voters in choices.items() for voter in voters}


def test_a_vote_is_decided_as_soon_as_it_cannot_change() -> None:
    vote = Vote(dict.fromkeys("abcdef", 1), TWO_THIRDS)
    assert vote.state(ballots(agree="abc")) is VoteState.OPEN
    assert vote.state(ballots(agree="abcd")) is VoteState.PASSED
    assert vote.state(ballots(disagree="ab")) is VoteState.OPEN
    assert vote.state(ballots(disagree="abc")) is VoteState.RETURNED
    assert vote.state(ballots(agree="abc", disagree="d", abstain="ef")) is VoteState.RETURNED


def test_weights_count_instead_of_heads() -> None:
    vote = Vote({"chair": 3, "a": 1, "b": 1}, Fraction(1, 2))
    assert vote.state(ballots()) is VoteState.OPEN
    assert vote.state({"chair": Choice.AGREE}) is VoteState.PASSED
    assert vote.state({"chair": Choice.DISAGREE}) is VoteState.RETURNED


def test_impossible_votes_and_ballots_of_others_are_refused() -> None:
    with pytest.raises(InvalidVote):
        Vote({}, TWO_THIRDS)
    with pytest.raises(InvalidVote):
        Vote({"a": 0}, TWO_THIRDS)
    with pytest.raises(InvalidVote):
        Vote({"a": 1}, Fraction(0))
    with pytest.raises(InvalidVote, match="外人"):
        Vote({"a": 1}, TWO_THIRDS).state({"外人": Choice.AGREE})


votes = st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 5), min_size=1)
shares = st.fractions(Fraction(1, 10), Fraction(1))


@given(votes, shares, st.lists(st.sampled_from(Choice), min_size=7, max_size=7))
def test_a_decided_vote_never_changes_and_a_full_one_is_decided(
    weights: dict[str, int], threshold: Fraction, choices: list[Choice]
) -> None:
    vote, cast = Vote(weights, threshold), dict[str, Choice]()
    states = [vote.state(cast)]
    for voter, choice in zip(weights, choices, strict=False):
        cast[voter] = choice
        states.append(vote.state(cast))
    decided = [state for state in states if state is not VoteState.OPEN]
    assert len(set(decided)) == 1
    assert states[-1] is not VoteState.OPEN
    agreeing = sum(weight for voter, weight in weights.items() if cast[voter] is Choice.AGREE)
    assert (states[-1] is VoteState.PASSED) == (agreeing >= threshold * sum(weights.values()))


WAY = ["draft", "check", "amend", "check", "countersign"]


def test_a_task_returns_to_the_previous_step_or_the_first_unless_the_designer_says_otherwise() -> None:
    assert return_targets(WAY, "decide", None) == ["countersign", "draft"]
    assert return_targets(WAY, "countersign", None) == ["check", "draft"]
    assert return_targets(["draft"], "draft", None) == []


def test_the_designer_allows_earlier_steps_and_only_those_passed_can_be_reached() -> None:
    assert return_targets(WAY, "decide", {"check", "draft", "later"}) == ["check", "draft"]
    assert return_targets(WAY, "decide", set()) == []


def test_a_return_elsewhere_is_refused_by_name() -> None:
    require_return("countersign", WAY, "decide", None)
    with pytest.raises(ReturnNotAllowed, match="amend"):
        require_return("amend", WAY, "decide", None)
