"""Who else is asked on behalf of a task, and what that does to it (docs/approval-operations.md).

A round asks people in order, at once or until one has answered. The relation says whether the asking task lies still
meanwhile, whether it may be finished before the round is over, and what a dissent does.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflow_service.domain.words import N_, Labelled


class Relation(Labelled):
    """Why others are asked."""

    DELEGATE = "delegate", N_("委托办理")
    BEFORE = "before", N_("前加签")
    AFTER = "after", N_("后加签")
    TOGETHER = "together", N_("并加签")
    CO_HANDLE = "co_handle", N_("协办")
    RESUBMIT = "resubmit", N_("退回补正")
    CONSULT = "consult", N_("沟通")
    INSTRUCT = "instruct", N_("批示交办")


class RoundMode(Labelled):
    """In which order the people of a round are asked."""

    SEQUENCE = "sequence", N_("依次")
    PARALLEL = "parallel", N_("同时")
    ANY = "any", N_("任一人")


@dataclass(frozen=True)
class RelationRule:
    """What a relation means. `holds`: the asking task lies before nobody while the round runs; `blocks`: it cannot be finished
    before; `begins_after`: the round begins when the asking task has been handed in; `dissent_returns`: a dissent brings the
    asking task back to its handler; `survives`: the round goes on when the asking task is over. `form` of those asked, empty
    for the form of the task itself.
    """

    form: str
    holds: bool = False
    blocks: bool = False
    begins_after: bool = False
    dissent_returns: bool = False
    survives: bool = False


RULES = {
    Relation.DELEGATE: RelationRule("", holds=True, blocks=True),
    Relation.BEFORE: RelationRule("side:opinion", holds=True, blocks=True),
    Relation.AFTER: RelationRule("side:opinion", blocks=True, begins_after=True, dissent_returns=True),
    Relation.TOGETHER: RelationRule("side:opinion", blocks=True, dissent_returns=True),
    Relation.CO_HANDLE: RelationRule("side:result", blocks=True),
    Relation.RESUBMIT: RelationRule("", holds=True, blocks=True),
    Relation.CONSULT: RelationRule("side:answer"),
    Relation.INSTRUCT: RelationRule("side:result", survives=True),
}
SIGNING = (Relation.BEFORE, Relation.AFTER, Relation.TOGETHER)
"""The three ways to add signers (加签)."""


def next_turns(mode: RoundMode, asked: int, begun: int) -> range:
    """Which of `asked` people are to be asked now, `begun` of them having been asked and none of these being still open."""
    if mode is RoundMode.SEQUENCE:
        return range(begun, min(begun + 1, asked))
    return range(begun, asked)


def is_over(mode: RoundMode, asked: int, begun: int, answered: int, still_open: int) -> bool:
    """Whether a round needs no further answer: one is enough, or nobody is open and nobody's turn is to come."""
    if mode is RoundMode.ANY and answered:
        return True
    return still_open == 0 and begun >= asked
