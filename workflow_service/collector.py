"""How often Python looks for reference cycles: seldom, because requests and checks leave hardly any and make much that stays."""

import gc

YOUNG, MIDDLE, OLD = 50_000, 20, 20
"""New objects until the young are searched, then searches of the young and of the middle-aged until the older ones are."""


def search_seldom() -> None:
    """Let this process search for cycles seldom: Python's own 700 costs a check of large diagrams a third of its time."""
    gc.set_threshold(YOUNG, MIDDLE, OLD)
