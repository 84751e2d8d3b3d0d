"""What follows from a decision: meetings, catalogue lists, confirmations, filings, consultations, votes,
returns.

The services ask these rules and the routes draw them; nothing here knows how a result was entered
(docs/domain.md §2.1, §2.3). Government meetings do not vote, their decision is recorded; votes belong to
bodies such as expert groups.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.words import N_, Labelled


class MeetingResult(Labelled):
    """What a meeting decides about one plan of its agenda."""

    PASSED = "passed", N_("审议通过")
    PASSED_IN_PRINCIPLE = "passed_in_principle", N_("原则通过")
    DEFERRED = "deferred", N_("暂缓审议")
    RETURNED = "returned", N_("退回修改")
    NOT_PASSED = "not_passed", N_("不予通过")


@dataclass(frozen=True)
class AfterMeeting:
    """What a result leads to.

    ``goes_on``: the plan proceeds to the next step, after ``amendment`` where that is set; ``meets_again``:
    it comes back to a meeting; ``pauses``: until then its deadline stands still; ``ends``: the submission
    is over.
    """

    goes_on: bool = False
    amendment: bool = False
    meets_again: bool = False
    pauses: bool = False
    ends: bool = False


_AFTER_MEETING = {
    MeetingResult.PASSED: AfterMeeting(goes_on=True),
    MeetingResult.PASSED_IN_PRINCIPLE: AfterMeeting(goes_on=True, amendment=True),
    MeetingResult.DEFERRED: AfterMeeting(meets_again=True, pauses=True),
    MeetingResult.RETURNED: AfterMeeting(amendment=True, meets_again=True),
    MeetingResult.NOT_PASSED: AfterMeeting(ends=True),
}


def after_meeting(result: MeetingResult) -> AfterMeeting:
    """What follows from a meeting's result."""
    return _AFTER_MEETING[result]


class CatalogueDecision(Labelled):
    """What the government decides about one application of the consolidated list."""

    APPROVED = "approved", N_("同意立项")
    REFUSED = "refused", N_("不予立项")
    MERGED = "merged", N_("合并编制")
    PENDING = "pending", N_("暂缓立项")

    @property
    def gives_code(self) -> bool:
        """Whether the plan gets its code now: the only decision that lets it be written."""
        return self is CatalogueDecision.APPROVED

    @property
    def stays_open(self) -> bool:
        """Whether the application waits for a later list."""
        return self is CatalogueDecision.PENDING


class ConfirmationResult(Labelled):
    """An answer to an environmental or a water review."""

    AGREED = "agreed", N_("同意")
    AMEND = "amend", N_("修改后重新审查")
    REFUSED = "refused", N_("不同意")

    @property
    def repeats_only_this_review(self) -> bool:
        """Whether this review is asked again, the other opinions standing while their text is unchanged."""
        return self is ConfirmationResult.AMEND

    @property
    def stops_submission(self) -> bool:
        """Whether the plan cannot be submitted."""
        return self is ConfirmationResult.REFUSED


class FilingResult(Labelled):
    """What the DRC answers to a filing; neither answer touches the validity of what was issued."""

    REGISTERED = "registered", N_("予以备案")
    CORRECTIONS = "corrections", N_("补正后备案")

    @property
    def gives_number(self) -> bool:
        """Whether the filing gets its registration number now."""
        return self is FilingResult.REGISTERED


class Adoption(Labelled):
    """What the lead unit did with an opinion."""

    ADOPTED = "adopted", N_("采纳")
    PARTLY = "partly", N_("部分采纳")
    NOT_ADOPTED = "not_adopted", N_("未采纳")


@dataclass(frozen=True)
class Opinion:
    """One unit's opinion on a draft and what became of it; ``objects`` marks dissent, ``upheld`` dissent
    that stays.
    """

    unit: str
    text: str
    objects: bool = False
    adoption: Adoption | None = None
    reason: str = ""
    upheld: bool = False


def unanswered_opinions(opinions: Iterable[Opinion]) -> list[Opinion]:
    """Opinions whose adoption is not told, or that were not wholly adopted without a reason being given."""
    return [opinion for opinion in opinions if _is_unanswered(opinion)]


def _is_unanswered(opinion: Opinion) -> bool:
    if not opinion.text.strip():
        return False
    return opinion.adoption is None or (
        opinion.adoption is not Adoption.ADOPTED and not opinion.reason.strip()
    )


