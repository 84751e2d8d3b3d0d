"""Administrative divisions by their GB/T 2260 codes: which government lies above which (docs/domain.md §5, §6).

Six digits name a province, city or county, nine a town or street office. The counties of the four municipalities and
those that a province runs directly (third and fourth digit 90) hang below the province, for there is no city between.
"""

from __future__ import annotations

import re

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_

LEVELS = ("province", "city", "county", "town")
MUNICIPALITIES = frozenset({"11", "12", "31", "50"})

_CODE = re.compile(r"[1-9]\d{5}(?:\d{3})?")


class UnknownDivision(InvalidInput):
    """A division code is not six digits (province, city, county) or nine (town)."""

    code = "unknown_division"
    text = N_("“%(area)s”不是行政区划代码，应为六位（省、市、县）或九位（乡镇）数字。")


def level_of(area: str) -> str:
    """Tell the level of the division, one of `LEVELS`; raises UnknownDivision."""
    checked = _checked(area)
    if len(checked) == 9:
        return "town"
    if checked.endswith("0000"):
        return "province"
    return "city" if checked.endswith("00") else "county"


def area_above(area: str) -> str | None:
    """Give the code of the government one level up, None above a province; raises UnknownDivision."""
    level = level_of(area)
    if level == "province":
        return None
    if level == "town":
        return area[:6]
    if level == "county" and not _is_directly_below_province(area):
        return area[:4] + "00"
    return area[:2] + "0000"


def area_path(area: str) -> str:
    """Give the codes from the province down, such as `/330000/330200/330205/`; "everything below" is a prefix of it."""
    above = area_above(area)
    return (area_path(above) if above else "/") + area + "/"


def paths_down_to(path: str) -> list[str]:
    """Give the area paths from the outermost down to one, itself included; none for an empty path."""
    codes = [code for code in path.split("/") if code]
    return ["/" + "/".join(codes[:count]) + "/" for count in range(1, len(codes) + 1)]


def last_area(path: str) -> str:
    """Give the division code that an area path ends with, empty for an empty path."""
    return path.rstrip("/").rpartition("/")[2]


def _is_directly_below_province(area: str) -> bool:
    return area[:2] in MUNICIPALITIES or area[2:4] == "90"


def _checked(area: str) -> str:
    if not _CODE.fullmatch(area):
        raise UnknownDivision(area=area)
    return area
