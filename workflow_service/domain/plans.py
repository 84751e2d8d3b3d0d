"""What a plan is: its kinds, its stages, its code, and what must be there before it is registered or
approved.

The words and rules are those of docs/domain.md §1, §2.1 and §2.2. Which route a plan takes is not decided
here but in a decision table; which dossier items a government asks for beyond the common five is a setting.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from workflow_service.domain.divisions import level_of
from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.numerals import numeral
from workflow_service.domain.words import N_, Labelled, Phrase
from workflow_service.i18n import _

SHORTEST_TERM_YEARS = 3
YEARS_A_CYCLE = 5
FIRST_CYCLE_STARTS = 1951  # so that the n-th five-year plan starts in 1951 + 5n: 十四五 in 2021


class Level(Labelled):
    """The government's level (三级, with the towns below)."""

    PROVINCE = "province", N_("省级")
    CITY = "city", N_("市级")
    COUNTY = "county", N_("县级")
    TOWN = "town", N_("乡级")


class Category(Labelled):
    """The four categories (四类)."""

    DEVELOPMENT = "development", N_("发展规划")
    SPATIAL = "spatial", N_("空间规划")
    SPECIAL = "special", N_("专项规划")
    REGIONAL = "regional", N_("区域规划")

    @property
    def letters(self) -> str:
        """The two letters that stand for it in a plan code."""
        return _LETTERS[self]


_LETTERS = {
    Category.DEVELOPMENT: "FZ",
    Category.SPATIAL: "KJ",
    Category.SPECIAL: "ZX",
    Category.REGIONAL: "QY",
}
_CATEGORY_OF = {letters: category for category, letters in _LETTERS.items()}


class Tier(Labelled):
    """1+N+X: who approves."""

    ONE = "1", N_("人大审议批准")
    N = "N", N_("政府审批")
    X = "X", N_("部门印发")


class Importance(Labelled):
    """How closely a plan is managed."""

    KEY = "key", N_("重点")
    GENERAL = "general", N_("一般")
    FILED = "filed", N_("备案")


class Route(Labelled):
    """The four ways to approval; the values are the keys of their processes."""

    PEOPLE_CONGRESS = "people_congress", N_("人大审议批准")
    GOVERNMENT_APPROVAL = "government_executive_meeting", N_("政府审批")
    DEPARTMENTAL_SELF_ISSUE = "departmental_self_issue", N_("部门自行印发")
    FILING = "filing", N_("备案")


class ReviewForm(Labelled):
    """The forms of government approval, from the lightest to the weightiest."""

    WRITTEN_APPROVAL = "written_approval", N_("书面报批")
    SPECIAL_MEETING = "special_meeting", N_("政府专题会议")
    EXECUTIVE_MEETING = "executive_meeting", N_("政府常务会议")
    PARTY_COMMITTEE_MEETING = "party_committee_meeting", N_("党委会议")

    @property
    def weight(self) -> int:
        """Its place among the forms: a heavier one has a larger number."""
        return list(ReviewForm).index(self)

    def may_become(self, other: ReviewForm) -> bool:
        """Whether a person may settle ``other`` where the table proposes this form: confirmed or raised."""
        return other.weight >= self.weight


class Stage(Labelled):
    """Where a plan stands in its life, in the order in which it gets there."""

    REGISTRATION = "registration", N_("立项")
    RESEARCH = "research", N_("前期研究")
    DRAFTING = "drafting", N_("起草")
    CONSULTATION = "consultation", N_("征求意见")
    COORDINATION = "coordination", N_("衔接")
    REVIEW = "review", N_("评审论证")
    APPROVAL = "approval", N_("审批")
    ISSUE = "issue", N_("印发")
    FILING = "filing", N_("备案")
    IMPLEMENTATION = "implementation", N_("实施")
    EVALUATION = "evaluation", N_("评估")
    REVISION = "revision", N_("修订")
    CLOSED = "closed", N_("结束")


class PlanState(Labelled):
    """What a plan is to the catalogue."""

    APPLIED = "applied", N_("申请立项")
    PENDING = "pending", N_("暂缓立项")
    ACTIVE = "active", N_("编制中")
    ISSUED = "issued", N_("已印发")
    REFUSED = "refused", N_("不予立项")
    MERGED = "merged", N_("已合并")
    SPLIT = "split", N_("已拆分")
    WITHDRAWN = "withdrawn", N_("已撤销")

    @property
    def counts(self) -> bool:
        """Whether the plan stands in the catalogue and in the denominator of its figures."""
        return self in (PlanState.ACTIVE, PlanState.ISSUED)


