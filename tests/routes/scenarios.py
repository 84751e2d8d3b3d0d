"""A small vocabulary to drive a route through the engine: who answers what, what comes from outside, what was done.

    case = Case("filing", answers={"check_filing": ["correct", "register"]}).run()
    assert case.ended == "filed" and case.visits("put_right") == 1

Answers are outcomes, whole submissions, or lists of them, one a visit (the last one stays). A person's answer must fit
the task's form. Every wait is frozen and thawed, so nothing may live in memory only.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from workflow_service.engine.decision_table import DecisionTable
from workflow_service.engine.facts import EventWait, HumanTask, ServiceWork, Step, TimerWait
from workflow_service.engine.run import Instance

from .answers import answer_for
from .files import processes, program

NOW = datetime(2021, 3, 1, 9, 0, tzinfo=timezone(timedelta(hours=8)))
MAX_ROUNDS = 400
LATE = 9
Answer = str | dict[str, Any]
Waits = list[tuple[str, str]]
Wait = ServiceWork | HumanTask | EventWait | TimerWait

PLAN: dict[str, Any] = {
    "id": 1, "title": "浙江省海洋经济“十四五”规划", "code": "GH-2021-330000-ZX-0001", "category": "special",
    "level": "province", "tier": "N", "importance": "key", "jurisdiction": "330000", "lead_unit": "zj.fgw",
    "environmental_review": False, "water_review": False, "upward_filing": False, "needs_party_review": False,
    "first_year": 2021, "last_year": 2025, "route": "government_executive_meeting", "review_form": "", "revision": 0,
}  # fmt: skip
OBJECTS = [{"title": f"规划{number}", "lead_unit": f"unit.{number}"} for number in (1, 2, 3)]
EVALUATION = {
    "setup_by": "2021-03-31", "drafting_from": "2021-04-01T00:00+08:00", "drafts_by": "2021-05-31T23:59+08:00",
    "first_version_by": "2021-06-10", "month_data_until": "2021-07-01T00:00+08:00",
    "consultation_version_by": "2021-06-30", "consultation_from": "2021-07-01T00:00+08:00",
    "consultation_until": "2021-09-30", "review_from": "2021-10-01T00:00+08:00", "review_by": "2021-11-30",
}  # fmt: skip
INPUTS: dict[str, dict[str, Any]] = {
    "coordination": {"coordinator": "drc"},
    "parallel_review": {"coordinator": "drc"},
    "meeting": {"body": "executive_meeting", "office": "government_office", "signatories": ["unit.a"]},
    "party_committee_review": {"signatories": []},
    "issue_and_archive": {"office": "government_office"},
    "weekly_report": {"week": "2021-W09", "unit": "zj.fgw", "plans": [], "due": "2021-03-05"},
    "ten_day_bulletin": {"period": "2021-02-3"},
    "notice_slip": {
        "slip": {"id": 1, "matter": "事由", "asked": "要求", "unit": "zj.fgw", "post": "registry"},
        "due": "2021-04-01T17:30+08:00", "climbs": "2021-04-06T17:30+08:00",
    },
    "listed_supervision": {
        "matter": {"id": 1, "title": "事项", "unit": "zj.fgw", "post": "handler", "inspector": "zj.dcs", "responsible": 7},
        "due": "2021-04-01T17:30+08:00",
    },
    "special_report": {
        "report": {"id": 1, "title": "专报", "drafter": "zj.dcs", "unit": "zj.fgw", "post": "leader"},
    },
    "catalogue_change": {
        "change": {"id": 1, "kind": "split", "summary": "拆分", "reason": "理由", "basis": ""},
        "proposer": {"unit": "zj.fgw", "post": "planner", "person": 7},
    },
    "midterm_evaluation": {
        "evaluation": EVALUATION, "objects": OBJECTS, "specials": OBJECTS[1:], "annexes": OBJECTS[2:],
    },
}  # fmt: skip
"""What each process is given beside the plan by whoever starts or calls it."""

WORK: dict[str, dict[str, Any]] = {
    "plan.register": {"code": PLAN["code"]},
    "plan.refuse": {"status": "refused"},
    "plan.merge": {"status": "merged"},
    "plan.pend": {"status": "pending"},
    "dossier.check": {"complete": True, "missing": []},
    "meeting.request": {"item": "item"},
    "catalogue.request": {"item": "item"},
    "plan.issue": {"number": "浙政发〔2021〕1号", "issued_on": "2021-03-01"},
    "document.distribute": {"sent": 2, "missed": []},
    "document.archive": {"archive_number": "330000-GH-2021-0001"},
    "plan.file": {"registration_number": "BA-0001"},
    "plan.forward": {"forwarded_on": "2021-03-01"},
    "plan.revised": {"revision": 1},
    "bulletin.draft": {"overall": {"plans": 179, "issued": 176}},
    "bulletin.publish": {"number": 1},
    "weekly.publish": {"plans": 1, "stuck": [{"id": 1, "title": "规划", "problems": "受阻"}]},
    "report.begin": {"reports": [{"id": 1, "title": "专报"}]},
    "catalogue.amend": {"change": 1},
    "catalogue.change": {"codes": ["GH-2021-330000-ZX-0002", "GH-2021-330000-ZX-0003"]},
    "catalogue.refuse": {"status": "refused"},
    "catalogue.withdraw": {"status": "withdrawn"},
    "slip.answer": {"number": "甬政办抄〔2021〕1号"},
    "slip.superior": {"number": "甬政办抄〔2021〕1号"},
    "slip.supervisor": {"number": "甬政办抄〔2021〕1号"},
    "listing.progress": {"status": "open"},
    "listing.ask": {"status": "asked"},
    "listing.refuse": {"status": "open"},
    "listing.strike_off": {"status": "struck_off"},
    "report.send": {"number": "浙发改专报〔2021〕1号", "readers": ["zj.leader", "zj.deputy"]},
    "report.drop": {"status": "dropped"},
    "report.read": {"number": "浙发改专报〔2021〕1号"},
    "evaluation.record": {"evaluated_on": "2021-03-01"},
}
"""What the service tasks answer by topic; `plan.stage` answers the stage that its element names."""

MESSAGES: dict[str, dict[str, Any]] = {
    "meeting.result": {"result": "passed", "minutes": "纪要〔2021〕1号", "note": ""},
    "catalogue.decided": {"result": "approved", "note": "", "merged_into": None},
    "party.proposal": {"document": "浙委〔2020〕1号"},
}


@dataclass
class Case:
    """One run of a route. `early` names boundary events that come before the person they interrupt or remind."""

    process: str
    plan: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Answer | list[Answer]] = field(default_factory=dict)
    early: frozenset[str] = frozenset()
    variables: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, DecisionTable] = field(default_factory=dict)
    taken: set[tuple[str, str]] = field(default_factory=set)
    passed: list[str] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    stages: list[str] = field(default_factory=list)
    ended: str = ""
    held: list[tuple[Waits, bytes]] | None = None

    def __post_init__(self) -> None:
        self.program = program(self.process, **dict(self.tables))
        self._visits: Counter[str] = Counter()
        self._early = set(self.early)
        self._waiting: dict[UUID, Wait] = {}

    def run(self) -> Case:
        """Run to the end, everybody answering as told; what goes wrong or waits for nobody is an AssertionError."""
        given = {"plan": {**PLAN, **self.plan}, **INPUTS.get(self.process, {}), **self.variables}
        self.instance = Instance.start(self.program, given, "1", NOW)
        return self.go_on()

    def go_on(self) -> Case:
        """Run on from where the instance stands; a case that was pickled at a wait goes on from there."""
        for _round in range(MAX_ROUNDS):
            step = self._look()
            if step.completed:
                self.ended, self.variables = step.outcome, dict(step.variables)
                return self
            self._thaw()
            self._step()
        raise AssertionError(f"does not end: {self.passed[-20:]}")

    def visits(self, element: str) -> int:
        """Tell how often an element was finished (each instance of a multi-instance counts)."""
        return self.passed.count(element)

    def _look(self) -> Step:
        step = self.instance.collect()
        assert not step.troubles, [(one.place.element_id, one.message) for one in step.troubles]
        assert not step.stalled, self.passed
        for passage in step.passages:
            if passage.status == "completed":
                if passage.place.element_type != "multiInstanceBody":
                    self.passed.append(passage.place.element_id)
                self.taken |= {(passage.place.process_key, flow) for flow in passage.flows}
        self.stages += [stage for stage in step.stages if stage not in self.stages[-1:]]
        for token in step.ended:
            self._waiting.pop(token, None)
        for one in (*step.works, *step.human_tasks, *step.events, *step.timers):
            self._waiting[one.place.token] = one
        return step

    def _thaw(self) -> None:
        """Freeze and thaw, as between two commands; `held`, where it is a list, keeps each state."""
        self._blob = self.instance.freeze()
        if self.held is not None:
            places = [wait.place for wait in self._waiting.values()]
            self.held.append(
                (sorted((one.element_id, one.element_type) for one in places), pickle.dumps(self))
            )
        self.instance = Instance.thaw(self.program, self._blob, "1", NOW)

    def __getstate__(self) -> dict[str, Any]:
        return {key: one for key, one in vars(self).items() if key not in ("program", "instance", "held")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, held=None, program=program(state["process"], **state["tables"]))
        self.instance = Instance.thaw(self.program, self._blob, "1", NOW)

    def _step(self) -> None:
        """Let what was said to come early happen, then do the work, ask the people, and let time pass, in this order."""
        wait = min(self._waiting.values(), key=self._turn, default=None)
        if wait is None or self._turn(wait) == LATE:
            raise AssertionError(f"nobody is asked after {self.passed[-5:]}")
        self._early.discard(wait.place.element_id)
        if isinstance(wait, ServiceWork):
            self._work(wait)
        elif isinstance(wait, HumanTask):
            self._answer(wait)
        else:
            self._happen(wait)

    def _turn(self, wait: Wait) -> int:
        if wait.place.element_id in self._early:
            return 0
        if wait.place.element_type == "boundaryEvent":
            return LATE
        return (ServiceWork, HumanTask, EventWait, TimerWait).index(type(wait)) + 1

    def _answer(self, task: HumanTask) -> None:
        element = task.place.element_id
        self.groups[element] = str(task.attributes.get("candidateGroups") or task.attributes["assignee"])
        given = self._told(element)
        values = dict(given) if isinstance(given, dict) else {"outcome": given}
        outcome = values.pop("outcome", "")
        self.instance.complete(
            task.place.token, answer_for(str(task.attributes["formKey"]), outcome, **values)
        )

    def _work(self, work: ServiceWork) -> None:
        given = self._told(work.place.element_id)
        if work.topic == "plan.stage":
            attrs = self.program.element(work.place.process_key, work.place.element_id)["attrs"]
            result: dict[str, Any] = {"stage": attrs["stage"]}
        else:
            result = dict(WORK[work.topic])
        if work.topic in ("meeting.request", "catalogue.request"):
            result["item"] = f"item-{self.visits(work.place.element_id)}"
        plan = (
            {**work.variables["plan"], "route": work.variables["route"]}
            if work.topic == "plan.register"
            else None
        )
        self.instance.work_done(work.place.token, result | (given if isinstance(given, dict) else {}), plan)

    def _happen(self, event: EventWait | TimerWait) -> None:
        if isinstance(event, TimerWait):
            return self.instance.fire(event.place.token)
        given = self._told(event.place.element_id)
        payload = dict(MESSAGES[event.name])
        payload |= given if isinstance(given, dict) else {"result": given} if given else {}
        return self.instance.fire(event.place.token, payload)

    def _told(self, element: str) -> Answer:
        told = self.answers.get(element, "")
        if not isinstance(told, list):
            return told
        visit = self._visits[element]
        self._visits[element] += 1
        return told[min(visit, len(told) - 1)]


def gateway_flows() -> set[tuple[str, str]]:
    """Compute the outgoing flows of all gateways from the files, as (process, flow)."""
    return {
        (key, flow)
        for key, process in processes().items()
        for flow, one in process["flows"].items()
        if process["elements"][one["source"]]["type"].endswith("Gateway")
    }
