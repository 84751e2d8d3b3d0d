"""From what the engine says is waiting to rows: who may act, until when, what it is called."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from workflow_service.domain.errors import InvalidInput, TongchouError
from workflow_service.engine.decision_table import NoDecisionMatch
from workflow_service.engine.facts import EventWait, HumanTask, Place, TimerWait, Trouble
from workflow_service.engine.run import reason
from workflow_service.i18n import N_
from workflow_service.identity.groups import remember_version_of, resolve_groups, unit_id_of
from workflow_service.store import notice_rows
from workflow_service.store.people import User
from workflow_service.store.step_rows import NewTask

from . import calendars, cycles
from .step_changes import AskedAgain

if TYPE_CHECKING:
    from .execution import Execution

DEADLINES, DAILY = "deadlines", "daily"


def new_tasks(execution: "Execution", human: Sequence[HumanTask]) -> tuple[list[NewTask], list[Trouble]]:
    """Give the rows of new tasks, and a trouble for each that cannot be put before anybody."""
    tasks: list[NewTask] = []
    troubles: list[Trouble] = []
    for one in human:
        try:
            tasks.append(_new_task(execution, one))
        except TongchouError as error:
            troubles.append(_held(execution, one.place, error))
    return tasks, troubles


def timer_rows(
    execution: "Execution", timers: Sequence[TimerWait]
) -> tuple[list[dict[str, Any]], list[Trouble]]:
    """Give the rows of new timers, and a trouble for each whose rule cannot be read."""
    rows: list[dict[str, Any]] = []
    troubles: list[Trouble] = []
    for one in timers:
        try:
            rows.append(_timer_row(execution, one))
        except TongchouError as error:
            troubles.append(_held(execution, one.place, error))
    return rows, troubles


def _held(execution: "Execution", place: Place, error: TongchouError) -> Trouble:
    """What waits at a place stays there with an incident."""
    message = reason(error)
    execution.instance.hold(place.token, message)
    return Trouble(place, message)


def subscription_rows(events: Sequence[EventWait], now: datetime) -> list[dict[str, Any]]:
    """Give the rows of new message and signal subscriptions."""
    return [
        {"token": one.place.token, "element_id": one.place.element_id, "kind": one.kind, "name": one.name,
         "correlation_key": one.correlation_key, "waiting": one.waiting, "created_at": now}
        for one in events
    ]  # fmt: skip


def _new_task(execution: "Execution", one: HumanTask) -> NewTask:
    attrs = one.attributes
    groups = _groups(execution, one)
    assignee = _user(execution, attrs.get("assignee"))
    users = [str(_user(execution, name)) for name in _names(attrs.get("candidateUsers"))]
    rule, urging = _deadline_rule(execution, one)
    again = execution.asked_again_for(one)
    holders = _holders(assignee, users, groups)
    claimed_by = again.user_id if again is not None and assignee is None else None
    if claimed_by is not None and f"u:{claimed_by}" not in holders:
        holders.append(f"u:{claimed_by}")
    return NewTask(
        token=one.place.token, process_key=one.place.process_key, element_id=one.place.element_id, name=one.place.name,
        title=_title(execution, one), form_key=attrs.get("formKey") or "",
        kind=attrs.get("kind") or "", stage=attrs.get("stage") or "", unit_id=_unit_id(execution, groups, assignee, users),
        assignee_id=assignee, candidate_users=users, candidate_groups=groups, priority=_priority(attrs.get("priority")),
        waiting=_stands(attrs, again), deadline_rule=rule, urging=urging, due_at=_moment(execution, rule),
        follow_up_at=_moment(execution, attrs.get("followUpDate") or ""), local=dict(one.local),
        holders=holders, claimed_by=claimed_by, prefill=again.prefill if again is not None else None,
        timeout_at=_moment(execution, attrs.get("timeout") or ""), timeout_action=attrs.get("timeoutAction") or "",
    )  # fmt: skip


def _stands(attrs: Mapping[str, Any], again: AskedAgain | None) -> bool:
    """Whether deadlines stand still while the task is open: it waits for others, or was returned to somebody else's court."""
    returned = again is not None and again.returned and pauses_on_return(attrs)
    return returned or attrs.get("waiting") == "true"


