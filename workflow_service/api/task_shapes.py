"""Tasks as the interface takes and shows them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .shapes import CountedPage, Given, GivenMoment, Id, Long, Moment, PageQuery, Reason, Shown, Values

PAUSED_FOR = "why the clock stands: suspended, or answer (it went straight back and waits for the answer); empty: it runs"


class InboxQuery(PageQuery):
    """Which of one's open tasks; without parameters all of them."""

    holder: Literal["all", "own", "groups", "substitute"] = Field(
        "all", description="asked of me by name, of my posts, of those for whom I am a substitute, or all of these"
    )
    process: str = Field("", max_length=100, description="key of the process")
    kind: str = Field("", max_length=40, description="kind of task: draft, check, opinion, confirm, decide …")
    unit: Id | None = Field(None, description="id of the plan's lead unit")
    overdue: bool = Field(False, description="only tasks past their due moment")
    q: str = Field(
        "", max_length=60, description="words of the plan's title (pinyin initials too), its code, opinions in the same process"
    )
    sort: Literal["due", "arrival", "plan"] = Field(
        "due", description="those due first first; the latest first; the tasks of a plan together"
    )


class TaskLine(Shown):
    """One open task in a list."""

    id: int
    name: str
    title: str
    process_instance_id: int
    process_key: str
    element_id: str
    kind: str
    stage: str
    plan_id: int | None
    plan_code: str | None
    lead_unit: str
    assignee_id: int | None
    priority: int
    waiting: bool
    paused_for: str = Field(description=PAUSED_FOR)
    due_at: Moment | None
    created_at: Moment
    for_whom: str = Field(description="the person whose substitute I am in this; empty: it is my own")


class Inbox(CountedPage[TaskLine]):
    """One page of the inbox; by due moment, tasks without one come last."""


class TaskShown(Shown):
    """One task, open or over."""

    id: int
    status: Literal["open", "completed", "cancelled"]
    name: str
    title: str
    process_instance_id: int = Field(validation_alias="instance_id")
    process_key: str
    element_id: str
    form_key: str
    kind: str
    stage: str
    plan_id: int | None
    unit_id: int | None
    assignee_id: int | None
    candidate_users: list[str]
    candidate_groups: list[str]
    priority: int
    waiting: bool
    paused_for: str = Field(description=PAUSED_FOR)
    deadline_rule: str
    due_at: Moment | None
    follow_up_at: Moment | None
    created_at: Moment
    claimed_at: Moment | None
    opened_at: Moment | None = Field(description="when its handler opened it; the one before can retrieve until then")
    ended_at: Moment | None
    completed_by: int | None
    acted_for: int | None = Field(description="the person for whom a substitute did it")
    held: bool = Field(description="it lies still until those asked on its behalf have answered")
    round_id: int | None = Field(description="the round in which it was asked on another task's behalf; null: of the flow")
    rounds: int = Field(description="how many rounds were asked on its behalf")
    prefill: dict[str, Any] | None = Field(description="what its form begins with: handed in before, or by a delegate")
    outcome: str
    opinion: str
    submission: dict[str, Any] | None
    revision: int


class TaskWithForm(TaskShown):
    """One task with the form that its submission must fit (JSON Schema 2020-12)."""

    form: dict[str, Any]


class CompletedTask(TaskShown):
    """The finished task, and where its instance stands now."""

    process_instance_status: str
    process_instance_outcome: str


class Submission(Given):
    """What is handed in: the fields of the task's form, `outcome` among them."""

    values: Values


class Draft(Given):
    """Form values kept for oneself; nothing is checked yet."""

    values: Values


class DraftShown(Shown):
    """One's own draft."""

    values: dict[str, Any]
    saved_at: Moment


class DueGiven(Given):
    """A due moment set by hand (null: none), with the reason."""

    due_at: GivenMoment | None
    reason: Reason


class CommentGiven(Given):
    """A remark."""

    body: Long = Field(min_length=1)


class CommentShown(Shown):
    """A remark with who wrote it."""

    id: int
    process_instance_id: int = Field(validation_alias="instance_id")
    task_id: int | None
    user_id: int
    user_name: str
    body: str
    created_at: Moment


class Comments(Shown):
    """Remarks in the order written."""

    items: list[CommentShown]


class AttachmentShown(Shown):
    """A file's facts; its content is at /attachments/{id}/content."""

    id: int
    name: str
    media_type: str
    size: int = Field(description="bytes")
    sha256: str
    process_instance_id: int | None = Field(validation_alias="instance_id")
    task_id: int | None
    plan_id: int | None
    dossier_item: str
    version: int
    uploaded_by: int | None
    uploaded_at: Moment


class Attachments(Shown):
    """Files, the newest version first."""

    items: list[AttachmentShown]


class UploadGiven(Given):
    """What comes with a file: which dossier item it is, and the declaration that it is unclassified."""

    declared: Literal["true", "1", "yes"] = Field(description="the uploader declares that the file is unclassified")
    dossier_item: str = Field("", max_length=60)
