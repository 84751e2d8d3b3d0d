"""Finds names that expressions read and nobody sets, or sets only on some of the ways that lead there.

Variables belong to the process, so whatever ran before on any branch can be read. For each element two sets are
computed over the flows until nothing changes: what may be set when a token arrives, and what is set on every way.
A name that no element of the process sets must come with the start or from the caller; `approval:inputs` on the
process lists such names, and then any other is an error.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workflow_service.engine.diagram import Diagram, Element, Process
from workflow_service.engine.expressions import AFTER, INSIDE, Use, uses
from workflow_service.engine.grammar import ExpressionError
from workflow_service.engine.problems import ERROR, WARNING, Problem
from workflow_service.engine.script import compile_script
from workflow_service.i18n import N_, Term

Names = frozenset[str]

ALWAYS: Names = frozenset({"plan"})
"""What every process has from its start."""

MULTI_INSTANCE: Names = frozenset({"loopCounter"})
COMPLETION: Names = frozenset({"nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances", "outcome"})
"""What a completion condition reads besides; the last result's own entries can be read by name, too."""


@dataclass(frozen=True)
class Scope:
    """What is set where a token arrives: `may` on some way, `must` on every way."""

    may: Names
    must: Names


def variable_problems(diagram: Diagram, tables: Mapping[str, Names]) -> Iterator[Problem]:
    """Check every expression of the executable processes; `tables` gives what each known decision table reads."""
    keys = {message.name: message.correlation_key for message in diagram.messages.values()}
    for process in diagram.executable:
        flow = flow_of(process)
        told: set[tuple[str, str]] = set()
        for element in process.elements.values():
            for problem in _element_problems(flow, element, keys, tables):
                key = (problem.code, str(problem.values["variable"]))
                if problem.code not in ("from_outside", "never_set") or key not in told:
                    yield problem
                told.add(key)


def needed_inputs(process: Process) -> Names:
    """Give the names that a process reads and none of its elements sets: what a caller has to pass.

    What `approval:inputs` lists counts, read or not; tables are not looked into.
    """
    if "needed_inputs" not in process.derived:
        flow = flow_of(process)
        read = {
            name
            for element in process.elements.values()
            for use in uses(element)
            for name in _outside(flow, element, use)
        }
        process.derived["needed_inputs"] = frozenset(read) | (flow.declared or frozenset())
    names: Names = process.derived["needed_inputs"]
    return names


def results_of(process: Process) -> Scope:
    """Give what is set when a process ends: on some way (`may`), on every way that ends it (`must`)."""
    flow = flow_of(process)
    ends = [e for e in process.level() if not e.outgoing and e.kind not in ("error", "link")]
    reached = [flow.at(end, AFTER) for end in ends]
    outside = needed_inputs(process)
    may = flow.set_somewhere | flow.given | outside
    return Scope(may, frozenset.intersection(*(each.must for each in reached)) | outside if reached else may)


def _outside(flow: VariableFlow, element: Element, use: Use) -> Names:
    scope = flow.at(element, use.moment)
    return use.names - scope.may - flow.set_somewhere - COMPLETION


def _element_problems(
    flow: VariableFlow, element: Element, keys: Mapping[str, str | None], tables: Mapping[str, Names]
) -> Iterator[Problem]:
    for use in uses(element, keys.get(_message_of(element) or "")):
        yield from _use_problems(flow, element, use)
    reads = tables.get(element.get("camunda:decisionRef") or "", frozenset())
    for name in sorted(reads) if element.type == "businessRuleTask" else ():
        yield from _name_problem(flow, element, flow.before(element), name, N_("决策条件"))


def sets(element: Element) -> Names:
    """Give the variables that an element sets when it is finished."""
    if element.type == "scriptTask":
        return _assigned(element.script or "")
    if element.type == "callActivity" and element.multi_instance is None:
        return frozenset(mapping.target for mapping in element.outputs)
    own = {element.result_variable} if element.result_variable else set()
    if any(element.get(f"approval:{name}") for name in ("sign", "threshold", "weight", "dissent")):
        own.add(f"{element.id}_tally")
    return frozenset(own)


def inputs_of(process: Process) -> Names | None:
    """Give the names that a process says it must be given (`approval:inputs`); None when it says nothing."""
    declared = process.attributes.get("approval:inputs")
    return frozenset(declared.split()) if declared is not None else None


def flow_of(process: Process) -> VariableFlow:
    """Give the sets of a process, worked out once."""
    if "variable_flow" not in process.derived:
        process.derived["variable_flow"] = VariableFlow(process)
    flow: VariableFlow = process.derived["variable_flow"]
    return flow


