"""Any sequence of staff operations on rows: no task lost, none twice, none before nobody, every run goes on.

TONGCHOU_TEST_EXAMPLES says how many sequences; each runs through the whole command, transaction by transaction.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from itertools import count, starmap
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.engine.xml_drawing import file, process
from tests.people import NOW, PASSWORD, SYSTEM, TODAY, actor_of
from tests.services.catalogue import Catalogue
from tests.services.house import AGREE, House, user_task
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.domain.rounds import Relation, RoundMode
from workflow_service.services import (
    audit,
    handing_out,
    interventions,
    navigation,
    people,
    processes,
    rounds,
    substitutions,
    taking_out,
    tasks,
    timeouts,
    transfers,
)
from workflow_service.services.context import Actor
from workflow_service.services.execution import Execution, locked_instance
from workflow_service.services.forms import FREE_FORM, form_of_task
from workflow_service.services.people import PersonFacts
from workflow_service.services.recipients import Asked
from workflow_service.services.substitutions import SubstituteAsked
from workflow_service.store import deadlines, stage_deadlines
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.operations import TaskRound
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import (
    Activity,
    Incident,
    ProcessInstance,
    Subscription,
    Task,
    TaskHolder,
    Timer,
)

EXAMPLES = int(os.environ.get("TONGCHOU_TEST_EXAMPLES", "12"))
STEPS = 15
START, END, FORK = '<startEvent id="start"/>', '<endEvent id="end"/>', '<parallelGateway id="f"/><parallelGateway id="j"/>'
SEVERAL = '<multiInstanceLoopCharacteristics camunda:collection="units" camunda:elementVariable="one"/>'
ALL = 'approval:returnTargets="*" approval:resubmit="choose"'
TIMEOUT = ' approval:timeout="P1D" approval:timeoutAction="escalate"'
SHAPES = ["row", "branches", "stages", "countersign", "any", "vote", "dissent", "nested"]
FORM = {"type": "object", "properties": {"outcome": {"type": "string"}, "opinion": {"type": "string"}}}
PEOPLE = ("jb.handler", "jb.second", "jb.supervisor", "jb.admin")


def signing(key: str, more: str) -> bytes:
    """Several sign between two steps, each by name."""
    who = 'camunda:formKey="free" camunda:assignee="${one}"'
    ask = f'<userTask id="ask" name="ask" {who} {more}>{SEVERAL}</userTask>'
    ways = ("start -> a", "a -> ask", "ask -> b", "b -> end")
    return file(process(START + END + free("a") + ask + free("b"), *ways, key=key))


def free(key: str, inner: str = "", more: str = "") -> str:
    return user_task(key, more=ALL + TIMEOUT + more, inner=inner)


def staged(key: str, stage: str = "") -> str:
    """A step of a plan's route, whose clocks stand while it is done anew after a return."""
    entered = f' approval:stage="{stage}" approval:stageDeadline="5 working days"' if stage else ""
    return free(key, more=f'{entered} approval:pausesOnReturn="true"')


def diagrams() -> dict[str, bytes]:
    """A row, branches, a countersignature between steps, a called process with a sub-process before it."""
    row = process(START + END + "".join(map(free, "abcd")), "start -> a", "a -> b", "b -> c", "c -> d", "d -> end", key="row")
    ways = ("start -> a", "a -> f", "f -> b", "b -> c", "f -> d", "c -> j", "d -> j", "j -> e", "e -> end")
    branches = process(START + END + FORK + "".join(map(free, "abcde")), *ways, key="branches")
    steps = "".join(starmap(staged, zip("abcde", ("drafting", "consultation", "", "coordination", "review"), strict=True)))
    stages = process(START + END + FORK + steps, *ways, key="stages")
    signed = free("ask", SEVERAL)
    ways = ("start -> a", "a -> ask", "ask -> b", "b -> end")
    countersign = process(START + END + free("a") + signed + free("b"), *ways, key="countersign")
    inner = '<startEvent id="in"/><endEvent id="out"/>' + free("p") + free("q")
    ways = (("in", "p"), ("p", "q"), ("q", "out"))
    flows = "".join(f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in ways)
    box = f'<subProcess id="box" name="box">{inner}{flows}</subProcess>'
    call = '<callActivity id="c" name="c" calledElement="row"/>'
    nested = process(START + END + box + call + free("z"), "start -> box", "box -> c", "c -> z", "z -> end", key="nested")
    drawn = {"row": row, "branches": branches, "stages": stages, "countersign": countersign, "nested": nested}
    signed_by = {
        "any": 'approval:sign="any"', "vote": 'approval:sign="vote" approval:threshold="2/3"',
        "dissent": 'approval:dissent="return"',
    }  # fmt: skip
    return {key: file(text) for key, text in drawn.items()} | {key: signing(key, more) for key, more in signed_by.items()}


