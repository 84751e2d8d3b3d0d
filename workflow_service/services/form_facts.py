"""What a form's schema cannot know: whether the units and files that were filled in exist, whether a date has come.

A route goes on with what it was given. A unit that is not there would stop it at an incident that no retry cures, so it is
refused while the person still has the form in front of him.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from workflow_service.domain.documents import DocumentNumber
from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_, SOURCE_LANGUAGE, _, current_language
from workflow_service.identity.groups import LEAD_UNIT, RELATIONS
from workflow_service.store.people import Unit, User
from workflow_service.store.runtime import Attachment, ProcessInstance, Task

from . import form_rows, processes
from .calendars import SETTINGS
from .context import Actor
from .forms import FormErrors, validate

UNIT_WIDGETS, FILE_WIDGETS, PEOPLE_WIDGETS = ("unit", "units"), ("file", "files"), ("person", "people")
LATEST, NUMBER, ABOVE = "x-latest", "x-document-number", "x-above"


def require_facts(
    session: Session, actor: Actor, task: Task, schema: Mapping[str, Any], values: Mapping[str, Any], *, now: datetime
) -> None:
    """Refuse values that fit the schema and yet cannot be; raises FormErrors naming every field.

    Units are codes of active units or words like `drc`; files are ids of files of this run, its plan or the person;
    people are log-in names of active accounts;
    `"x-latest": "today"` takes no later date, `"x-document-number": true` a number like 甬政发〔2026〕3号, and
    `"x-above": "proposed_form"` only a choice that stands behind the one which the route holds in that variable, where the other
    answers ask for the field at all.
    """
    fields = {name: own for name, own in schema.get("properties", {}).items() if values.get(name)}
    faults = [
        *_unknown(fields, values, UNIT_WIDGETS, lambda named: _units(session, named), N_("没有代码为“%(one)s”的在用单位")),
        *_unknown(fields, values, FILE_WIDGETS, lambda named: _files(session, actor, task, named), N_("没有找到文件“%(one)s”")),
        *_unknown(fields, values, PEOPLE_WIDGETS, lambda named: _people(session, named), N_("没有登录名为“%(one)s”的在用账号")),
        *_too_late(fields, values, SETTINGS.day_of(now)),
        *_misnumbered(fields, values),
        *_not_above(session, task, schema, values, now),
        *_unasked_rows(session, task, schema, values, now),
    ]
    if faults:
        raise FormErrors(fields=faults, count=len(faults))


def _unknown(
    fields: Mapping[str, Any], values: Mapping[str, Any], widgets: tuple[str, ...],
    known: Callable[[Collection[str]], Collection[str]], message: str,
) -> Iterator[dict[str, str]]:  # fmt: skip
    named = {name: _texts(values[name]) for name, own in fields.items() if own.get("x-widget") in widgets}
    if not named:
        return
    found = known({text for texts in named.values() for text in texts})
    for name, texts in named.items():
        for text in texts:
            if text not in found:
                yield {"field": name, "message": _(message, one=text)}


def _texts(value: Any) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list) else [value])]


def _units(session: Session, codes: Collection[str]) -> Collection[str]:
    found = set(session.scalars(select(Unit.code).where(Unit.code.in_(codes), Unit.active)))
    return found | RELATIONS.keys() | {LEAD_UNIT}


def _people(session: Session, names: Collection[str]) -> Collection[str]:
    return set(session.scalars(select(User.username).where(User.username.in_(names), User.active)))


def _files(session: Session, actor: Actor, task: Task, names: Collection[str]) -> Collection[str]:
    ids = [int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 19]
    belongs = [Attachment.instance_id == task.instance_id]
    if task.plan_id is not None:
        belongs.append(Attachment.plan_id == task.plan_id)
    if actor.user_id is not None:
        belongs.append(Attachment.uploaded_by == actor.user_id)
    statement = select(Attachment.id).where(Attachment.id.in_(ids), Attachment.removed_at.is_(None), or_(*belongs))
    return {str(one) for one in session.scalars(statement)}


def _too_late(fields: Mapping[str, Any], values: Mapping[str, Any], today: date) -> Iterator[dict[str, str]]:
    for name, own in fields.items():
        if own.get(LATEST) == "today" and date.fromisoformat(values[name]) > today:
            yield {"field": name, "message": _("不能晚于今天（%(today)s）", today=today)}


def _misnumbered(fields: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for name, own in fields.items():
        if own.get(NUMBER):
            try:
                DocumentNumber.parse(str(values[name]))
            except InvalidInput as error:
                yield {"field": name, "message": error.message}


def _not_above(
    session: Session, task: Task, schema: Mapping[str, Any], values: Mapping[str, Any], now: datetime
) -> Iterator[dict[str, str]]:
    """Ranks are the order of the field's choices; what the route does not hold is above nothing."""
    ranked = {name: own for name, own in schema.get("properties", {}).items() if own.get(ABOVE) and name in values}
    if not ranked:
        return
    row = session.get_one(ProcessInstance, task.instance_id)
    held = processes.variables_at(session, row, task.token, now=now)
    for name, own in ranked.items():
        choices = [one["const"] for one in own.get("oneOf", [])]
        base = held.get(own[ABOVE])
        if base in choices and choices.index(values[name]) <= choices.index(base) and _asked(schema, values, name):
            key = "title" if current_language() == SOURCE_LANGUAGE else "x-title-en"
            found = own["oneOf"][choices.index(base)]
            yield {"field": name, "message": _("应高于“%(one)s”", one=found.get(key) or found.get("title") or base)}


def _unasked_rows(
    session: Session, task: Task, schema: Mapping[str, Any], values: Mapping[str, Any], now: datetime
) -> Iterator[dict[str, str]]:
    """Rows that the route gives are answered one by one."""
    if form_rows.fields_with_rows(schema):
        row = session.get_one(ProcessInstance, task.instance_id)
        yield from form_rows.faults_of(schema, processes.variables_at(session, row, task.token, now=now), values)


def _asked(schema: Mapping[str, Any], values: Mapping[str, Any], name: str) -> bool:
    """Whether the other answers make the field a required one."""
    try:
        validate(dict(schema), {field: value for field, value in values.items() if field != name})
    except FormErrors as errors:
        return any(one["field"] == name for one in errors.details["fields"])
    return False
