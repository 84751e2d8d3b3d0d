"""Writes docs/performance.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .figures import Figure, Row, Scale, milliseconds
from .machine import Machine

HEAD = """# Performance

Written by `make bench` (`python -m bench`); do not edit. Targets are those of the project's design. Every number stands
beside its floor or its small case from the same run; ratios carry further than milliseconds, which belong to this
machine. What can be counted instead of timed – statements and commits a command, statements while nothing happens,
bytes of state – is held by `tests/proof/test_counts.py` and `tests/api/test_statements.py`.
"""
COLUMNS = "| | measured | beside | ratio | target | |\n|---|---|---|---|---|---|"
VERDICTS = {True: "met", False: "**missed**", None: ""}


def write(figures: Sequence[Figure], machine: Machine, scale: Scale, at: datetime, took: float) -> str:
    """Give the whole report as Markdown."""
    parts = [HEAD, _machine(machine, at, took), _warnings(machine, scale), _summary(figures)]
    return "\n".join([*(part for part in parts if part), *(_section(figure) for figure in figures)])


def _machine(machine: Machine, at: datetime, took: float) -> str:
    return (
        f"Measured on {at:%Y-%m-%d %H:%M %Z} in {took / 60:.0f} minutes: {machine.cores} cores ({machine.processor}), "
        f"{machine.memory_bytes / 2**30:.0f} GB, {machine.system}, Python {machine.python}, PostgreSQL {machine.postgresql} "
        f"with fsync; a write of 8 KB that reaches the disk takes {milliseconds(machine.sync_seconds)}; load before "
        f"{machine.load:.1f}. Clients, service and database share the cores.\n"
    )


def _warnings(machine: Machine, scale: Scale) -> str:
    said = []
    if machine.is_busy:
        said.append("others were at work on this machine, so the times say little")
    if scale.quick:
        said.append("this is a quick run with small counts")
    return f"**Not final: {'; '.join(said)}.**\n" if said else ""


def _summary(figures: Sequence[Figure]) -> str:
    lines = ["## In short\n", "| figure | measured | target | |", "|---|---|---|---|"]
    for figure in figures:
        for row in figure.rows:
            if row.met is not None:
                lines.append(f"| {figure.title}: {row.what} | {row.value} | {row.target} | {VERDICTS[row.met]} |")
    return "\n".join(lines) + "\n"


def _section(figure: Figure) -> str:
    lines = [f"## {figure.title}\n", figure.how + "\n", COLUMNS, *(_line(row) for row in figure.rows), ""]
    if not figure.is_met and figure.hindrance:
        lines += [f"What stands in the way: {figure.hindrance}\n"]
    return "\n".join(lines)


def _line(row: Row) -> str:
    ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
    return f"| {row.what} | {row.value} | {row.beside} | {ratio} | {row.target} | {VERDICTS[row.met]} |"