def dissent_for_decision(opinions: Iterable[Opinion]) -> list[Opinion]:
    """Objections that stay: no veto, but written into the submission for whoever decides."""
    return [opinion for opinion in opinions if opinion.objects and opinion.upheld]


def silent_units(asked: Sequence[str], answered: Collection[str]) -> list[str]:
    """The units that count as having no comment once the deadline of a consultation has passed
    (逾期视为无意见).
    """
    return [unit for unit in asked if unit not in answered]


class VoteState(Labelled):
    """How a vote stands."""

    OPEN = "open", N_("表决中")
    PASSED = "passed", N_("表决通过")
    RETURNED = "returned", N_("表决未通过")


class Choice(Labelled):
    """One voter's ballot."""

    AGREE = "agree", N_("同意")
    DISAGREE = "disagree", N_("不同意")
    ABSTAIN = "abstain", N_("弃权")


AGREEING = frozenset(
    [
        "agree",
        "agree_with_comment",
        "passed",
        "passed_with_changes",
        "pass",
        "confirm",
        "sign",
        "accept",
        "approve",
        "approved",
        "register",
        "registered",
        "release",
        "valid",
        "settled",
        "issue",
        "issue_alone",
        "issue_jointly",
        "minor",
        "no_comment",
    ]
)
DISAGREEING = frozenset(
    ["disagree", "dissent", "object", "refuse", "refused", "not_passed", "reject", "rejected", "invalid"]
)


def choice_of(outcome: str) -> Choice:
    """Say what a form's outcome means where opinions are counted; one that is neither yes nor no is an abstention."""
    if outcome in AGREEING:
        return Choice.AGREE
    return Choice.DISAGREE if outcome in DISAGREEING else Choice.ABSTAIN


class InvalidVote(InvalidInput):
    """A ballot or a vote's rule is impossible."""

    code = "invalid_vote"
    text = N_("表决设置或表决票不符合要求。")


@dataclass(frozen=True)
class Vote:
    """Who votes with what weight, and the share of all weight that must agree (``threshold``, above 0 up to
    1).

    It passes when the agreeing share reaches the threshold and is returned when that can no longer happen.
    """

    weights: dict[str, int]
    threshold: Fraction

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1 or not self.weights or min(self.weights.values()) < 1:
            raise InvalidVote()

    def state(self, ballots: dict[str, Choice]) -> VoteState:
        """How the vote stands with these ballots; raises :class:`InvalidVote` for somebody who has no vote."""
        if strangers := ballots.keys() - self.weights.keys():
            raise InvalidVote(N_("%(voter)s 不在表决人之列。"), voter=min(strangers))
        needed = self.threshold * sum(self.weights.values())
        agreeing = self._weight(voter for voter, choice in ballots.items() if choice is Choice.AGREE)
        if agreeing >= needed:
            return VoteState.PASSED
        still_possible = agreeing + self._weight(self.weights.keys() - ballots.keys())
        return VoteState.OPEN if still_possible >= needed else VoteState.RETURNED

    def _weight(self, voters: Iterable[str]) -> int:
        return sum(self.weights[voter] for voter in voters)


class Resubmission(Labelled):
    """What a returned task does when it is handed in again."""

    AGAIN = "again", N_("重新逐级办理")
    DIRECT = "direct", N_("直接送回退回人")


class ReturnNotAllowed(InvalidInput):
    """A task may not be returned there."""

    code = "return_not_allowed"
    text = N_("不能退回到“%(target)s”。")


def return_targets(travelled: Sequence[str], here: str, declared: Collection[str] | None) -> list[str]:
    """The steps that ``here`` may be returned to, nearest first.

    ``travelled`` are the human steps passed so far, in order, repeats included; ``declared`` those that the
    designer allows. Where he says nothing (None), the previous step and the first one are allowed.
    """
    passed = list(dict.fromkeys(step for step in reversed(travelled) if step != here))
    if declared is not None:
        return [step for step in passed if step in declared]
    first = next((step for step in travelled if step != here), None)
    return list(dict.fromkeys([*passed[:1], *([first] if first else [])]))


def require_return(
    target: str, travelled: Sequence[str], here: str, declared: Collection[str] | None
) -> None:
    """Raise :class:`ReturnNotAllowed` unless ``here`` may be returned to ``target``."""
    if target not in return_targets(travelled, here, declared):
        raise ReturnNotAllowed(target=target)
