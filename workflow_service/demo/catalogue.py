"""Reads a catalogue of plans from CSV: the delivered one of Zhejiang, or another of the same columns.

`route` and `review_form` are optional: they are only compared with what the decision tables give.
"""

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_

REQUIRED = (
    "title", "lead_unit", "category", "level", "tier", "importance", "environmental_review", "water_review",
    "first_year", "last_year", "registered_on", "due_on", "issued_on",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue, with business dates; `issued_on` None: not issued yet."""

    number: int
    title: str
    lead_unit: str
    category: str
    level: str
    tier: str
    importance: str
    environmental_review: bool
    water_review: bool
    first_year: int
    last_year: int
    registered_on: date
    due_on: date
    issued_on: date | None
    route: str = ""
    review_form: str = ""

    @property
    def is_filed_only(self) -> bool:
        """Whether the unit issues the plan itself and only files it."""
        return self.importance == "filed"


def read_catalogue(path: Path) -> list[Entry]:
    """Read a catalogue; raises InvalidInput naming the missing columns, or every bad line (counted from 2)."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in REQUIRED if name not in (reader.fieldnames or [])]
        if missing:
            raise InvalidInput(N_("目录文件缺少列：%(columns)s"), columns="、".join(missing))
        lines = list(enumerate(reader, 2))
    entries, problems = [], []
    for number, line in lines:
        try:
            entries.append(_entry(number - 1, line))
        except (ValueError, KeyError) as error:
            problems.append(f"第 {number} 行：{error}")
    if problems:
        raise InvalidInput(
            N_("目录文件有 %(count)s 行有误：%(lines)s"), count=len(problems), lines="；".join(problems[:20])
        )
    return entries


def _entry(number: int, line: dict[str, str]) -> Entry:
    registered, issued = date.fromisoformat(line["registered_on"]), _day(line["issued_on"])
    if issued is not None and issued < registered:
        raise ValueError(f"issued_on {issued} 早于 registered_on {registered}")
    return Entry(
        number, line["title"].strip(), line["lead_unit"].strip(), line["category"], line["level"], line["tier"],
        line["importance"], line["environmental_review"] == "yes", line["water_review"] == "yes",
        int(line["first_year"]), int(line["last_year"]), registered, date.fromisoformat(line["due_on"]), issued,
        line.get("route") or "", line.get("review_form") or "",
    )  # fmt: skip


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text.strip() else None