class VariableFlow:
    """The two sets for every element of one process."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.declared = inputs_of(process)
        self.given = ALWAYS | (self.declared or frozenset())
        self._sets = {key: sets(element) for key, element in process.elements.items()}
        self.set_somewhere = frozenset().union(*self._sets.values())
        self._starts: dict[str | None, list[Element]] = {}
        self._listening: dict[str | None, list[Element]] = {}
        for scope in process.scopes():
            level = process.level(scope)
            starts = [element for element in level if element.type == "startEvent"]
            entered = [e for e in level if not e.incoming and e.type != "boundaryEvent" and not e.triggered_by_event]
            self._starts[scope] = starts or entered
            self._listening[scope] = [element for element in level if element.triggered_by_event]
        self._inside: dict[str, Names] = {}
        self._in: dict[str, Scope] = {}
        self._arrivals: dict[str, dict[str, Scope]] = {}
        self._spread()

    def sets(self, element: Element) -> Names:
        """Give the variables that an element sets when it is finished."""
        return self._sets[element.id]

    def before(self, element: Element) -> Scope:
        """Give what is set when a token arrives at an element; everything for one that is never reached."""
        return self._in.get(element.id, Scope(self.set_somewhere, self.set_somewhere))

    def at(self, element: Element, moment: str) -> Scope:
        """Give what an expression of the element can read at a moment (see `expressions.Use`)."""
        arrived = self.before(element)
        if moment == AFTER:
            own = self._sets[element.id]
            return self._within(element, Scope(arrived.may | own | self._inner(element), arrived.must | own))
        own = _own_names(element) if moment == INSIDE else frozenset()
        return self._within(element, Scope(arrived.may | own, arrived.must | own))

    def _within(self, element: Element, scope: Scope) -> Scope:
        """Add the item variables of the multi-instance sub-processes around an element."""
        names: set[str] = set()
        parent = element.parent
        while parent is not None:
            around = self.process.elements[parent]
            names |= _own_names(around)
            parent = around.parent
        return Scope(scope.may | names, scope.must | names)

    def _inner(self, element: Element) -> Names:
        """Give what may be set inside a sub-process; instances of a multi-instance keep theirs to themselves."""
        if element.type != "subProcess" or element.multi_instance is not None:
            return frozenset()
        if element.id not in self._inside:
            inner = [e for e in self.process.elements.values() if self._is_inside(e, element.id)]
            self._inside[element.id] = frozenset().union(*(self._sets[e.id] for e in inner))
        return self._inside[element.id]

    def _is_inside(self, element: Element, parent: str) -> bool:
        while element.parent is not None:
            if element.parent == parent:
                return True
            element = self.process.elements[element.parent]
        return False

    def _spread(self) -> None:
        """Follow the flows until nothing changes, always at the element nearest the start."""
        rank = self._ranks()
        waiting = [(rank[element.id], element.id) for element in self._starts[None]]
        for _rank, key in waiting:
            self._in[key] = Scope(self.given, self.given)
        for element in self._listening[None]:
            self._in[element.id] = Scope(self.given | self._set_beside(None), self.given)
            waiting.append((rank[element.id], element.id))
        queued = {key for _rank, key in waiting}
        heapq.heapify(waiting)
        while waiting:
            _rank, key = heapq.heappop(waiting)
            queued.discard(key)
            element = self.process.elements[key]
            for target, scope in self._onward(element):
                if self._arrive(target, element.id, scope):
                    around = self.process.elements[target].parent
                    for changed in {target, around or target} - queued:
                        queued.add(changed)
                        heapq.heappush(waiting, (rank[changed], changed))

    def _ranks(self) -> dict[str, int]:
        """Number the elements in an order in which, loops apart, each comes after those that lead to it."""
        order: list[str] = []
        seen: set[str] = set()
        for first in self.process.elements:
            stack = [] if first in seen else [(first, iter(self._leads_to(first)))]
            seen.add(first)
            while stack:
                key, targets = stack[-1]
                target = next((each for each in targets if each not in seen), None)
                if target is None:
                    order.append(key)
                    stack.pop()
                else:
                    seen.add(target)
                    stack.append((target, iter(self._leads_to(target))))
        return {key: rank for rank, key in enumerate(reversed(order))}

    def _leads_to(self, key: str) -> list[str]:
        element = self.process.elements[key]
        inside = [start.id for start in self._starts[key]] if element.type == "subProcess" else []
        return [*(flow.target for flow in element.outgoing), *element.boundary, *inside]

    def _onward(self, element: Element) -> Iterator[tuple[str, Scope]]:
        arrived = self._in[element.id]
        for event in element.boundary:
            yield event, Scope(arrived.may | self._inner(element), arrived.must)
        if element.type == "subProcess":
            for start in self._starts[element.id]:
                yield start.id, arrived
            for one in self._listening[element.id]:
                yield one.id, Scope(arrived.may | self._set_beside(element.id), arrived.must)
        own = self._sets[element.id]
        left = Scope(
            arrived.may | own | self._inner(element), arrived.must | own | self._surely_inside(element)
        )
        for flow in element.outgoing:
            yield flow.target, left

    def _set_beside(self, scope: str | None) -> Names:
        """Give what may be set on a level, and below it, before an event sub-process of it begins: any moment can begin it."""
        level = self.process.level(scope)
        return frozenset().union(*(self._sets[one.id] | self._inner(one) for one in level))

    def _surely_inside(self, element: Element) -> Names:
        """Give what every end of a sub-process has seen set (as far as it is known yet)."""
        if element.type != "subProcess" or element.multi_instance is not None:
            return frozenset()
        ends = [e for e in self.process.level(element.id) if not e.outgoing and e.type != "boundaryEvent"]
        known = [self._in[e.id].must | self._sets[e.id] | self._surely_inside(e) for e in ends if e.id in self._in]
        return frozenset.intersection(*known) if known else frozenset()

    def _arrive(self, key: str, source: str, scope: Scope) -> bool:
        """Note what comes in from one element and tell whether that changes what is known at another."""
        arrivals = self._arrivals.setdefault(key, {})
        arrivals[source] = scope
        merged = scope if len(arrivals) == 1 else self._merged(key, list(arrivals.values()))
        changed = self._in.get(key) != merged
        self._in[key] = merged
        return changed

    def _merged(self, key: str, arrived: list[Scope]) -> Scope:
        musts = [each.must for each in arrived]
        joins_all = self.process.elements[key].type == "parallelGateway"
        must = frozenset().union(*musts) if joins_all else frozenset.intersection(*musts)
        return Scope(frozenset().union(*(each.may for each in arrived)), must)


def _own_names(element: Element) -> Names:
    several = element.multi_instance
    if several is None:
        return frozenset()
    names = {*MULTI_INSTANCE, several.output_collection or f"{element.id}_results"}
    return frozenset(names | ({several.element_variable} if several.element_variable else set()))


def _use_problems(flow: VariableFlow, element: Element, use: Use) -> Iterator[Problem]:
    scope = flow.at(element, use.moment)
    known = COMPLETION if use.what == "completionCondition" else frozenset()
    for name in sorted(use.names - known):
        yield from _name_problem(flow, element, scope, name, use.what)


def _name_problem(
    flow: VariableFlow, element: Element, scope: Scope, name: str, what: str
) -> Iterator[Problem]:
    if name in scope.must:
        return
    values = {"name": element.label, "variable": name, "what": Term(what)}
    if name in scope.may:
        text = N_("“%(name)s”的%(what)s用到“%(variable)s”，但有的走法到这里时还没有它")
        advice = N_("请在每条走法上都给它赋值，例如用脚本任务先设初值。")
        yield Problem(WARNING, "perhaps_unset", text, advice, element.id, element.line, values)
    elif name in flow.set_somewhere:
        text = N_("“%(name)s”的%(what)s用到“%(variable)s”，但它在这之后或另一条支路上才有")
        yield Problem(WARNING, "set_later", text, "", element.id, element.line, values)
    elif flow.declared is not None:
        text = N_("“%(name)s”的%(what)s用到“%(variable)s”，但没有任何一步给出它")
        advice = N_("请检查拼写；由调用方给出的，写进流程的 approval:inputs。")
        yield Problem(ERROR, "never_set", text, advice, element.id, element.line, values)
    else:
        text = N_("“%(name)s”的%(what)s用到“%(variable)s”，本流程里没有一步给出它，须由调用方或启动时给出")
        advice = N_("请检查拼写；由调用方给出的，写进流程的 approval:inputs。")
        yield Problem(WARNING, "from_outside", text, advice, element.id, element.line, values)


def _message_of(element: Element) -> str | None:
    if element.message:
        return element.message
    return element.definitions[0].name if element.kind == "message" else None


def _assigned(script: str) -> Names:
    try:
        return compile_script(script).assigned
    except ExpressionError:
        return frozenset()
