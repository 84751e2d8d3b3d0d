"""What stands around a task: who was asked on its behalf, on whose behalf it is asked itself, why it came back, what happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from workflow_service.domain.rounds import RULES, Relation, RoundMode
from workflow_service.i18n import _
from workflow_service.services import asked_others, events, forms, taking_out, task_access
from workflow_service.services.asked_others import RoundSeen
from workflow_service.store import instance_view
from workflow_service.store.operations import TaskEvent
from workflow_service.store.runtime import ProcessInstance, Task

from ..current import page_actor
from ..forms import fields_of
from ..operation_words import operation_word
from .ahead import Ahead
from .moves import Move, moves_of


@dataclass(frozen=True)
class Around:
    """The surroundings of one task, as its page shows them."""

    rounds: Sequence[RoundSeen]
    behind: RoundSeen | None
    main: Task | None
    main_words: tuple[tuple[str, str], ...]
    returned: TaskEvent | None
    returned_by: str
    moves: Sequence[Move]
    ballot: bool = False
    """A vote: nobody else can be given it."""

    @property
    def consulted(self) -> list[RoundSeen]:
        """The questions that were asked inside the task."""
        return [one for one in self.rounds if one.relation == Relation.CONSULT.value]

    @property
    def signing(self) -> list[RoundSeen]:
        """Everybody else who was asked on the task's behalf."""
        return [one for one in self.rounds if one.relation != Relation.CONSULT.value]

    @property
    def awaited(self) -> list[RoundSeen]:
        """The rounds that hold the task up: it waits for them, or cannot be finished before they are over."""
        return [one for one in self.rounds if one.running and one.blocking]


def around(session: Session, task: Task, row: ProcessInstance) -> Around:
    """Read what stands around a task."""
    behind = asked_others.round_behind(session, task)
    main = session.get(Task, behind.task_id) if behind is not None else None
    returned = events.returned_for(session, task)
    by = next((name for one, name, _task in events.events_of(session, row.id) if returned is one), "") if returned else ""
    return Around(
        rounds=asked_others.rounds_of(session, task.id) if task.rounds else (), behind=behind, main=main,
        main_words=_words_of(session, main, row) if main is not None else (), returned=returned, returned_by=by,
        moves=moves_of(session, row.id, instance_view.steps_of(session, row.id)),
        ballot=task_access.signing_rule(session, row, task) == task_access.VOTE,
    )  # fmt: skip


def _words_of(session: Session, main: Task, row: ProcessInstance) -> tuple[tuple[str, str], ...]:
    """The asking task's form as far as it is filled in, to be read only; his draft stays his own."""
    values: dict[str, Any] = main.submission or main.prefill or {}
    found = fields_of(forms.form_of_task(session, main, row.definition_id), values)
    told = [one for one in found if one.words and one.kind not in ("group", "rows", "hidden")]
    return tuple((one.title, _("、").join(one.words)) for one in told)


def may_remove(found: RoundSeen, main: Task, process: str) -> bool:
    """Whether the reader may take out somebody who has not acted."""
    return found.running and taking_out.may_remove(page_actor(), process, main, Relation(found.relation), found.asked_by_id)


def named(people: Iterable[asked_others.Member]) -> str:
    """The names of some, as one line."""
    return _("、").join(one.name for one in people)


def still_asked(found: RoundSeen) -> str:
    """Who of a round has not acted yet."""
    return named(one for one in found.members if one.status in ("open", asked_others.WAITING))


def what_next(task: Task, seen: Around, ahead: Ahead) -> tuple[str, dict[str, str]]:
    """The line "after this", and the line for each choice, with those asked beside the flow in mind."""
    if seen.behind is not None:
        return _after_side(task, seen.behind), {}
    waits = [_("%(what)s（%(who)s）", what=operation_word(one.relation), who=still_asked(one)) for one in seen.awaited]
    if not waits:
        return ahead.sentence, ahead.choices
    first = _("、").join(waits)
    lines = {value: _("先等%(first)s，再到%(next)s", first=first, next=line) for value, line in ahead.choices.items()}
    return _("先等%(first)s，再到%(next)s", first=first, next=ahead.sentence or _("下一环节")), lines


def _after_side(task: Task, behind: RoundSeen) -> str:
    following = next((one for one in behind.members if one.status == asked_others.WAITING), None)
    if behind.mode == RoundMode.SEQUENCE.value and following is not None:
        return _("交%(name)s继续%(what)s", name=following.name, what=operation_word(behind.relation))
    others = [one for one in behind.members if one.status == "open" and one.task_id != task.id]
    if others and behind.mode != RoundMode.ANY.value:
        return _("等%(names)s也办完", names=named(others))
    if RULES[Relation(behind.relation)].holds:
        return _("交回%(name)s继续办理", name=behind.asked_by)
    if behind.relation in (Relation.AFTER.value, Relation.TOGETHER.value):
        return _("没有不同意的，流程继续；有不同意的，交回%(name)s", name=behind.asked_by)
    return _("告知%(name)s", name=behind.asked_by)


