"""Reads a task form at deployment: JSON Schema 2020-12 without what could be abused or cannot be shown."""

import json
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_

MAX_BYTES = 256_000
REFUSED = ("$ref", "$dynamicRef", "pattern", "patternProperties", "propertyNames", "contentSchema")
"""A free pattern is a denial of service; references would read what is not in the form."""


class FormRefused(InvalidInput):
    """A form cannot be deployed; the message names what is wrong and where."""

    code = "form_refused"


def read_form(content: bytes) -> dict[str, Any]:
    """Read a form; raises FormRefused."""
    if len(content) > MAX_BYTES:
        raise FormRefused(N_("表单超过 256 KB。"))
    try:
        schema = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormRefused(N_("表单不是有效的 JSON：%(reason)s"), reason=str(error)) from error
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise FormRefused(N_("表单的类型应是 object。"))
    _refuse_keywords(schema, "")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = "/".join(str(part) for part in error.absolute_path)
        raise FormRefused(
            N_("表单在“%(place)s”处不符合 JSON Schema：%(reason)s"), place=place, reason=error.message
        ) from error
    return schema


def _refuse_keywords(node: Any, place: str) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in REFUSED and not place.endswith("/properties"):
                raise FormRefused(
                    N_("表单在“%(place)s”处用了不允许的 %(keyword)s。"), place=place or "/", keyword=key
                )
            _refuse_keywords(value, f"{place}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            _refuse_keywords(value, f"{place}/{index}")
