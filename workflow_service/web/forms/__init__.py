"""Task forms: JSON Schema 2020-12 drawn as fields, and what was typed read back as values of the schema's types."""

from .conditions import Condition
from .fields import Field, fields_of
from .values import read_values

__all__ = ["Condition", "Field", "fields_of", "read_values"]
