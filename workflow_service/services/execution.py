"""One command on one instance: lock, thaw, step, work, write, freeze, audit — in the caller's transaction.

    execution = Execution.thaw(session, actor, locked_instance(session, instance_id), now)
    execution.instance.complete(token, values)
    execution.settle("task.complete", data)  # service tasks done, rows written, state frozen, record appended

Every use case that moves tokens goes through here; nothing else writes tasks, timers, subscriptions or activities.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer
from sqlalchemy.orm.attributes import set_committed_value

from workflow_service import failpoints, signals
from workflow_service.domain.errors import Conflict, NotFound, TongchouError
from workflow_service.domain.plans import Stage
from workflow_service.engine.facts import HumanTask, Passage, Place, ServiceWork, Step, Thrown
from workflow_service.engine.run import Instance, reason
from workflow_service.i18n import N_, _, said
from workflow_service.store import step_rows
from workflow_service.store.database import send_after_commit
from workflow_service.store.plans import Plan, PlanEvent
from workflow_service.store.runtime import ProcessInstance, Task

from . import audit, notices, pauses, recipients, stage_clocks, topics, waiting
from .context import Actor
from .programs import LoadedProgram, program_of
from .step_changes import AskedAgain, Changes, Written, turn_of

MAX_ROUNDS = 200
MOVING = ("status", "outcome", "ended_at", "state", "revision", "activity_seq", "audit_seq", "audit_head")
"""The columns of an instance's row that a step writes, always and by itself: what is set as committed spares a flush."""


