"""A whole government at once: its offices under the names that they carry at its level, and its departments."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from workflow_service.domain.divisions import area_path, level_of
from workflow_service.store.people import Unit

from .people import Area, seed_units

# unit code → (relation, name at province, city, county and town level; empty: this level has none)
OFFICES = {
    "party": ("party_office", "委办公厅", "委办公室", "委办公室", "党委办公室"),
    "congress": ("congress_office", "人大常委会办公厅", "人大常委会办公室", "人大常委会办公室", "人大办公室"),
    "office": ("government_office", "人民政府办公厅", "人民政府办公室", "人民政府办公室", "党政综合办公室"),
    "inspection": ("inspection_office", "人民政府督查室", "人民政府督查室", "人民政府督查室", ""),
    "drc": ("drc", "发展和改革委员会", "发展和改革委员会", "发展和改革局", "经济发展办公室"),
    "land": ("natural_resources", "自然资源厅", "自然资源和规划局", "自然资源和规划分局", "自然资源所"),
    "ecology": ("ecology", "生态环境厅", "生态环境局", "生态环境分局", "生态环境站"),
    "water": ("water", "水利厅", "水利局", "水利局", "水利站"),
}
LEVELS = ("province", "city", "county", "town")


def seed_government(
    session: Session, area: Area, departments: Mapping[str, str], *, now: datetime
) -> dict[str, int]:
    """Create the offices and departments (code → short name) of one government; gives unit ids by full unit code."""
    column = 1 + LEVELS.index(area.level)
    offices = [(code, area.name + row[column], row[0]) for code, row in OFFICES.items() if row[column]]
    others = [(code, area.name + name, "") for code, name in departments.items()]
    units: dict[str, Unit] = seed_units(session, area, [*offices, *others], now=now)
    return {unit.code: unit.id for unit in units.values()}


def area_of(code: str, name: str, prefix: str, document_prefix: str) -> Area:
    """Describe a government by its division code (6 digits, 9 for a town); level and path follow from it."""
    return Area(code, name, level_of(code), area_path(code), prefix, document_prefix)