@pytest.fixture
def town(house: House) -> House:
    with house.database.transaction() as session:
        facts = PersonFacts(username="jb.second", name="区能源局·乙")
        second = people.add_person(session, SYSTEM, facts, [("jb.energy", "handler")], now=NOW, password=PASSWORD).user.id
    house.structure.people["jb.second"] = second
    house.deploy(*diagrams().values(), files={"free.json": json.dumps(FORM).encode()})
    return house


pick = st.integers(min_value=0, max_value=23)


class Operations(RuleBasedStateMachine):
    """One run in a house that outlives it; each rule is one command of one person."""

    house: House
    keys = count(1)

    @initialize(shape=st.sampled_from(SHAPES))
    def start(self, shape: str) -> None:
        self.minutes, number = 0, next(self.keys)
        self.plan_id = self._plan(number) if shape == "stages" else None
        units = {"units": list(PEOPLE[:3])}
        self.run = self.house.start(shape, units, business_key=f"r{number}", plan_id=self.plan_id)

    def _plan(self, number: int) -> int:
        with self.house.database.transaction() as session:
            catalogue, due = Catalogue.again(session), TODAY + timedelta(days=60)
            return catalogue.plan(f"规划{number}", "jb.energy", TODAY, due, level="county").id

    def _do(self, command: Callable[[Session], Any]) -> None:
        self.minutes += 1
        try:
            with self.house.database.transaction() as session:
                command(session)
        except (Conflict, Forbidden, InvalidInput, NotFound):
            return

    @property
    def now(self) -> Any:
        return NOW + timedelta(minutes=self.minutes)

    def _task(self, number: int) -> Task | None:
        found = self.house.open(self.run)
        return found[number % len(found)] if found else None

    def _person(self, task: Task, number: int) -> Actor:
        """Whoever has it; where it lies before a post, one of those who hold it."""
        by_id = {self.house.structure.people[one]: one for one in PEOPLE}
        if task.assignee_id is not None:
            return self.house.actor(by_id[task.assignee_id])
        holders = {"jb.energy:handler": PEOPLE[:2], "jb.drc:supervisor": PEOPLE[2:3]}
        found = holders[task.candidate_groups[0]]
        return self.house.actor(found[number % len(found)])

    def _others(self, number: int, how_many: int) -> list[Asked]:
        start = number % len(PEOPLE)
        chosen = (PEOPLE[start:] + PEOPLE[:start])[:how_many]
        return [Asked(f"u:{self.house.structure.people[one]}") for one in chosen]

    @rule(number=pick, who=pick)
    def claim(self, number: int, who: int) -> None:
        if task := self._task(number):
            self._do(lambda session: tasks.claim_task(session, self._person(task, who), task.id, now=self.now))

    @rule(number=pick, who=pick)
    def unclaim(self, number: int, who: int) -> None:
        if task := self._task(number):
            self._do(lambda session: tasks.unclaim_task(session, self._person(task, who), task.id, now=self.now))

    @rule(number=pick, who=pick, agrees=st.booleans())
    def complete(self, number: int, who: int, agrees: bool) -> None:
        if task := self._task(number):
            self._do(lambda session: self._finish(session, task, who, agrees))

    def _finish(self, session: Session, task: Task, who: int, agrees: bool) -> None:
        self._finish_as(session, task, self._person(task, who), agrees)

    def _finish_as(self, session: Session, task: Task, person: Actor, agrees: bool) -> None:
        row = session.get_one(ProcessInstance, task.instance_id)
        form = form_of_task(session, task, row.definition_id)
        tasks.complete_task(session, person, task.id, _answer(form, agrees), now=self.now)

    @rule(number=pick, who=pick, where=pick, direct=st.booleans())
    def send_back(self, number: int, who: int, where: int, direct: bool) -> None:
        if task := self._task(number):
            self._do(lambda session: self._return(session, task, who, where, direct))

    def _return(self, session: Session, task: Task, who: int, where: int, direct: bool) -> None:
        row = session.get_one(ProcessInstance, task.instance_id)
        person = self._person(task, who)
        stops = navigation.return_options(session, person, task, row, now=self.now)
        ways = navigation.resubmissions(session, person, task, row, now=self.now)
        if stops:
            asked = navigation.ReturnAsked(
                stops[where % len(stops)].element_id, "请补正", resubmission=ways[-1] if direct else ways[0]
            )
            navigation.return_task(session, person, task.id, asked, now=self.now)

    @rule(number=pick)
    def retrieve(self, number: int) -> None:
        done = self._rows(select(Task).where(Task.instance_id == self.run, Task.status == "completed", Task.round_id.is_(None)))
        if done:
            task = done[number % len(done)]
            person = next(one for one in PEOPLE if self.house.structure.people[one] == task.responsible)
            self._do(lambda session: navigation.retrieve_task(session, self.house.actor(person), task.id, now=self.now))

    @rule(number=pick, who=pick, relation=st.sampled_from([one for one in Relation if one is not Relation.RESUBMIT]),
          mode=st.sampled_from(list(RoundMode)), people=st.integers(1, 3), blocking=st.booleans())  # fmt: skip
    def ask_others(
        self, number: int, who: int, relation: Relation, mode: RoundMode, people: int, blocking: bool
    ) -> None:
        if task := self._task(number):
            asked = rounds.RoundAsked(relation, self._others(who, people), mode, "请协助", blocking)
            self._do(lambda session: rounds.begin_round(session, self._person(task, who), task.id, asked, now=self.now))

    @rule(number=pick)
    def take_out(self, number: int) -> None:
        if task := self._task(number):
            self._do(lambda session: taking_out.remove_signer(session, self.house.actor("jb.supervisor"), task.id, now=self.now))

    @rule(number=pick, who=pick, to=pick)
    def transfer(self, number: int, who: int, to: int) -> None:
        if task := self._task(number):
            asked = transfers.TransferAsked(self._others(to, 1)[0].holder)
            self._do(lambda session: transfers.transfer_task(session, self._person(task, who), task.id, asked, now=self.now))

    @rule(number=pick, to=pick)
    def reassign(self, number: int, to: int) -> None:
        if task := self._task(number):
            asked = transfers.TransferAsked(self._others(to, 1)[0].holder, "出差")
            supervisor = self.house.actor("jb.supervisor")
            self._do(lambda session: transfers.reassign_task(session, supervisor, task.id, asked, now=self.now))

    @rule(number=pick, who=pick, to=pick)
    def hand_out(self, number: int, who: int, to: int) -> None:
        if task := self._task(number):
            asked = handing_out.HandOut(co_handlers=self._others(to, 2), proposal="拟请协办")
            self._do(lambda session: handing_out.hand_out(session, self._person(task, who), task.id, asked, now=self.now))

    @rule(number=pick, to=st.sampled_from(["a", "b", "c", "d", "e", "ask", "p", "q", "z"]))
    def jump(self, number: int, to: str) -> None:
        if task := self._task(number):
            supervisor = self.house.actor("jb.supervisor")
            self._do(lambda session: interventions.jump(session, supervisor, self.run, task.token, to, "调整", now=self.now))

    @rule()
    def suspend_or_resume(self) -> None:
        supervisor = self.house.actor("jb.supervisor")
        active = self.house.instance(self.run).status == "active"
        command = processes.suspend_instance if active else processes.resume_instance
        self._do(lambda session: command(session, supervisor, self.run, "调整", now=self.now))

    @rule()
    def withdraw(self) -> None:
        """By who started it, in runs that have one."""
        starter = self.house.actor(PEOPLE[0])
        with self.house.database.transaction() as session:
            session.get_one(ProcessInstance, self.run).started_by = starter.user_id
        self._do(lambda session: interventions.withdraw_instance(session, starter, self.run, "填错", now=self.now))

    @rule()
    def terminate(self) -> None:
        supervisor = self.house.actor("jb.supervisor")
        self._do(lambda session: processes.terminate_instance(session, supervisor, self.run, "暂不办", now=self.now))

    @rule(at=pick)
    def take_up_again(self, at: int) -> None:
        self._do(lambda session: self._reopen(session, at))

    def _reopen(self, session: Session, at: int) -> None:
        supervisor = self.house.actor("jb.supervisor")
        row = locked_instance(session, self.run)
        stops = interventions.reopen_options(session, supervisor, row, now=self.now)
        to = stops[at % len(stops)].element_id if stops else ""
        interventions.reopen_instance(session, supervisor, self.run, to, "继续办", now=self.now)

    @rule(number=pick, agrees=st.booleans())
    def act_for_the_principal(self, number: int, agrees: bool) -> None:
        """The administrator stands in for the first handler."""
        if task := self._task(number):
            self._do(self._name_substitute)
            self._do(lambda session: self._finish_as(session, task, actor_of(session, "jb.admin"), agrees))

    def _name_substitute(self, session: Session) -> None:
        people_of = self.house.structure.people
        asked = SubstituteAsked(people_of["jb.handler"], people_of["jb.admin"], TODAY, TODAY + timedelta(days=30), (), True)
        substitutions.name_substitute(session, self.house.actor("jb.handler"), asked, now=self.now)

    @rule(number=pick)
    def time_out(self, number: int) -> None:
        if task := self._task(number):
            self._do(lambda session: timeouts.fire_timeout(session, task.id, now=self.now + timedelta(days=20)))

    def _rows(self, statement: Any) -> list[Any]:
        with self.house.database.transaction() as session:
            return list(session.scalars(statement))

    @invariant()
    def no_open_task_lies_before_nobody_unless_it_waits_for_others(self) -> None:
        for task in self.house.open(self.run) if hasattr(self, "run") else ():
            before = self._rows(select(TaskHolder.holder).where(TaskHolder.task_id == task.id, TaskHolder.claimed_by.is_(None)))
            running = self._rows(select(TaskRound).where(TaskRound.task_id == task.id, TaskRound.ended_at.is_(None)))
            assert bool(before) is not task.held, (task.id, task.name)
            holding = [one for one in running if rounds.RULES[Relation(one.relation)].holds or one.blocking]
            assert not task.held or holding, f"task {task.id} waits for nobody"

    @invariant()
    def every_waiting_step_is_one_task_and_every_task_one_waiting_step(self) -> None:
        if not hasattr(self, "run") or self.house.instance(self.run).status not in ("active", "suspended"):
            return
        waits = Activity.instance_id == self.run, Activity.ended_at.is_(None), Activity.element_type == "userTask"
        tokens = sorted(map(str, self._rows(select(Activity.token).where(*waits))))
        own = sorted(str(one.token) for one in self.house.open(self.run) if one.round_id is None)
        assert own == tokens and len(set(own)) == len(own)
        with self.house.database.transaction() as session:
            execution = Execution.thaw(session, SYSTEM, locked_instance(session, self.run), self.now)
            assert {str(one) for one in execution.instance.stood_open} >= set(own)

    @invariant()
    def what_was_asked_on_behalf_of_a_task_that_is_over_is_over_too(self) -> None:
        if hasattr(self, "run"):
            mains = {one.id for one in self.house.open(self.run)}
            running = self._rows(select(TaskRound).where(TaskRound.instance_id == self.run, TaskRound.ended_at.is_(None)))
            assert all(one.task_id in mains for one in running if one.relation != "instruct")
            ids = {one.id for one in running}
            assert all(one.round_id in ids for one in self.house.open(self.run) if one.round_id is not None)

    @invariant()
    def a_run_waits_or_ends_or_has_an_incident(self) -> None:
        if not hasattr(self, "run"):
            return
        ordered = self._ordered()
        own = [one for one in self.house.open(self.run) if one.round_id not in ordered]
        waits = [
            found
            for table in (Timer, Subscription)
            for found in self._rows(select(table).where(table.instance_id == self.run))
        ]
        stuck = self._rows(select(Incident).where(Incident.instance_id == self.run, Incident.resolved_at.is_(None)))
        over = self.house.instance(self.run).status in ("completed", "terminated")
        assert over is not bool(own or waits or stuck)

    @invariant()
    def clocks_stand_while_nobody_has_anything_to_do_and_no_longer(self) -> None:
        if not hasattr(self, "run") or self.plan_id is None:
            return
        with self.house.database.transaction() as session:
            plan, standing = session.get_one(Plan, self.plan_id), DeadlineChange.ended_at.is_(None)
            assert plan.paused_for == deadlines.why_plan_stands(session, plan.id)
            of_plan = DeadlineChange.plan_id == plan.id, DeadlineChange.task_id.is_(None), standing
            clocks = [one.stage for one in session.scalars(select(DeadlineChange).where(*of_plan))]
            stages = {one.stage for one in stage_deadlines.open_of(session, plan.id)}
            assert sorted(clocks) == (sorted({"", *stages}) if plan.paused_for else [])
            tasks_of = session.scalars(select(Task).where(Task.instance_id == self.run, Task.paused_for != "")).all()
            stood = set(session.scalars(select(DeadlineChange.task_id).where(DeadlineChange.instance_id == self.run, standing)))
            assert {one.id for one in tasks_of if one.status == "open"} == stood - {None}

    @invariant()
    def a_plan_is_in_the_stages_in_which_its_run_is_at_work(self) -> None:
        if not hasattr(self, "run") or self.plan_id is None:
            return
        if self.house.instance(self.run).status not in ("active", "suspended"):
            return
        with self.house.database.transaction() as session:
            plan = session.get_one(Plan, self.plan_id)
            execution = Execution.thaw(session, SYSTEM, locked_instance(session, self.run), self.now)
            at_work = execution.instance.stages_at_work() or {plan.stage}  # none where it was put into the middle of one
            assert plan.stage in at_work
            assert {one.stage for one in stage_deadlines.open_of(session, plan.id)} == at_work

    def _ordered(self) -> set[int]:
        """The rounds of what leaders ordered, and those in which others are asked on behalf of that."""
        rounds_of = self._rows(select(TaskRound).where(TaskRound.instance_id == self.run).order_by(TaskRound.id))
        asked_in = {one.id: one.round_id for one in self._rows(select(Task).where(Task.instance_id == self.run))}
        found: set[int] = set()
        for one in rounds_of:
            if one.relation == "instruct" or asked_in.get(one.task_id) in found:
                found.add(one.id)
        return found

    def teardown(self) -> None:
        """Whatever was done, finishing what is open ends the run, and the record of it is whole."""
        if not hasattr(self, "run"):
            return
        if self.house.instance(self.run).status == "suspended":
            self.suspend_or_resume()
        if self.house.instance(self.run).status == "terminated":
            self.take_up_again(0)
        for turn in range(300):
            found = [one for one in self.house.open(self.run) if not one.held]
            if not found:
                break
            self._do(lambda session, task=found[0], turn=turn: self._finish(session, task, turn, True))
        assert self.house.open(self.run) == [] and self.house.instance(self.run).status == "completed"
        with self.house.database.transaction() as session:
            assert audit.verify(session) == []


def _answer(form: dict[str, Any], agrees: bool) -> dict[str, Any]:
    """An answer that the form takes: the test's own form, or one of those for what is asked on another's behalf."""
    if form == FREE_FORM:
        return AGREE
    outcome = form["properties"].get("outcome", {})
    choices = outcome.get("enum") or [one["const"] for one in outcome.get("oneOf", [])]
    if outcome and not choices:
        choices = ["agree", "disagree"]
    chosen = [one for one in choices if (one == "disagree") is not agrees] or choices
    return {"opinion": "意见"} | ({"outcome": chosen[0]} if chosen else {})


def test_any_sequence_of_operations_keeps_every_task(town: House) -> None:
    class InThisHouse(Operations):
        house = town

    rules = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck), database=None,
        phases=(Phase.generate,),  # a command is slow: a sequence that fails is told as it was
    )  # fmt: skip
    run_state_machine_as_test(InThisHouse, settings=rules)
