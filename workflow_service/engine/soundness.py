"""Finds diagrams that get stuck or run something twice: deadlock, and merging without synchronisation.

`flow_graph` folds the blocks of each process level and names those that do not match; what it cannot fold is explored
here state by state, up to `MAX_STATES`, beyond that the diagram is called too intricate, which is a warning.
BPMN 2.0.2 §13.3 gives the meaning of the gateways.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from workflow_service.engine.diagram import Process
from workflow_service.engine.flow_graph import AND, OR, TERMINATE, XOR, Finding, FlowGraph, Node
from workflow_service.engine.problems import ERROR, WARNING, Problem
from workflow_service.i18n import N_

MAX_STATES = 2_000

State = tuple[tuple[int, int], ...]
"""Tokens on edges: sorted pairs of edge and number."""


def soundness_problems(process: Process) -> Iterator[Problem]:
    """Find deadlocks and lacking synchronisation in every level of a process."""
    for scope in process.scopes():
        elements = [element for element in process.level(scope) if not element.triggered_by_event]
        for finding in dict.fromkeys(_findings(FlowGraph(elements))):
            yield _problem(finding, process, scope)


def _problem(finding: Finding, process: Process, scope: str | None) -> Problem:
    element = process.elements.get(finding.element) or process.elements.get(scope or "")
    origin = process.elements.get(finding.origin)
    severity, text, advice = _WORDS[finding.what]
    return Problem(
        severity,
        finding.what,
        text,
        advice,
        element.id if element else process.id,
        element.line if element else process.line,
        {
            "name": element.label if element else process.name or process.id,
            "origin": origin.label if origin else (element.label if element else process.id),
        },
    )


_WORDS = {
    "deadlock": (
        ERROR,
        N_("“%(name)s”会一直等：它要等齐各条入线，而“%(origin)s”之后不一定每条都有"),
        N_("互斥网关分开的用互斥网关合并，并行网关分开的用并行网关合并。"),
    ),
    "unsynchronised": (
        ERROR,
        N_("“%(name)s”会重复执行：“%(origin)s”之后的并行支路没有先汇合"),
        N_('请在它前面画并行网关（或包容网关）汇合；确要逐个执行的，标 approval:multiple="true"。'),
    ),
    "endless": (
        ERROR,
        N_("从“%(name)s”起的循环没有出口，流程不会结束"),
        N_("请在循环里画互斥网关，并有一条离开循环的出线。"),
    ),
    "intricate": (
        WARNING,
        N_("“%(name)s”的分支交错过多，无法检查是否会卡住"),
        N_("请成对使用网关，或拆成子流程。"),
    ),
}


def _findings(graph: FlowGraph) -> list[Finding]:
    """Fold, and explore what is left."""
    graph.fold()
    if graph.found or len(graph.nodes) <= 3:
        return graph.found
    return _Exploration(graph).findings()


class _Exploration:
    """Moves tokens through what is left, upstream first, so that tokens that can meet do meet at a join.

    Every edge leads to one node, so an enabled node stays enabled: trying one order of nodes is enough, only the
    choices of splits branch.
    """

    def __init__(self, graph: FlowGraph) -> None:
        self.graph = graph
        self.rank = self._ranks()
        self.reach: dict[int, frozenset[int]] = {}

    def findings(self) -> list[Finding]:
        """Explore from one token at the beginning; the first finding of each kind and place counts."""
        found: dict[Finding, None] = {}
        start: State = tuple((edge, 1) for edge in self.graph.nodes[self.graph.begin].out)
        seen, waiting = {start}, [start]
        while waiting:
            for following in self._next(waiting.pop(), found):
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
            if len(seen) > MAX_STATES:
                return [*found] or [Finding("intricate", "")]
            if len(found) > 4:
                break
        return list(found)

    def _next(self, state: State, found: dict[Finding, None]) -> list[State]:
        tokens = dict(state)
        enabled = sorted(
            {self.graph.target[edge] for edge in tokens if self._enabled(self.graph.target[edge], tokens)},
            key=lambda index: self.rank[index],
        )
        if not enabled and tokens:
            self._stuck(tokens, found)
        if not enabled:
            return []
        for index in enabled:
            if self._meets(index, tokens):
                origin = self._origin(index, tokens)
                found[Finding("unsynchronised", self.graph.nodes[index].element, origin)] = None
                return []
        index = enabled[0]
        return [tuple(sorted(after.items())) for after in self._fire(index, tokens)]

    def _enabled(self, index: int, tokens: dict[int, int]) -> bool:
        node = self.graph.nodes[index]
        if node.kind == AND:
            return all(edge in tokens for edge in node.into)
        if node.kind == OR and len(node.into) > 1:
            return not self._may_still_come(index, tokens)
        return True

    def _may_still_come(self, index: int, tokens: dict[int, int]) -> bool:
        """Tell whether a token elsewhere can reach an empty way into an or-join."""
        empty = {edge for edge in self.graph.nodes[index].into if edge not in tokens}
        elsewhere = [edge for edge in tokens if self.graph.target[edge] != index]
        return any(empty & self._reachable(edge, index) for edge in elsewhere)

    def _reachable(self, edge: int, avoiding: int) -> frozenset[int]:
        """Give the edges that a token on `edge` can come to without passing a node."""
        key = edge * 100_003 + avoiding
        if key not in self.reach:
            seen, waiting = {edge}, [edge]
            while waiting:
                node = self.graph.target[waiting.pop()]
                for following in self.graph.nodes[node].out if node != avoiding else ():
                    if following not in seen:
                        seen.add(following)
                        waiting.append(following)
            self.reach[key] = frozenset(seen)
        return self.reach[key]

    def _meets(self, index: int, tokens: dict[int, int]) -> bool:
        node = self.graph.nodes[index]
        if index == self.graph.stop:
            return False
        here = [tokens[edge] for edge in node.into if edge in tokens]
        return max(here) > 1 or (node.kind == XOR and len(here) > 1)

    def _fire(self, index: int, tokens: dict[int, int]) -> Iterator[dict[int, int]]:
        node = self.graph.nodes[index]
        if node.kind == TERMINATE:
            yield {}
            return
        left = {edge: count for edge, count in tokens.items() if edge not in node.into}
        for chosen in self._choices(node):
            after = dict(left)
            for edge in chosen:
                if self.graph.target[edge] != self.graph.end:
                    after[edge] = after.get(edge, 0) + 1
            yield after

    def _choices(self, node: Node) -> Iterator[tuple[int, ...]]:
        if node.kind == AND or len(node.out) < 2:
            yield tuple(node.out)
        elif node.kind == XOR:
            yield from ((edge,) for edge in node.out)
        else:
            sizes = range(1, len(node.out) + 1) if len(node.out) <= 4 else (1, len(node.out))
            for size in sizes:
                yield from combinations(node.out, size)

    def _stuck(self, tokens: dict[int, int], found: dict[Finding, None]) -> None:
        for index in sorted({self.graph.target[edge] for edge in tokens}, key=lambda i: self.rank[i])[:1]:
            found[Finding("deadlock", self.graph.nodes[index].element, self._origin(index, tokens))] = None

    def _origin(self, index: int, tokens: dict[int, int]) -> str:
        """Name the nearest split upstream of a join, for the message."""
        node = self.graph.nodes[index]
        for edge in sorted(node.into, key=lambda edge: edge in tokens):
            source = self.graph.nodes[self.graph.source[edge]]
            if len(source.out) > 1 and source.element:
                return source.element
        return node.element

    def _ranks(self) -> dict[int, int]:
        """Order the nodes upstream first: reverse postorder of a walk from the beginning."""
        order: list[int] = []
        seen = {self.graph.begin}
        stack: list[tuple[int, Iterator[int]]] = [
            (self.graph.begin, iter(self.graph.nodes[self.graph.begin].out))
        ]
        while stack:
            index, edges = stack[-1]
            target = next((self.graph.target[e] for e in edges if self.graph.target[e] not in seen), None)
            if target is None:
                order.append(index)
                stack.pop()
            else:
                seen.add(target)
                stack.append((target, iter(self.graph.nodes[target].out)))
        ranks = {index: rank for rank, index in enumerate(reversed(order))}
        return {index: ranks.get(index, len(ranks)) for index in self.graph.nodes}