class Execution:
    """A locked instance in memory. Create with `thaw`."""

    def __init__(
        self,
        session: Session,
        actor: Actor,
        row: ProcessInstance,
        loaded: LoadedProgram,
        instance: Instance,
        now: datetime,
    ) -> None:
        self.session, self.actor, self.row, self.loaded = session, actor, row, loaded
        self.instance, self.now = instance, now
        self.completing: UUID | None = None
        self.completion: step_rows.Completion | None = None
        self.asked_again: dict[tuple[str, str, int | None], AskedAgain] = {}
        self.why_ended = ""
        self.done_with: Place | None = None
        self.created: list[int] = []
        self.stages_before: frozenset[str] = frozenset()
        self.begins = False
        self._plan: Plan | None = None

    @classmethod
    def thaw(cls, session: Session, actor: Actor, row: ProcessInstance, now: datetime) -> "Execution":
        """Take up a locked row's state."""
        failpoints.reach("after-lock")
        loaded = program_of(session, row.definition_id)
        instance = Instance.thaw(loaded.program, row.state, row.business_key, now)
        execution = cls(session, actor, row, loaded, instance, now)
        execution.stages_before = instance.stages_at_work()
        return execution

    @property
    def plan(self) -> Plan | None:
        """The plan that the instance carries, if any."""
        if self._plan is None and self.row.plan_id is not None:
            self._plan = self.session.get(Plan, self.row.plan_id)
        return self._plan

    def ask_again(self, former: Task, *, returned: bool = False) -> None:
        """Let the turn that was `former` lie before who did it, when it is entered again; nobody else's turn. Where he left it
        is open to all whom the diagram asks.
        """
        his = former.responsible
        if his is not None and not recipients.is_still_his(self.session, his, former, now=self.now):
            his = None
        turn = turn_of(former.process_key, former.element_id, former.local)
        self.asked_again[turn] = AskedAgain(his, dict(former.submission or {}), returned)

    def asked_again_for(self, one: HumanTask) -> AskedAgain | None:
        """Who did a turn that is entered again; None for a turn that is new."""
        return self.asked_again.get(turn_of(one.place.process_key, one.place.element_id, one.local))

    def finish_task(self, task_id: int, token: UUID, values: dict[str, Any]) -> None:
        """A person finishes the task at `token` with values that fit its form; its row is written with the step."""
        self.hand_in(step_rows.Completion(task_id, self.actor.user_id, self.actor.unit_id, values), token)
        self.instance.complete(token, values)

    def hand_in(self, completion: step_rows.Completion, token: UUID) -> None:
        """Note who leaves the task at `token` how; whatever the token does next, his task is done with it."""
        self.completing, self.completion = token, completion
        self.done_with = self.instance.place(token)

    def settle(self, action: str, data: dict[str, Any]) -> None:
        """Do the service tasks, write every change, freeze the state and append the record."""
        changes = Changes()
        step = self._run_works(changes)
        with self.session.no_autoflush:
            written = self._gather(changes)
            self._close_or_keep(step)
        failpoints.reach("after-freeze")
        self._write(written, action, data)
        self._announce(written, changes)
        self._deliver(changes.thrown)
        self.session.flush()
        if self.plan is not None:
            pauses.settle_plan(self.session, self.actor, self.plan, self.row, now=self.now)
        failpoints.reach("before-commit")

    def _run_works(self, changes: Changes) -> Step:
        for _round in range(MAX_ROUNDS):
            step = self.instance.collect()
            changes.take(step)
            if not step.works:
                return step
            self._write_completion()
            for work in step.works:
                self._do(work)
        raise Conflict(N_("一次提交触发的自动步骤过多，请联系流程设计人员。"))

    def _do(self, work: ServiceWork) -> None:
        try:
            result = topics.run(self, work)
        except TongchouError as error:
            self.instance.work_failed(work.place.token, reason(error))
            return
        self.instance.work_done(work.place.token, result.values, result.plan)

    def _write_completion(self) -> None:
        """Service tasks see the finished task as finished."""
        if self.completion is not None:
            step_rows.complete_task_row(self.session, self.completion, self.now)
            self.completion = None

    def _gather(self, changes: Changes) -> Written:
        """Write what is rare, and gather what every step has for one statement."""
        session, row, now = self.session, self.row, self.now
        tasks, failed = waiting.new_tasks(self, changes.human)
        alive = [one for one in tasks if one.token not in changes.ended]
        terminated = row.status == "terminated"
        cancelled = step_rows.cancel_tasks(session, row.id, self._task_tokens(changes), now, keeps_drafts=terminated)
        timers, timer_failures = waiting.timer_rows(
            self, [t for t in changes.timers if t.place.token not in changes.ended]
        )
        events = waiting.subscription_rows(
            [e for e in changes.events if e.place.token not in changes.ended], now
        )
        step_rows.replace_waits(session, row.id, self._wait_tokens(changes), timers, events)
        held = {one.place.token for one in (*failed, *timer_failures)}
        rows, ends = self._history([one for one in changes.passages if one.place.token not in held])
        step_rows.settle_incidents(session, row.id, changes.settled, self.actor.user_id, now)
        self._raise_incidents([*changes.troubles, *failed, *timer_failures])
        self._enter_stages(changes.stages)
        self._keep_settled_facts()
        return Written(alive, cancelled, rows, ends)

    def _write(self, written: Written, action: str, data: dict[str, Any]) -> None:
        row = self.row
        set_committed_value(row, "revision", row.revision + 1)
        entry = audit.next_entry(row, self.actor, action, f"process-instance:{row.id}", data, now=self.now)
        moved = {name: getattr(row, name) for name in MOVING} | {"audit_seq": entry.seq, "audit_head": entry.hash}
        rows = step_rows.StepRows(
            instance_id=row.id, plan_id=row.plan_id, area_path=row.area_path, now=self.now, instance=moved,
            record=audit.columns_of(entry), tasks=written.tasks, activities=written.activities, ends=written.ends,
            completion=self.completion,
        )  # fmt: skip
        with self.session.no_autoflush:
            written.ids = step_rows.write_step(self.session, rows)
        self.created = list(written.ids.values())
        self.completion = None
        for name, value in moved.items():
            set_committed_value(row, name, value)

    def _announce(self, written: Written, changes: Changes) -> None:
        session, row = self.session, self.row
        for task in written.tasks:
            send_after_commit(
                session, signals.task_created, task_id=written.ids[task.token], instance_id=row.id, holders=task.holders
            )
        for ended in written.cancelled:
            send_after_commit(session, signals.task_cancelled, task_id=ended.id, instance_id=row.id)
        beside = [one for one in written.cancelled if self._is_spared(one)]
        others = [one for one in written.cancelled if one not in beside]
        notices.tell_ended(session, beside, self._why_spared(), self.actor, now=self.now)
        notices.tell_ended(session, others, self.why_ended or N_("流程已转到别处"), self.actor, now=self.now)

    def _is_spared(self, ended: step_rows.EndedTask) -> bool:
        """Whether a task ended because another of those who were asked for the same step made it needless."""
        return self.done_with is not None and not self.why_ended and ended.element_id == self.done_with.element_id

    def _why_spared(self) -> str:
        if self.done_with is None:
            return ""
        rule = self.loaded.program.element(self.done_with.process_key, self.done_with.element_id).get("multi") or {}
        return WHY_SPARED.get(str(rule.get("sign") or ""), N_("其余各方已无需办理"))

    def _task_tokens(self, changes: Changes) -> list[UUID]:
        """Tokens of open tasks that ended without having been done."""
        cancelled = {
            p.place.token
            for p in changes.passages
            if p.status == "cancelled" and p.place.element_type in HUMAN
        }
        return [token for token in changes.ended if token in cancelled and token != self.completing]

    def _wait_tokens(self, changes: Changes) -> list[UUID]:
        """Tokens of timers and subscriptions that wait no more."""
        kinds = {p.place.token: p.place.element_type for p in changes.passages}
        return [token for token in changes.ended if kinds.get(token, "") in EVENTS]

    def _history(
        self, passages: list[Passage]
    ) -> tuple[list[step_rows.ActivityRow], list[step_rows.ActivityEnd]]:
        rows: dict[UUID, step_rows.ActivityRow] = {}
        ends: list[step_rows.ActivityEnd] = []
        for passage in passages:
            token, ended = passage.place.token, passage.status != "started"
            actor_id = self.actor.user_id if ended and token == self.completing else None
            status = RETURNED if actor_id is not None and passage.status == "cancelled" else passage.status
            if token in rows and ended:
                rows[token].status, rows[token].ended_at = passage.status, self.now
                rows[token].flows = list(passage.flows)
            elif ended and token in self.instance.stood_open:
                ends.append(step_rows.ActivityEnd(token, status, self.now, list(passage.flows), actor_id))
            else:
                rows[token] = self._activity(passage, ended, actor_id)
        return list(rows.values()), ends

    def _activity(self, passage: Passage, ended: bool, actor_id: int | None) -> step_rows.ActivityRow:
        set_committed_value(self.row, "activity_seq", self.row.activity_seq + 1)
        place = passage.place
        return step_rows.ActivityRow(
            self.row.activity_seq, place.token, place.process_key, place.element_id, place.element_type, place.name,
            passage.status, self.now, self.now if ended else None, list(passage.flows), actor_id,
        )  # fmt: skip

    def _raise_incidents(self, troubles: list[Any]) -> None:
        rows = [
            {"token": one.place.token, "element_id": one.place.element_id, "kind": "element", "message": one.message,
             "data": step_rows.words_of(one.message), "created_at": self.now}
            for one in troubles
        ]  # fmt: skip
        step_rows.insert_incidents(self.session, self.row.id, rows)
        for one in troubles:
            send_after_commit(
                self.session, signals.incident_raised, instance_id=self.row.id, element_id=one.place.element_id,
                message=one.message,
            )  # fmt: skip

    def _enter_stages(self, stages: list[str]) -> None:
        """A stage on one branch beside the plan's own on another is entered once; the plan's is then the last entered, and once
        that has no work left, the first in order of those that have.
        """
        plan, before, at_work = self.plan, self.stages_before, self.instance.stages_at_work()
        if plan is None:
            return
        for stage in stages:
            if plan.stage == stage:
                continue
            if stage in before and plan.stage in at_work:
                stage_clocks.enter(self, plan, stage, {*at_work, plan.stage})
            else:
                self.enter_stage(plan, stage)
        if self.begins and plan.stage in stages:
            stage_clocks.begin_in(self, plan, at_work)
        self.stages_before, self.begins = at_work, False
        if len(before | at_work) < 2:
            return
        if plan.stage in before - at_work and (left := before & at_work):
            self._change_stage(plan, next(one.value for one in Stage if one.value in left))
            stage_clocks.enter(self, plan, plan.stage, at_work)
        stage_clocks.leave(self.session, plan.id, {*at_work, plan.stage}, self.now)

    def enter_stage(self, plan: Plan, stage: str) -> None:
        """The plan goes from its stage into another one: history says so, and the clocks of both know."""
        self._change_stage(plan, stage)
        at_work = self.instance.stages_at_work() if plan is self.plan else ()
        stage_clocks.enter(self, plan, stage, at_work)

    def _change_stage(self, plan: Plan, stage: str) -> None:
        self.note_plan("stage_changed", {"from": plan.stage, "to": stage}, plan)
        plan.stage = stage

    def _keep_settled_facts(self) -> None:
        """A fact of the plan that the route settled on its way (the form of review) goes into the plan's row."""
        seen = self.instance.variables
        settled, facts = seen.get("review_form"), seen.get("plan")
        if (
            not settled
            or not isinstance(facts, dict)
            or facts.get("review_form") == settled
            or self.plan is None
        ):
            return
        self.note_plan("review_form_settled", {"from": self.plan.review_form, "to": settled})
        self.plan.review_form = str(settled)
        self.instance.renew("plan", {**facts, "review_form": settled})

    def note_plan(self, kind: str, data: dict[str, Any], plan: Plan | None = None) -> None:
        """Write a fact into the history of the run's plan, or of another one, at the command's business time."""
        self.session.add(
            PlanEvent(
                plan_id=plan.id if plan is not None else self.row.plan_id,
                at=self.now,
                kind=kind,
                data=data,
                instance_id=self.row.id,
                actor_id=self.actor.user_id,
            )
        )

    def _close_or_keep(self, step: Step) -> None:
        if step.stalled:
            self._note_stall()
        set_committed_value(self.row, "state", self.instance.freeze())
        if not step.completed:
            return
        self.row.status = "completed" if self.row.status == "active" else self.row.status
        self.row.outcome, self.row.ended_at = step.outcome, self.now
        self._let_go_of_plan()
        send_after_commit(
            self.session, signals.instance_completed, instance_id=self.row.id, definition_key=self.row.definition_key,
            outcome=step.outcome,
        )  # fmt: skip

    def _let_go_of_plan(self) -> None:
        """Nothing asks for the plan any more: it leaves the agendas, goes on where it is in force, is withdrawn where it was
        only applied for.
        """
        if self.plan is None:
            return
        step_rows.withdraw_items(self.session, self.row.id, self.now)
        if self.plan.issued_on is not None and self.plan.stage in UNDER_WAY:
            self._enter_stages([IN_FORCE])
        if self.row.status == "terminated" and self.plan.status in APPLYING:
            self.note_plan("withdrawn", {"process": self.row.definition_key, "status": self.plan.status})
            self.plan.status = "withdrawn"
            self._enter_stages([CLOSED])

    def take_plan_up_again(self) -> None:
        """A run that had ended goes on: a plan that was withdrawn with it is applied for again."""
        if self.plan is None or self.plan.status != "withdrawn":
            return
        ended = PlanEvent.plan_id == self.plan.id, PlanEvent.kind == "withdrawn", PlanEvent.instance_id == self.row.id
        last = self.session.scalars(select(PlanEvent).where(*ended).order_by(PlanEvent.id.desc()).limit(1)).one_or_none()
        if last is not None:
            self.plan.status = str(last.data.get("status") or APPLYING[0])
            self.note_plan("taken_up_again", {"process": self.row.definition_key})

    def _note_stall(self) -> None:
        message = said(lambda: _(N_("流程既没有等待也没有结束")))
        row = {"token": None, "element_id": self.loaded.key, "kind": "stalled", "created_at": self.now,
               "message": message, "data": step_rows.words_of(message)}  # fmt: skip
        step_rows.insert_incidents(self.session, self.row.id, [row])

    def _deliver(self, thrown: list[Thrown]) -> None:
        from .messages import deliver_thrown

        lost = [one for one in thrown if not deliver_thrown(self.session, self.actor, one, now=self.now)]
        rows = [self._lost(one) for one in lost if one.kind == "message"]
        step_rows.insert_incidents(self.session, self.row.id, rows)

    def _lost(self, one: Thrown) -> dict[str, Any]:
        text = N_("消息“%(name)s”（关联键 %(key)s）没有流程接收")
        message = said(lambda: _(text, name=one.name, key=one.correlation_key))
        data = audit.plain({"name": one.name, "key": one.correlation_key, "payload": dict(one.payload)})
        return {"token": None, "element_id": one.place.element_id, "kind": "message", "message": message,
                "data": data | step_rows.words_of(message), "created_at": self.now}  # fmt: skip


