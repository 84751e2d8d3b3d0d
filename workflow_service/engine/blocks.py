"""The shape of one level of a process: what follows what, and which elements lie between a split and its join.

Called by `navigate`, which must know what a token leaves behind when it is put elsewhere. Elements and flows are those of
the bundle (`compile.py`); a boundary event follows the activity it is attached to.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from workflow_service.domain.drawing import is_drawn

ONE_WAY = ("exclusiveGateway", "eventBasedGateway")


@dataclass(frozen=True)
class Block:
    """What lies between `split` and `join` (None: the branches end apart). `branches`: their elements by the first."""

    split: str
    join: str | None
    branches: dict[str, frozenset[str]]

    @property
    def inside(self) -> frozenset[str]:
        """Everything between the two, neither included."""
        return frozenset().union(*self.branches.values())

    def branch_of(self, element: str) -> str | None:
        """The first element of the one branch that `element` lies on; None outside, or where branches meet before the join."""
        found = [first for first, elements in self.branches.items() if element in elements]
        return found[0] if len(found) == 1 else None


class Level:
    """The elements of one process with the same parent (None: the process itself)."""

    def __init__(self, process: dict[str, Any], parent: str | None) -> None:
        self.elements = {
            key: one for key, one in process["elements"].items() if one.get("parent") == parent
        }
        self.onward: dict[str, list[str]] = defaultdict(list)
        for flow in process["flows"].values():
            if flow["source"] in self.elements:
                self.onward[flow["source"]].append(flow["target"])
        self.ways = {key: tuple(dict.fromkeys(targets)) for key, targets in self.onward.items()}
        for key, one in self.elements.items():
            if one.get("attached_to"):
                self.onward[one["attached_to"]].append(key)

    def is_listening(self, key: str) -> bool:
        """Whether an element was drawn as an event sub-process: an event of the scope around everything else leads to it."""
        return bool(self._events_before(key))

    def ends_everything(self, key: str) -> bool:
        """Whether it is one that interrupts: its end is the end of all that lies beside it."""
        return any(one.get("interrupting", True) for one in self._events_before(key))

    def _events_before(self, key: str) -> list[dict[str, Any]]:
        attached = [(event, one) for event, one in self.elements.items() if one.get("attached_to")]
        return [one for event, one in attached if not is_drawn(one["attached_to"]) and key in self.onward[event]]

    def reach(self, start: str, without: str | None = None) -> frozenset[str]:
        """Everything that can come from `start` on, itself included, on ways that do not touch `without`."""
        if start == without:
            return frozenset()
        seen, waiting = {start}, [start]
        while waiting:
            for target in self.onward[waiting.pop()]:
                if target != without and target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return frozenset(seen)

    def block(self, split: str) -> Block:
        """The block that begins at an element with several ways on."""
        firsts = list(self.ways[split])
        join = self._join(firsts)
        return Block(split, join, {first: self.reach(first, join) - {split} for first in firsts})

    def blocks_around(self, element: str) -> list[Block]:
        """The blocks that an element lies in, the innermost first."""
        return sorted((block for block in self.blocks() if element in block.inside), key=lambda block: len(block.inside))

    def blocks(self) -> list[Block]:
        """Every block of the level."""
        return [self.block(key) for key in self.elements if self._splits(key)]

    def _splits(self, key: str) -> bool:
        """Whether several tokens may leave an element: of the gateways that choose one way, none."""
        return len(self.ways.get(key, ())) > 1 and self.elements[key]["type"] not in ONE_WAY

    def _join(self, firsts: list[str]) -> str | None:
        """The nearest element that every way from every one of `firsts` to an end passes."""
        shared = frozenset.intersection(*(self.reach(first) for first in firsts)) if firsts else frozenset()
        passed = [one for one in shared if all(self._passes(first, one) for first in firsts)]
        return min(passed, key=lambda one: sum(len(self.reach(first, one)) for first in firsts), default=None)

    def _passes(self, start: str, element: str) -> bool:
        """Whether no end can be reached from `start` but through `element`."""
        return not any(not self.onward[one] for one in self.reach(start, element))
