"""Imports every table module, so that `Base.metadata` is whole."""

from . import (
    absences,
    acting,
    catalogue_changes,
    counters,
    deadlines,
    definitions,
    former_names,
    operations,
    people,
    personal,
    plans,
    records,
    runtime,
    stage_deadlines,
    supervision,
)
from .base import Base

metadata = Base.metadata

__all__ = [
    "absences", "acting", "catalogue_changes", "counters", "deadlines", "definitions", "former_names", "metadata", "operations",
    "people", "personal", "plans", "records", "runtime", "stage_deadlines", "supervision",
]  # fmt: skip