class OrderedBy(Labelled):
    """Who may order a plan that the rules would not have."""

    PARTY_COMMITTEE = "party_committee", N_("党委")
    GOVERNMENT = "government", N_("政府")
    UPPER_DEPARTMENT = "upper_department", N_("上级部门")


@dataclass(frozen=True)
class PlanningCycle:
    """A cycle of planning; both years belong to it."""

    name: str
    first_year: int
    last_year: int

    def matches(self, first_year: int, last_year: int) -> bool:
        """Whether a plan's term is that of the development plan; others are listed and adjusted in time."""
        return (first_year, last_year) == (self.first_year, self.last_year)


def five_year_cycle(year: int) -> PlanningCycle:
    """The five-year cycle that ``year`` lies in: 2023 is in 十四五, 2021 to 2025."""
    number = (year - FIRST_CYCLE_STARTS) // YEARS_A_CYCLE
    first = FIRST_CYCLE_STARTS + number * YEARS_A_CYCLE
    return PlanningCycle(f"{numeral(number)}五", first, first + YEARS_A_CYCLE - 1)


class InvalidPlanCode(InvalidInput):
    """A text is no plan code."""

    code = "invalid_plan_code"
    text = N_("“%(plan_code)s”不是规划代码，应形如 GH-2021-330000-ZX-0004。")


_PLAN_CODE = re.compile(r"GH-(\d{4})-(\d{6}|\d{9})-(FZ|KJ|ZX|QY)-(\d{4,6})")


@dataclass(frozen=True)
class PlanCode:
    """A plan's code: given once when its registration is approved, never reused, kept through revisions
    (§6).

    ``area`` is the division's code (GB/T 2260, nine digits for towns), ``serial`` counts approvals from 1
    in one series.
    """

    first_year: int
    area: str
    category: Category
    serial: int

    @classmethod
    def parse(cls, text: str) -> PlanCode:
        """Read a code; raises :class:`InvalidPlanCode`, also for a serial 0 or an unknown form of division."""
        match = _PLAN_CODE.fullmatch(text.strip())
        if match is None or int(match[4]) == 0:
            raise InvalidPlanCode(plan_code=text)
        code = cls(int(match[1]), match[2], _CATEGORY_OF[match[3]], int(match[4]))
        level_of(code.area)
        return code

    @property
    def series(self) -> str:
        """The name of the number series that the serial is drawn from."""
        return f"GH-{self.first_year}-{self.area}-{self.category.letters}"

    def __str__(self) -> str:
        return f"{self.series}-{self.serial:04d}"


@dataclass(frozen=True)
class PlanFacts:
    """What the rules and the decision tables ask about a plan."""

    title: str
    category: Category
    level: Level
    tier: Tier
    importance: Importance
    area: str
    first_year: int
    last_year: int
    environmental_review: bool = False
    water_review: bool = False
    upward_filing: bool = False
    needs_party_review: bool = False

    @property
    def party_decides(self) -> bool:
        """Whether the party committee reviews it: the development plan always, others where found important
        (§2.3).
        """
        return self.needs_party_review or self.tier is Tier.ONE


class DossierItem(Labelled):
    """The documents of a submission (要件): the common five, the two confirmations, and what a government
    may add.
    """

    CATALOGUE_APPROVAL = "catalogue_approval", N_("规划编制目录清单批复")
    DRAFT_FOR_REVIEW = "draft_for_review", N_("规划草案（送审稿）")
    DRAFTING_NOTES = "drafting_notes", N_("起草说明")
    EXPERT_REPORT = "expert_report", N_("论证报告")
    COORDINATION_OPINIONS = "coordination_opinions", N_("衔接意见及采纳情况")
    ENVIRONMENTAL_CONFIRMATION = "environmental_confirmation", N_("环境影响评价确认意见")
    WATER_CONFIRMATION = "water_confirmation", N_("水资源论证确认意见")
    CONSULTATION_RECORD = "consultation_record", N_("公开征求意见情况")
    LEGALITY_REVIEW = "legality_review", N_("合法性审查意见")
    COLLECTIVE_DISCUSSION = "collective_discussion", N_("集体讨论纪要")
    PARTY_PROPOSAL = "party_proposal", N_("党委《建议》")
    UPPER_COORDINATION = "upper_coordination", N_("上级发展改革部门衔接意见")