WHY_SPARED = {"any": N_("已有人办理"), "vote": N_("表决结果已定")}
"""Why those who sign beside one another need not any more, by `approval:sign`."""
HUMAN = ("userTask", "manualTask")
RETURNED = "returned"
"""How an activity ended whose handler sent it back: his task is done, its token went elsewhere."""
IN_FORCE, CLOSED = "implementation", "closed"
APPLYING = ("applied", "pending")
UNDER_WAY = ("revision", "evaluation", "drafting", "consultation", "coordination", "review", "approval", "issue", "filing")
EVENTS = ("intermediateCatchEvent", "boundaryEvent", "receiveTask", "startEvent")


def locked_instance(session: Session, instance_id: int) -> ProcessInstance:
    """Lock an instance's row and give it fresh; raises NotFound."""
    statement = (
        select(ProcessInstance)
        .where(ProcessInstance.id == instance_id)
        .with_for_update()
        .options(undefer(ProcessInstance.state))
        .execution_options(populate_existing=True)
    )
    row = session.scalars(statement).one_or_none()
    if row is None:
        raise NotFound(N_("没有编号为 %(id)s 的流程实例。"), id=instance_id)
    return row


def require_status(row: ProcessInstance, allowed: tuple[str, ...]) -> None:
    """Refuse a command on an instance that is over or suspended."""
    if row.status not in allowed:
        raise Conflict(_STATUS_TEXTS[row.status], instance=row.id)


_STATUS_TEXTS = {
    "active": N_("流程正在运行。"),
    "suspended": N_("流程已暂停，恢复后才能办理。"),
    "completed": N_("流程已经办结。"),
    "terminated": N_("流程已经终止。"),
}