def pauses_on_return(attrs: Mapping[str, Any]) -> bool:
    """Whether the designer says so (`approval:pausesOnReturn`) of a step, which is then in somebody else's court."""
    return attrs.get("pausesOnReturn") == "true"


def _title(execution: "Execution", one: HumanTask) -> str:
    """The plan's title; without a plan what the instance says it is about, else the process's name."""
    if execution.plan is not None:
        return execution.plan.title
    return str(execution.instance.variables_at(one.place.token).get("subject") or execution.loaded.name)


def _groups(execution: "Execution", one: HumanTask) -> list[str]:
    wanted = _names(one.attributes.get("candidateGroups"))
    if not wanted:
        return []
    variables = execution.instance.variables_at(one.place.token)
    remember_version_of(execution.session, execution.actor)
    return list(resolve_groups(execution.session, wanted, variables.get("plan") or {}, variables))


def _holders(assignee: int | None, users: list[str], groups: list[str]) -> list[str]:
    if assignee is not None:
        return [f"u:{assignee}"]
    holders = [f"u:{one}" for one in users] + [f"g:{one}" for one in groups]
    if not holders:
        raise InvalidInput(N_("没有指定办理人或候选岗位"))
    return holders


def _user(execution: "Execution", username: str | None) -> int | None:
    if not username:
        return None
    found = execution.session.scalars(
        select(User.id).where(User.username == username, User.active)
    ).one_or_none()
    if found is None:
        raise InvalidInput(N_("没有用户“%(username)s”，或已停用"), username=username)
    return found


def _unit_id(execution: "Execution", groups: list[str], assignee: int | None, users: list[str]) -> int | None:
    """The unit that answers for a task: that of the first post asked, of who is asked by name that of his own first post."""
    if groups:
        return unit_id_of(execution.session, groups[0].rpartition(":")[0])
    named = assignee if assignee is not None else int(users[0])
    return notice_rows.unit_of_person(execution.session, named, calendars.SETTINGS.day_of(execution.now))


def _deadline_rule(execution: "Execution", one: HumanTask) -> tuple[str, str]:
    """The rule and how often to urge: `approval:deadline`, then `camunda:dueDate`, then the table (by hand wins later)."""
    if rule := one.attributes.get("deadline") or one.attributes.get("dueDate"):
        return str(rule), DAILY
    table = execution.loaded.program.tables.get(DEADLINES)
    if table is None:
        return "", DAILY
    plan = execution.instance.variables_at(one.place.token).get("plan") or {}
    inputs = {
        "process": one.place.process_key,
        "task": one.place.element_id,
        "importance": plan.get("importance") or "",
    }
    inputs |= {"kind": one.attributes.get("kind") or "", "plan": plan}
    try:
        answer = table.evaluate(inputs, execution.now).mapped()
    except NoDecisionMatch:
        return "", DAILY
    return cycles.rule_of(answer), cycles.urging_of(answer)


def _moment(execution: "Execution", rule: str) -> datetime | None:
    return calendars.due_at(execution.session, rule, execution.now) if rule else None


def _timer_row(execution: "Execution", one: TimerWait) -> dict[str, Any]:
    rule, remaining = one.rule, one.remaining
    if one.kind == "cycle":
        rule, cycle_count = cycles.read_cycle(one.rule)
        remaining = cycle_count if remaining is None else remaining
    due = calendars.due_at(execution.session, rule, execution.now)
    return {"token": one.place.token, "process_key": one.place.process_key, "element_id": one.place.element_id,
            "name": one.place.name, "due_at": due, "rule": one.rule, "remaining": remaining}  # fmt: skip


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _priority(text: str | None) -> int:
    return int(text) if text and text.strip().isdigit() else 50
