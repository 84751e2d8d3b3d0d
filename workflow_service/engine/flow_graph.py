"""A process level as a graph of splits and joins, and the folding of its blocks. Used by `soundness`.

Blocks whose split and join match are folded away, so a structured diagram folds to nothing however many branches it
has; a block whose kinds do not match is a finding. (The folding follows Sadiq and Orlowska.)

Ends of tokens meet in one virtual or-join; terminate and error ends clear all tokens. An interrupting boundary event
is an exclusive choice, a non-interrupting one an optional extra token.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from workflow_service.engine.diagram import Element
from workflow_service.engine.dialect import ACTIVITIES

AND, XOR, OR, TERMINATE = "and", "xor", "or", "terminate"
_END, _STOP = "(end)", "(stop)"


@dataclass
class Node:
    """A split or join; `element` is the element of the drawing it stands for."""

    kind: str
    element: str
    into: list[int] = field(default_factory=list)
    out: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Finding:
    """`what` is deadlock, unsynchronised or intricate; `element` the join, `origin` the split where it begins."""

    what: str
    element: str
    origin: str = ""


class FlowGraph:
    """The splits and joins of one level; edges are numbers, `source` and `target` give their nodes by index."""

    def __init__(self, elements: list[Element]) -> None:
        self.nodes: dict[int, Node] = {}
        self.source: dict[int, int] = {}
        self.target: dict[int, int] = {}
        self.found: list[Finding] = []
        self._numbers = count()
        self._build(elements)

    # building

    def _node(self, kind: str, element: str) -> int:
        index = next(self._numbers)
        self.nodes[index] = Node(kind, element)
        return index

    def _edge(self, source: int, target: int) -> int:
        edge = next(self._numbers)
        self.source[edge], self.target[edge] = source, target
        self.nodes[source].out.append(edge)
        self.nodes[target].into.append(edge)
        return edge

    def _build(self, elements: list[Element]) -> None:
        self.begin = self._node(AND, "")
        self.end, self.stop = self._node(OR, _END), self._node(TERMINATE, _STOP)
        here = {element.id: element for element in elements}
        entries = {element.id: self._entry(element) for element in elements}
        links = {
            e.definitions[0].name: e.id
            for e in elements
            if e.kind == "link" and e.type == "intermediateCatchEvent"
        }
        for element in elements:
            self._leave(element, entries, here, links)
        first = [e for e in elements if e.type == "startEvent"] or [e for e in elements if _enters_nowhere(e)]
        choice = self._node(XOR if first and first[0].type == "startEvent" else AND, "")
        self._edge(self.begin, choice)
        for element in first:
            self._edge(choice, entries[element.id])

    def _entry(self, element: Element) -> int:
        """Make the join side of an element."""
        if element.type == "endEvent":
            return self.stop if element.kind in ("terminate", "error") else self.end
        if element.get("approval:multiple") == "true":
            return self._node(OR, element.id)
        return self._node(_JOINS.get(element.type, XOR), element.id)

    def _leave(
        self,
        element: Element,
        entries: dict[str, int],
        here: dict[str, Element],
        links: dict[str | None, str],
    ) -> None:
        """Make the split side of an element and its edges, boundary events included."""
        if element.type == "endEvent":
            return
        node = self._boundaries(element, entries, here)
        targets = [flow.target for flow in element.outgoing if flow.target in entries]
        if (
            element.kind == "link"
            and element.type == "intermediateThrowEvent"
            and element.definitions[0].name in links
        ):
            targets.append(links[element.definitions[0].name])
        split = self._node(_split_kind(element), element.id)
        self._edge(node, split)
        for target in targets:
            self._edge(split, entries[target])
        if not targets:
            self._edge(split, self.end)

    def _boundaries(self, element: Element, entries: dict[str, int], here: dict[str, Element]) -> int:
        """Chain the boundary events of an activity behind its entry; give the node its own flows leave from."""
        node = entries[element.id]
        attached = [here[key] for key in element.boundary if key in here]
        interrupting = [event for event in attached if event.interrupting]
        if interrupting:
            choice = self._node(XOR, element.id)
            self._edge(node, choice)
            for event in interrupting:
                self._edge(choice, entries[event.id])
            node = choice
        for event in (event for event in attached if not event.interrupting):
            both, perhaps = self._node(AND, element.id), self._node(XOR, event.id)
            self._edge(node, both)
            self._edge(both, perhaps)
            self._edge(perhaps, entries[event.id])
            self._edge(perhaps, self.end)
            node = both
        return node

    # folding

    def fold(self) -> None:
        """Fold every block that can be folded; what does not match goes to `found`."""
        waiting = list(self.nodes)
        queued = set(waiting)
        while waiting:
            index = waiting.pop()
            queued.discard(index)
            if index not in self.nodes:
                continue
            for touched in self._fold_at(index):
                if touched in self.nodes and touched not in queued:
                    queued.add(touched)
                    waiting.append(touched)

    def _fold_at(self, index: int) -> set[int]:
        """Apply the rules at one node; give the nodes that changed."""
        node = self.nodes[index]
        if touched := self._drop_idle_edges(index) or self._fold_parallel_edges(index):
            return touched
        if index in (self.begin, self.end, self.stop):
            return set()
        if not node.into and not node.out:
            del self.nodes[index]
            return set()
        if len(node.into) == 1 and len(node.out) == 1:
            return self._fold_sequence(index)
        if len(node.out) == 1 and (touched := self._fold_into_next(index)):
            return touched
        if len(node.into) == 1:
            return self._fold_into_previous(index)
        return set()

    def _drop_edge(self, edge: int) -> None:
        self.nodes[self.source.pop(edge)].out.remove(edge)
        self.nodes[self.target.pop(edge)].into.remove(edge)

    def _drop_idle_edges(self, index: int) -> set[int]:
        """Going round at once changes nothing, and a parallel token that ends at once waits for nobody."""
        node = self.nodes[index]
        idle = [edge for edge in node.out if node.kind == XOR and self.target[edge] == index]
        if node.kind == AND and index != self.begin:
            ending = [edge for edge in node.out if self.target[edge] == self.end]
            idle += ending if len(ending) < len(node.out) else ending[1:]
        for edge in idle:
            self._drop_edge(edge)
        if idle and not node.out:
            self.found.append(Finding("endless", node.element, node.element))
        return {index, self.end} if idle else set()

    def _fold_sequence(self, index: int) -> set[int]:
        """A node with one way in and one way out is no split and no join."""
        node = self.nodes[index]
        before, after = self.source[node.into[0]], self.target[node.out[0]]
        if before == index:
            return set()
        edge, leaving = node.into[0], node.out[0]
        self.nodes[after].into[self.nodes[after].into.index(leaving)] = edge
        self.target[edge] = after
        del self.source[leaving], self.target[leaving], self.nodes[index]
        return {before, after}

    def _fold_parallel_edges(self, index: int) -> set[int]:
        """Several edges from a split to one join are one edge when the kinds match, else a finding."""
        by_target: dict[int, list[int]] = {}
        for edge in self.nodes[index].out:
            by_target.setdefault(self.target[edge], []).append(edge)
        touched: set[int] = set()
        for target, edges in by_target.items():
            if len(edges) > 1 and target != index:
                self._judge(self.nodes[index], self.nodes[target])
                for edge in edges[1:]:
                    self._drop_edge(edge)
                touched |= {index, target}
        return touched

    def _judge(self, split: Node, join: Node) -> None:
        if split.kind == join.kind or join.kind in (OR, TERMINATE):
            return
        what = "deadlock" if join.kind == AND else "unsynchronised"
        self.found.append(Finding(what, join.element, split.element))

    def _fold_into_next(self, index: int) -> set[int]:
        """A join whose only way leads to a join of its kind is part of that one; a loop of choices is no block."""
        node = self.nodes[index]
        after = self.target[node.out[0]]
        following = self.nodes[after]
        if after == index:
            return set()
        if node.kind == XOR and following.kind == XOR and len(following.into) == 1:
            back = [edge for edge in following.out if self.target[edge] == index]
            for edge in back:
                self._drop_edge(edge)
            if back:
                return {index, after}
        if len(node.into) > 1 and following.kind == node.kind and (len(following.out) <= 1):
            return self._absorb_join(index, after)
        return set()

    def _absorb_join(self, index: int, after: int) -> set[int]:
        node = self.nodes[index]
        self._drop_edge(node.out[0])
        for edge in list(node.into):
            self.target[edge] = after
            self.nodes[after].into.append(edge)
        sources = {self.source[edge] for edge in node.into}
        del self.nodes[index]
        return {after, *sources}

    def _fold_into_previous(self, index: int) -> set[int]:
        """A split entered only from a split of its kind is part of that one."""
        node = self.nodes[index]
        before = self.source[node.into[0]]
        previous = self.nodes[before]
        if before == index or previous.kind != node.kind or len(previous.into) > 1 or node.kind == TERMINATE:
            return set()
        self._drop_edge(node.into[0])
        for edge in node.out:
            self.source[edge] = before
            previous.out.append(edge)
        del self.nodes[index]
        return {before, *(self.target[edge] for edge in node.out)}


_JOINS = {"parallelGateway": AND, "inclusiveGateway": OR}


def _split_kind(element: Element) -> str:
    if element.type in ("exclusiveGateway", "eventBasedGateway", "complexGateway"):
        return XOR
    conditional = element.type in ACTIVITIES and any(flow.condition for flow in element.outgoing)
    if element.type == "inclusiveGateway" or conditional:
        return OR
    return AND


def _enters_nowhere(element: Element) -> bool:
    is_link = element.kind == "link" and element.type == "intermediateCatchEvent"
    return not element.incoming and element.type != "boundaryEvent" and not is_link