COMMON_ITEMS = (
    DossierItem.CATALOGUE_APPROVAL,
    DossierItem.DRAFT_FOR_REVIEW,
    DossierItem.DRAFTING_NOTES,
    DossierItem.EXPERT_REPORT,
    DossierItem.COORDINATION_OPINIONS,
)


@dataclass(frozen=True)
class DossierSettings:
    """What one government asks for: ``common`` for every submission, ``further`` in addition (§2.2)."""

    common: tuple[DossierItem, ...] = COMMON_ITEMS
    further: tuple[DossierItem, ...] = ()


def confirmations_needed(plan: PlanFacts) -> tuple[DossierItem, ...]:
    """The confirmations that must be there before approval, for a plan on one or both of the lists (§2.1)."""
    needed = []
    if plan.environmental_review:
        needed.append(DossierItem.ENVIRONMENTAL_CONFIRMATION)
    if plan.water_review:
        needed.append(DossierItem.WATER_CONFIRMATION)
    return tuple(needed)


def required_items(plan: PlanFacts, settings: DossierSettings) -> tuple[DossierItem, ...]:
    """Every item that a submission of ``plan`` must have, each once, in the order in which offices list
    them.
    """
    wanted = {*settings.common, *settings.further, *confirmations_needed(plan)}
    return tuple(item for item in DossierItem if item in wanted)


def missing_items(
    plan: PlanFacts, present: Collection[str], settings: DossierSettings
) -> tuple[DossierItem, ...]:
    """All that is missing at once (一次性补正): ``present`` are the values of the items handed in."""
    return tuple(item for item in required_items(plan, settings) if item.value not in present)


@dataclass(frozen=True)
class Application:
    """An application to register a plan. ``listed``: it stands in the catalogue that it applies under, or
    asks to enter it in time; ``ordered_by`` and ``has_order``: who ordered an exception, and whether that
    document is attached.
    """

    title: str
    first_year: int
    last_year: int
    listed: bool = True
    ordered_by: OrderedBy | None = None
    has_order: bool = False

    @property
    def term_years(self) -> int:
        """Length of the term in years, both ends counted: 2021 to 2025 are five."""
        return self.last_year - self.first_year + 1


class RegistrationRefused(InvalidInput):
    """An application breaks a rule of registration; ``reasons`` names every one of them."""

    code = "registration_refused"
    text = N_("该规划不符合立项条件：%(reasons)s")

    def __init__(self, reasons: tuple[Phrase, ...]) -> None:
        self.reasons = reasons
        super().__init__(reasons=Reasons(reasons))


class Reasons(tuple[Phrase, ...]):
    """Reasons in one sentence, in the language of whoever reads it."""

    __slots__ = ()

    def __str__(self) -> str:
        return _(N_("；")).join(str(reason) for reason in self)


def registration_problems(
    application: Application, shortest_term: int = SHORTEST_TERM_YEARS
) -> tuple[Phrase, ...]:
    """Everything that stands against an application, in words; nothing for one that may be registered
    (§2.1).

    A plan outside the catalogue and a term of less than ``shortest_term`` years are refused, unless ordered
    by the party committee, the government or an upper-level department with that document attached.
    """
    problems = [Phrase(N_("规划名称未填写"))] if not application.title.strip() else []
    if application.term_years < 1:
        problems.append(Phrase(N_("规划期的结束年份早于开始年份")))
    if application.ordered_by and not application.has_order:
        problems.append(Phrase(N_("须附%(who)s要求编制的文件"), {"who": application.ordered_by}))
    if not application.ordered_by:
        problems += _without_an_order(application, shortest_term)
    return tuple(problems)


def _without_an_order(application: Application, shortest_term: int) -> list[Phrase]:
    problems = []
    if not application.listed:
        problems.append(Phrase(N_("未列入编制目录清单的规划，原则上不得编制")))
    if 1 <= application.term_years < shortest_term:
        problems.append(Phrase(N_("规划期少于 %(years)d 年的，原则上不编制规划"), {"years": shortest_term}))
    return problems


def require_registrable(application: Application, shortest_term: int = SHORTEST_TERM_YEARS) -> None:
    """Raise :class:`RegistrationRefused` with all reasons, if there are any."""
    if problems := registration_problems(application, shortest_term):
        raise RegistrationRefused(problems)
