from dataclasses import dataclass


@dataclass(frozen=True)
class Surroundings:
    forms: frozenset = frozenset()
    decisions: frozenset = frozenset()
    processes: frozenset = frozenset()
    topics: frozenset = frozenset()


def check(diagram, around):
    return []
