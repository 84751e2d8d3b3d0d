"""What is done to tasks and instances beyond finishing them, as the interface takes and shows it."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from .shapes import Given, GivenMoment, Id, Moment, Shown, Values

Holder = Annotated[str, StringConstraints(pattern=r"^(u:\d{1,18}|g:[^:\s]{1,100}:[^:\s]{1,100})$")]
"""A person (`u:7`) or a post (`g:nb.fgw:registry`)."""
Element = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
ResubmissionWord = Literal["again", "direct"]


class ReturnTargetShown(Shown):
    """A step that a task can be returned to, or a finished instance taken up at."""

    element_id: str
    name: str
    kind: Literal["task", "countersign", "process"]
    person: str = Field(description="who did it; empty where several did")
    ended_at: Moment | None


class ReturnOptions(Shown):
    """Where a task can be returned to, nearest first, and how it can be handed in again."""

    targets: list[ReturnTargetShown]
    resubmissions: list[ResubmissionWord] = Field(description="more than one: the handler chooses")


class ReturnTried(Given):
    """A return to try: to which step, and how it is handed in again (null: as the diagram says)."""

    to: Element
    resubmission: ResubmissionWord | None = None


class ReturnGiven(ReturnTried):
    """A return: the reason, and every point that is to be put right, at once (一次性补正)."""

    reason: Why
    points: list[Words] = Field(default_factory=list, max_length=30)


class EndingTaskShown(Shown):
    """An open task that would end, and before whom it lies."""

    task_id: int
    name: str
    holders: list[str]


class JoinShown(Shown):
    """A join at which branches wait for others."""

    process_key: str
    element_id: str
    name: str
    arrived: list[str]
    missing: list[str]


class AssumedShown(Shown):
    """A branch that would count as done."""

    join: str
    source: str


class StandingClockShown(Shown):
    """A due moment that would stand still; of the plan where `task_id` is null."""

    task_id: int | None
    name: str
    holders: list[str]
    due_at: Moment | None


class MovedDateShown(Shown):
    """A due moment that would move; of the plan where `task_id` is null."""

    task_id: int | None
    name: str
    before: Moment
    after: Moment
    working_days: int


class WaitingTimerShown(Shown):
    """A timer that would wait or, on resuming, fire with the next look."""

    name: str
    due_at: Moment


class ComingBackShown(Shown):
    """A task that would lie before `holders` again, whose drafts would come back with it, who would be asked again."""

    name: str
    holders: list[str]
    drafts: list[str]
    asked: list[str]


class EffectShown(Shown):
    """What an operation would do; nothing was done."""

    ends: list[EndingTaskShown]
    begins: list[str]
    joins: list[JoinShown]
    assumed: list[AssumedShown]
    undone: list[str] = Field(description="steps that were finished and would be asked again")
    services: list[str]
    stands: list[StandingClockShown] = Field(description="clocks that would stand still")
    moved: list[MovedDateShown]
    timers: list[WaitingTimerShown]
    comes_back: list[ComingBackShown]
    leaves: list[str] = Field(description="meetings whose agendas the run would leave; empty for the pool")
    rejoins: list[str] = Field(description="meetings on whose agendas it would stand again; empty for the pool")


class TransferGiven(Given):
    """To whom a task is handed on, and why; `with_draft`: drafted form values and files go along, the opinion never does."""

    holder: Holder
    reason: Words = ""
    with_draft: bool = False


class ReassignGiven(Given):
    """To whom a supervisor gives a task, and why."""

    holder: Holder
    reason: Why


class AskedGiven(Given):
    """One person or post that is asked, with a due moment of its own."""

    holder: Holder
    due_at: GivenMoment | None = None


class DelegateGiven(AskedGiven):
    """Who does a task for its handler; it comes back to him with the result."""

    note: Words = ""


People = Annotated[list[AskedGiven], Field(min_length=1, max_length=50)]


class ConsultGiven(Given):
    """Who is asked a question, and the question."""

    people: People
    note: Why


class SignersGiven(Given):
    """Who signs besides the handler: before him, after him or together with him; in order, at once, or any one of them."""

    position: Literal["before", "after", "together"]
    people: People
    mode: Literal["sequence", "parallel", "any"] = "parallel"
    note: Words = ""


class TurnGiven(Given):
    """Somebody in a round, by his turn."""

    turn: int = Field(ge=0, le=1000, description="counted from 0")


class SignerGiven(Given):
    """Who signs or votes as well, and why."""

    holder: Holder
    reason: Why


class SignerRemoved(TurnGiven):
    """Who does not sign or vote after all, and why."""

    reason: Why


class SignerShown(Shown):
    """One who signs or votes. `waiting`: his turn has not come; `cancelled`: the result did not need him any more."""

    turn: int
    name: str
    status: Literal["waiting", "open", "completed", "cancelled", "removed"]
    task_id: int | None
    outcome: str
    opinion: str
    ended_at: Moment | None


class SigningShown(Shown):
    """A countersignature or vote as it stands."""

    sign: Literal["all", "any", "vote"]
    in_order: bool
    signers: list[SignerShown]
    changeable: bool = Field(description="whether you may add and take out")


class MemberShown(Shown):
    """One who is asked in a round. `waiting`: his turn has not come."""

    holder: str
    name: str
    status: Literal["waiting", "open", "completed", "cancelled"]
    task_id: int | None
    due_at: Moment | None
    outcome: str
    opinion: str
    ended_at: Moment | None


class RoundShown(Shown):
    """Others asked on a task's behalf."""

    id: int
    task_id: int
    relation: str = Field(description="delegate, before, after, together, co_handle, resubmit, consult, instruct")
    mode: Literal["sequence", "parallel", "any"]
    blocking: bool
    note: str
    asked_by: str
    created_at: Moment
    ended_at: Moment | None
    members: list[MemberShown]


