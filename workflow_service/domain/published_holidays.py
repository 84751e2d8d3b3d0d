"""The holiday arrangements that the General Office of the State Council has published, 2019 to 2026.

Copied as data, because a rule must not change when a package is updated; ``tests/domain`` compares the
table, day by day, with what the package ``holidays`` knows. Later years are estimated elsewhere and marked
provisional until a supervisor has confirmed the notice (docs/domain.md §3.1).

One line a holiday: first and last day off, then the weekend days on which offices work instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from workflow_service.domain.words import N_


@dataclass(frozen=True)
class Holiday:
    """One holiday of an arrangement; ``first`` and ``last`` are both days off, ``make_up`` are worked
    weekend days.
    """

    name: str
    first: date
    last: date
    make_up: tuple[date, ...] = ()

    def days(self) -> Iterator[date]:
        """Every day off, weekends included, in order."""
        for offset in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=offset)


NOTICES = {
    2019: "国办发明电〔2018〕15号、〔2019〕3号",
    2020: "国办发明电〔2019〕16号、〔2020〕1号",
    2021: "国办发明电〔2020〕27号",
    2022: "国办发明电〔2021〕11号",
    2023: "国办发明电〔2022〕16号",
    2024: "国办发明电〔2023〕7号",
    2025: "国办发明电〔2024〕12号",
    2026: "国办发明电〔2025〕7号",
}

NEW_YEAR = N_("元旦")
SPRING_FESTIVAL = N_("春节")
TOMB_SWEEPING = N_("清明节")
LABOUR_DAY = N_("劳动节")
DRAGON_BOAT = N_("端午节")
MID_AUTUMN = N_("中秋节")
NATIONAL_DAY = N_("国庆节")
NATIONAL_DAY_AND_MID_AUTUMN = N_("国庆节、中秋节")

# 2019 begins on its first day: 29 to 31 December 2018, which its first notice arranges too, lie in a year that is not kept here.
# Labour Day 2019 as prolonged by the second notice; Spring Festival 2020 as prolonged by its own: its make-up day,
# 1 February, became a day off.
_TABLE = (
    (NEW_YEAR, "2019-01-01", "2019-01-01", ""),
    (SPRING_FESTIVAL, "2019-02-04", "2019-02-10", "2019-02-02 2019-02-03"),
    (TOMB_SWEEPING, "2019-04-05", "2019-04-07", ""),
    (LABOUR_DAY, "2019-05-01", "2019-05-04", "2019-04-28 2019-05-05"),
    (DRAGON_BOAT, "2019-06-07", "2019-06-09", ""),
    (MID_AUTUMN, "2019-09-13", "2019-09-15", ""),
    (NATIONAL_DAY, "2019-10-01", "2019-10-07", "2019-09-29 2019-10-12"),
    (NEW_YEAR, "2020-01-01", "2020-01-01", ""),
    (SPRING_FESTIVAL, "2020-01-24", "2020-02-02", "2020-01-19"),
    (TOMB_SWEEPING, "2020-04-04", "2020-04-06", ""),
    (LABOUR_DAY, "2020-05-01", "2020-05-05", "2020-04-26 2020-05-09"),
    (DRAGON_BOAT, "2020-06-25", "2020-06-27", "2020-06-28"),
    (NATIONAL_DAY_AND_MID_AUTUMN, "2020-10-01", "2020-10-08", "2020-09-27 2020-10-10"),
    (NEW_YEAR, "2021-01-01", "2021-01-03", ""),
    (SPRING_FESTIVAL, "2021-02-11", "2021-02-17", "2021-02-07 2021-02-20"),
    (TOMB_SWEEPING, "2021-04-03", "2021-04-05", ""),
    (LABOUR_DAY, "2021-05-01", "2021-05-05", "2021-04-25 2021-05-08"),
    (DRAGON_BOAT, "2021-06-12", "2021-06-14", ""),
    (MID_AUTUMN, "2021-09-19", "2021-09-21", "2021-09-18"),
    (NATIONAL_DAY, "2021-10-01", "2021-10-07", "2021-09-26 2021-10-09"),
    (NEW_YEAR, "2022-01-01", "2022-01-03", ""),
    (SPRING_FESTIVAL, "2022-01-31", "2022-02-06", "2022-01-29 2022-01-30"),
    (TOMB_SWEEPING, "2022-04-03", "2022-04-05", "2022-04-02"),
    (LABOUR_DAY, "2022-04-30", "2022-05-04", "2022-04-24 2022-05-07"),
    (DRAGON_BOAT, "2022-06-03", "2022-06-05", ""),
    (MID_AUTUMN, "2022-09-10", "2022-09-12", ""),
    (NATIONAL_DAY, "2022-10-01", "2022-10-07", "2022-10-08 2022-10-09"),
    (NEW_YEAR, "2022-12-31", "2023-01-02", ""),
    (SPRING_FESTIVAL, "2023-01-21", "2023-01-27", "2023-01-28 2023-01-29"),
    (TOMB_SWEEPING, "2023-04-05", "2023-04-05", ""),
    (LABOUR_DAY, "2023-04-29", "2023-05-03", "2023-04-23 2023-05-06"),
    (DRAGON_BOAT, "2023-06-22", "2023-06-24", "2023-06-25"),
    (NATIONAL_DAY_AND_MID_AUTUMN, "2023-09-29", "2023-10-06", "2023-10-07 2023-10-08"),
    (NEW_YEAR, "2023-12-30", "2024-01-01", ""),
    (SPRING_FESTIVAL, "2024-02-10", "2024-02-17", "2024-02-04 2024-02-18"),
    (TOMB_SWEEPING, "2024-04-04", "2024-04-06", "2024-04-07"),
    (LABOUR_DAY, "2024-05-01", "2024-05-05", "2024-04-28 2024-05-11"),
    (DRAGON_BOAT, "2024-06-08", "2024-06-10", ""),
    (MID_AUTUMN, "2024-09-15", "2024-09-17", "2024-09-14"),
    (NATIONAL_DAY, "2024-10-01", "2024-10-07", "2024-09-29 2024-10-12"),
    (NEW_YEAR, "2025-01-01", "2025-01-01", ""),
    (SPRING_FESTIVAL, "2025-01-28", "2025-02-04", "2025-01-26 2025-02-08"),
    (TOMB_SWEEPING, "2025-04-04", "2025-04-06", ""),
    (LABOUR_DAY, "2025-05-01", "2025-05-05", "2025-04-27"),
    (DRAGON_BOAT, "2025-05-31", "2025-06-02", ""),
    (NATIONAL_DAY_AND_MID_AUTUMN, "2025-10-01", "2025-10-08", "2025-09-28 2025-10-11"),
    (NEW_YEAR, "2026-01-01", "2026-01-03", "2026-01-04"),
    (SPRING_FESTIVAL, "2026-02-15", "2026-02-23", "2026-02-14 2026-02-28"),
    (TOMB_SWEEPING, "2026-04-04", "2026-04-06", ""),
    (LABOUR_DAY, "2026-05-01", "2026-05-05", "2026-05-09"),
    (DRAGON_BOAT, "2026-06-19", "2026-06-21", ""),
    (MID_AUTUMN, "2026-09-25", "2026-09-27", ""),
    (NATIONAL_DAY, "2026-10-01", "2026-10-07", "2026-09-20 2026-10-10"),
)


def _holiday(name: str, first: str, last: str, make_up: str) -> Holiday:
    worked = tuple(date.fromisoformat(day) for day in make_up.split())
    return Holiday(name, date.fromisoformat(first), date.fromisoformat(last), worked)


PUBLISHED: tuple[Holiday, ...] = tuple(_holiday(*row) for row in _TABLE)
PUBLISHED_YEARS = frozenset(NOTICES)
