"""Reads time rules once the diagram's expressions are evaluated: ISO 8601 cycles and the deadline table's answer."""

import re
from typing import Any

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_

_CYCLE = re.compile(r"R(\d{0,3})/(P\S+)")
URGING = ("daily", "weekly", "none")
UNITS = {"working": "working days", "calendar": "calendar days"}


def read_cycle(text: str) -> tuple[str, int]:
    """Give duration and number of runs of `R3/P1D`; without a number it runs 1,000 times. Raises InvalidInput."""
    match = _CYCLE.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(N_("周期“%(text)s”应写作 R3/P1D"), text=text)
    return match[2], int(match[1] or 1000)


def rule_of(answer: Any) -> str:
    """Give the deadline rule of the table's answer; empty for none.

    Columns `days` and `unit` (working, calendar), or `date` (2026-06-30), which goes before them.
    """
    row = answer[0] if isinstance(answer, list) and answer else answer
    if isinstance(row, dict) and row.get("date"):
        return str(row["date"])
    if not isinstance(row, dict) or row.get("days") in (None, "", 0):
        return ""
    return f"{int(row['days'])} {UNITS.get(str(row.get('unit') or 'working'), 'working days')}"


def urging_of(answer: Any) -> str:
    """Give how often the table wants the holder urged: its column `rhythm` (daily, weekly, none); daily for none given."""
    row = answer[0] if isinstance(answer, list) and answer else answer
    said = str(row.get("rhythm") or "") if isinstance(row, dict) else ""
    return said if said in URGING else "daily"
