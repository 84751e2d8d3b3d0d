"""What a measurement gives: rows of numbers, each beside what it is compared with, and whether a target is met."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One line of a report: the measured value, the floor or small case, the target in words, and the verdict.

    `met` is None where the line has no target of its own. `value` and `beside` are shown as they are.
    """

    what: str
    value: str
    beside: str = ""
    ratio: float | None = None
    target: str = ""
    met: bool | None = None


@dataclass
class Figure:
    """One subject of docs/performance.md: how it was obtained, its rows, and what stands in the way of a missed target."""

    key: str
    title: str
    how: str
    rows: list[Row] = field(default_factory=list)
    hindrance: str = ""

    @property
    def is_met(self) -> bool:
        """Whether no row misses its target."""
        return all(row.met is not False for row in self.rows)


@dataclass(frozen=True)
class Scale:
    """How much is measured: `quick` to see that it works, `large` for the sizes that take long."""

    quick: bool = False
    large: bool = False

    def of(self, quick: int, full: int, large: int | None = None) -> int:
        """Choose a count."""
        if self.quick:
            return quick
        return large if self.large and large is not None else full


def milliseconds(seconds: float) -> str:
    """Show a duration."""
    return f"{seconds * 1000:.1f} ms" if seconds < 10 else f"{seconds:.1f} s"


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def median_time(work: Callable[[], object], number: int, *, warm: int = 2, limit_seconds: float = 30) -> float:
    """The median seconds of so many rounds after some that warm up; fewer rounds where each takes long."""
    ends, times = time.perf_counter() + limit_seconds, list[float]()
    for each in range(warm + number):
        began = time.perf_counter()
        if each > warm and began > ends:
            break
        work()
        times.append(time.perf_counter() - began)
    return median(times[warm:])


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * len(ordered)))]


def spread(values: Sequence[float]) -> str:
    """Median, 95th and 99th percentile in one cell."""
    shown = (median(values), percentile(values, 95), percentile(values, 99))
    return " / ".join(f"{one * 1000:.1f}" for one in shown) + " ms"
