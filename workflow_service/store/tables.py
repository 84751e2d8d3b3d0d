"""Imports every table module, so that `Base.metadata` is whole."""

from . import counters, definitions, people, plans, records, runtime, supervision
from .base import Base

metadata = Base.metadata

__all__ = ["counters", "definitions", "metadata", "people", "plans", "records", "runtime", "supervision"]
