"""What may be changed in the catalogue once plans stand in it: split, merged, withdrawn, re-dated (docs/domain.md §2.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.plans import (
    Application,
    OrderedBy,
    PlanState,
    Reasons,
    five_year_cycle,
    registration_problems,
)
from workflow_service.domain.words import N_, Labelled, Phrase

FEWEST_PARTS = 2
MOST_PARTS = 20


class ChangeKind(Labelled):
    """What is done to plans of the catalogue."""

    SPLIT = "split", N_("规划拆分")
    MERGE = "merge", N_("规划合并")
    WITHDRAW = "withdraw", N_("规划撤销")
    RE_DATE = "re_date", N_("时限调整")

    @property
    def status(self) -> PlanState | None:
        """What the plan is afterwards; None where it stays in the catalogue."""
        return _AFTERWARDS.get(self)


_AFTERWARDS = {
    ChangeKind.SPLIT: PlanState.SPLIT,
    ChangeKind.MERGE: PlanState.MERGED,
    ChangeKind.WITHDRAW: PlanState.WITHDRAWN,
}


@dataclass(frozen=True)
class ListedPlan:
    """A plan as far as the rules ask; `cycle` is the first year of its planning cycle."""

    id: int
    title: str
    area: str
    category: str
    cycle: int
    state: PlanState
    due_on: date | None = None


@dataclass(frozen=True)
class ProposedPlan:
    """A successor: its title, the government of its lead unit, its term and its day; `ordered` where an order that the plans
    before it had allows what the rules would not.
    """

    title: str
    area: str
    first_year: int
    last_year: int
    due_on: date
    ordered_by: OrderedBy | None = None


@dataclass(frozen=True)
class Change:
    """One change as it is proposed. `into`: the plan of the catalogue that others are merged into. `is_ordered`: a document that
    orders it is attached. `today` is the day of the proposal; None once it is carried out, when its days may be over.
    """

    kind: ChangeKind
    plans: Sequence[ListedPlan]
    successors: Sequence[ProposedPlan] = ()
    into: ListedPlan | None = None
    due_on: date | None = None
    is_ordered: bool = False
    today: date | None = None


class ChangeRefused(InvalidInput):
    """A change breaks a rule; ``reasons`` names every one of them."""

    code = "change_refused"
    text = N_("这项目录调整不能办理：%(reasons)s")

    def __init__(self, reasons: Collection[Phrase]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(reasons=Reasons(self.reasons))


def require_changeable(change: Change) -> None:
    """Raise :class:`ChangeRefused` with everything that stands against a change."""
    if problems := change_problems(change):
        raise ChangeRefused(problems)


def change_problems(change: Change) -> tuple[Phrase, ...]:
    """Everything that stands against a change, in words; nothing for one that may go its way (§2.1)."""
    return (*_of_plans(change), *_of_numbers(change), *_of_merging(change), *_of_successors(change), *_of_day(change))


def _of_plans(change: Change) -> Iterator[Phrase]:
    """Plans must stand in the catalogue; an issued one is changed in no way, and withdrawn only by order."""
    for plan in (*change.plans, *([change.into] if change.into else [])):
        named = {"title": plan.title, "kind": change.kind}
        if not plan.state.counts:
            yield Phrase(N_("《%(title)s》不在目录中"), named)
        elif plan.state is PlanState.ISSUED and change.kind is not ChangeKind.WITHDRAW:
            yield Phrase(N_("《%(title)s》已经印发，不能再办理%(kind)s"), named)
        elif plan.state is PlanState.ISSUED and not change.is_ordered:
            yield Phrase(N_("《%(title)s》已经印发，须附要求撤销的文件"), named)


def _of_numbers(change: Change) -> Iterator[Phrase]:
    parts = len(change.plans) + (change.into is not None)
    if change.kind is ChangeKind.SPLIT and len(change.successors) < FEWEST_PARTS:
        yield Phrase(N_("拆分至少要有两项后继规划"))
    if change.kind is ChangeKind.MERGE and parts < FEWEST_PARTS:
        yield Phrase(N_("合并至少要有两项规划"))
    if change.kind is ChangeKind.MERGE and (change.into is not None) == (len(change.successors) == 1):
        yield Phrase(N_("合并须并入一项在目录中的规划，或者一项新规划"))
    if change.kind in (ChangeKind.SPLIT, ChangeKind.RE_DATE) and len(change.plans) != 1:
        yield Phrase(N_("拆分和调整时限每次只办一项规划"))
    if not change.plans or len(change.plans) > MOST_PARTS or len(change.successors) > MOST_PARTS:
        yield Phrase(N_("一次调整涉及的规划应为 1 至 %(most)d 项"), {"most": MOST_PARTS})


def _of_merging(change: Change) -> Iterator[Phrase]:
    if change.into is not None and change.into.id in [plan.id for plan in change.plans]:
        yield Phrase(N_("规划不能并入自身"))
    everyone = [*change.plans, *([change.into] if change.into else [])]
    if len({plan.area for plan in everyone}) > 1:
        yield Phrase(N_("所涉规划应属同一级政府的目录"))
    if change.kind is ChangeKind.MERGE and len({(plan.category, plan.cycle) for plan in everyone}) > 1:
        yield Phrase(N_("合并的规划应属同一类别、同一规划期"))


def _of_successors(change: Change) -> Iterator[Phrase]:
    areas = {plan.area for plan in change.plans}
    for one in change.successors:
        named = {"title": one.title}
        if one.area not in areas:
            yield Phrase(N_("《%(title)s》的编制单位应属同一级政府"), named)
        if change.today is not None and one.due_on <= change.today:
            yield Phrase(N_("《%(title)s》的应印发日期应晚于今天"), named)
        if change.plans and five_year_cycle(one.first_year) != five_year_cycle(change.plans[0].cycle):
            yield Phrase(N_("《%(title)s》的规划期应与原规划属同一个五年规划期"), named)
        application = Application(
            one.title, one.first_year, one.last_year, ordered_by=one.ordered_by, has_order=one.ordered_by is not None
        )
        for problem in registration_problems(application):
            yield Phrase(N_("《%(title)s》：%(problem)s"), named | {"problem": problem})
    titles = Counter(one.title.strip() for one in change.successors)
    yield from (Phrase(N_("《%(title)s》重复"), {"title": title}) for title, times in titles.items() if times > 1)


def _of_day(change: Change) -> Iterator[Phrase]:
    if change.kind is not ChangeKind.RE_DATE:
        return
    if change.due_on is None:
        yield Phrase(N_("请填写调整后的应印发日期"))
        return
    if change.today is not None and change.due_on <= change.today:
        yield Phrase(N_("调整后的应印发日期应晚于今天"))
    if change.today is not None and change.due_on in [plan.due_on for plan in change.plans]:
        yield Phrase(N_("应印发日期没有变化"))
