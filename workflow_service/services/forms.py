"""Task forms: JSON Schema 2020-12 from the definition's bundle, validated with errors a clerk can read."""

import json
from datetime import date, datetime
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.days import FIRST_YEAR, LAST_YEAR
from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_, _
from workflow_service.store.runtime import ProcessInstance, Task

from .programs import program_of
from .side_forms import PREFIX, SIDE_FORMS

FREE_FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "outcome": {"type": "string", "title": "结果", "maxLength": 100},
        "opinion": {"type": "string", "title": "意见", "maxLength": 5000, "x-widget": "textarea"},
    },
}
MAX_BYTES = 256_000
MOST_VALIDATORS = 1000
_formats = FormatChecker(formats=())
_validators: dict[int, Draft202012Validator] = {}


class FormErrors(InvalidInput):
    """Values do not fit the form; `details["fields"]` lists each field (JSON pointer) with what is wrong."""

    code = "form_invalid"
    text = N_("有 %(count)s 处填写不符合要求，已填写的内容没有丢失。")


def _is_date(value: object) -> bool:
    """A far year is refused as well: no route can reckon with it."""
    return not isinstance(value, str) or FIRST_YEAR <= date.fromisoformat(value).year <= LAST_YEAR


def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


_formats.checkers["date"] = (_is_date, ValueError)
_formats.checkers["date-time"] = (_is_moment, ValueError)


def form_of(session: Session, definition_id: int, form_key: str) -> dict[str, Any]:
    """Give the form's schema as pinned with the definition; outcome and opinion where a task names no form."""
    if form_key.startswith(PREFIX):
        return SIDE_FORMS[form_key]
    form: dict[str, Any] = program_of(session, definition_id).forms.get(form_key, FREE_FORM)
    return form


def form_of_task(session: Session, task: Task, definition_id: int) -> dict[str, Any]:
    """Give the schema of a task's form."""
    return form_of(session, definition_id, task.form_key)


def form_done_with(session: Session, task: Task) -> dict[str, Any]:
    """Give the schema pinned with the definition of a task's instance; the definition is asked once an instance."""
    definitions: dict[int, int] = session.info.setdefault("definition_of_instance", {})
    if task.instance_id not in definitions:
        found = select(ProcessInstance.definition_id).where(ProcessInstance.id == task.instance_id)
        definitions[task.instance_id] = session.scalars(found).one()
    return form_of(session, definitions[task.instance_id], task.form_key)


def validate(schema: dict[str, Any], values: Any) -> dict[str, Any]:
    """Check values against a form and give them back; raises FormErrors naming every field."""
    if not isinstance(values, dict):
        raise FormErrors(fields=[{"field": "", "message": _("提交的内容应是一组字段")}], count=1)
    if len(json.dumps(values, ensure_ascii=False)) > MAX_BYTES:
        raise InvalidInput(N_("填写的内容过长，请把长文放进附件。"))
    found = sorted(_validator(schema).iter_errors(values), key=lambda one: list(map(str, one.path)))
    fields = []
    for entry in (entry for error in found for entry in _fields(error)):
        if entry not in fields:  # a choice that branches of the form ask for again is told once
            fields.append(entry)
    if fields:
        raise FormErrors(fields=fields, count=len(fields))
    return values


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    """The validator of a form, made once for as long as the form stays in memory."""
    known = _validators.get(id(schema))
    if known is None or known.schema is not schema:
        if len(_validators) >= MOST_VALIDATORS:
            _validators.clear()
        known = _validators[id(schema)] = Draft202012Validator(schema, format_checker=_formats)
    return known


def _fields(error: ValidationError) -> list[dict[str, str]]:
    if error.validator == "if" or (error.context and error.validator in ("allOf", "anyOf")):
        return [entry for one in error.context or [] for entry in _fields(one)]
    place = "/".join(str(part) for part in error.absolute_path)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        name = next((one for one in missing if f"'{one}'" in error.message), missing[0] if missing else "")
        return [{"field": "/".join(filter(None, (place, name))), "message": _("必填")}]
    if error.validator == "additionalProperties":
        unknown = [name for name in error.instance if name not in error.schema.get("properties", {})]
        return [{"field": "/".join(filter(None, (place, name))), "message": _reason(error)} for name in unknown]
    return [{"field": place, "message": _reason(error)}]


def _reason(error: ValidationError) -> str:
    wanted = error.validator_value
    texts = {
        "type": _("类型不符"),
        "enum": _("不是可选的值"),
        "const": _("不是可选的值"),
        "oneOf": _("不是可选的值"),
        "minLength": _("不能少于 %(n)s 字", n=wanted) if wanted != 1 else _("必填"),
        "maxLength": _("不能超过 %(n)s 字", n=wanted),
        "minimum": _("不能小于 %(n)s", n=wanted),
        "maximum": _("不能大于 %(n)s", n=wanted),
        "minItems": _("至少选择 %(n)s 项", n=wanted),
        "contains": _("至少选择 %(n)s 项", n=1),
        "maxItems": _("最多选择 %(n)s 项", n=wanted),
        "format": _("应是 1949 年至 2200 年之间的日期，如 2021-06-30") if wanted == "date" else _("格式不符"),
        "additionalProperties": _("表单里没有这个字段"),
        "uniqueItems": _("有重复项"),
    }
    return texts.get(str(error.validator), _("不符合要求"))