class RoundList(Shown):
    """Rounds, the first first."""

    items: list[RoundShown]


class CandidateShown(Shown):
    """One person or post to choose."""

    holder: str
    name: str
    detail: str
    lately: bool


class CandidateList(Shown):
    """Whom one may choose, those chosen lately first."""

    items: list[CandidateShown]


class CandidateQuery(Given):
    """What is looked for."""

    q: str = Field("", max_length=60, description="name, unit or pinyin initials; empty: chosen lately, and one's own unit")
    within_unit: bool = Field(False, description="only whom a task can be transferred to")


class EventShown(Shown):
    """What happened to a task besides its beginning and end."""

    id: int
    task_id: int | None
    at: Moment
    kind: str
    actor_id: int | None
    actor: str
    reason: str
    data: dict[str, Any]


class EventList(Shown):
    """Events in the order in which they happened."""

    items: list[EventShown]


class Opened(Shown):
    """Whether it was news that the task was opened."""

    news: bool


class BatchGiven(Given):
    """One action for many tasks; `values` for complete, `holder` for transfer and reassign, `due_at` for extend, `note` says why.

    Urging and the last five need a `note` (urging: at most 500 characters). The last five are for supervisors; suspend and
    terminate are done to the runs of the tasks.
    """

    action: Literal[
        "claim", "complete", "transfer", "urge", "reassign", "extend", "escalate", "suspend", "terminate"
    ]  # fmt: skip
    task_ids: list[Id] = Field(min_length=1, max_length=100)
    values: Values = Field(default_factory=dict)
    holder: Holder | None = None
    note: Words = ""
    due_at: GivenMoment | None = None


class BatchLine(Shown):
    """What came of one task; a refusal has the status, code and words that the single command would have had."""

    task_id: int
    done: bool
    status: int
    code: str
    detail: str


class BatchShown(Shown):
    """A result for each task, in the order asked."""

    items: list[BatchLine]


class JumpTried(Given):
    """A token and the step that it is to be put on."""

    token: UUID
    to: Element


class JumpGiven(JumpTried):
    """The same, with the reason."""

    reason: Why


class JumpTargetShown(Shown):
    """An activity that a token can be put on."""

    element_id: str
    name: str
    element_type: str
    process: str = Field(description="name of the process, empty for the token's own")


class JumpStartShown(Shown):
    """A token, and where it can be put."""

    token: UUID
    element_id: str
    name: str
    started_at: Moment
    targets: list[JumpTargetShown]


class JumpOptions(Shown):
    """The tokens of an instance."""

    items: list[JumpStartShown]


class ReopenOptions(Shown):
    """The steps at which a finished instance can be taken up; a terminated one goes on as it stood."""

    targets: list[ReturnTargetShown]


class ReopenTried(Given):
    """Where a finished instance is taken up; null for a terminated one."""

    to: Element | None = None


class ReopenGiven(ReopenTried):
    """The same, and why."""

    reason: Why
