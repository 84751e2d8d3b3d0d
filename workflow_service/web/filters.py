"""Filters, globals and the icon sprite for the templates."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from flask import Flask, url_for
from markupsafe import Markup

from workflow_service.documents.special_report import parts_of
from workflow_service.i18n import N_, _
from workflow_service.services import phrases
from workflow_service.services.ownership import area_of_all
from workflow_service.services.slip_words import words_of
from workflow_service.store import instance_view

from . import formats, listing
from .answers import answers_of
from .current import messages_to_show, page_actor, page_now, page_session
from .forms.fields import text_of
from .operation_words import operation_word
from .rights import allowed
from .urls import has_view, url_for_view
from .words import cell_words, choices, element_word, outcome_word, unit_name, word

ICONS = {
    "book": "books",
    "alert": "alert-triangle",
    "leave": "logout",
    "down": "chevron-down",
    "right": "chevron-right",
    "arrow": "arrow-right",
    "cross": "x",
    "sheet": "file-spreadsheet",
    "clip": "paperclip",
    "file": "file-text",
    "meeting": "gavel",
    "news": "news",
    "info": "info-circle",
    "more": "dots",
    "retry": "refresh",
    "print": "printer",
    "play": "player-play",
    "hand": "hand-stop",
    "expand": "arrows-maximize",
}


def register(app: Flask) -> None:
    """Make them known to every template."""
    app.jinja_env.filters.update(formats.FILTERS, word=word, compact_json=_compact, pretty_json=_pretty)
    app.jinja_env.globals.update(
        formats.GLOBALS,
        icon=icon,
        outcome_word=outcome_word,
        answers_of=answers_of,
        element_word=element_word,
        allowed=allowed,
        address=listing.address,
        export_address=listing.export_address,
        choices=choices,
        cell_words=cell_words,
        word=word,
        operation_word=operation_word,
        may_set_up=lambda: allowed("setting.manage") and allowed("setting.manage", area_of_all(page_session())),
        new_key=lambda: uuid4().hex,
        page_now=page_now,
        messages_to_show=messages_to_show,
        has_view=has_view,
        url_for_view=url_for_view,
        unit_options=lambda units: [(unit.id, unit.short_name or unit.name) for unit in units],
        unit_codes=lambda units: [(unit.code, unit.short_name or unit.name) for unit in units],
        light_options=lambda: [(light, _(text)) for light, text in formats.LIGHT_WORDS.items()],
        word_options=lambda codes, table: [(code, word(code, table)) for code in codes],
        file_name=file_name,
        offered_phrases=offered_phrases,
        form_title=lambda schema: text_of(schema, "title"),
        unit_name=unit_name,
        field_word=lambda name: word(name, "field"),
        dossier_choices=lambda: choices("dossier"),
        deadline_rule_words=formats.deadline_rule_words,
        cycle_options=lambda cycles: [(cycle.id, cycle.name) for cycle in cycles],
        slip_words=lambda instance_id: words_of(page_session(), instance_id),
        report_parts=parts_of,
        say=lambda text: _(text) if text else "",
    )


def icon(name: str, label: str = "") -> Markup:
    """One icon of the sprite; silent for screen readers unless it stands alone and has a `label`."""
    told = Markup(' role="img" aria-label="{}"').format(label) if label else Markup(' aria-hidden="true"')
    href = url_for("static", filename="built/icons.svg")
    return Markup('<svg class="icon"{}><use href="{}#tabler-{}"/></svg>').format(
        told, href, ICONS.get(name, name)
    )


def file_name(attachment_id: str) -> str:
    """The name of a stored file that a form holds by its id."""
    number = int(attachment_id) if str(attachment_id).isdecimal() else 0
    found = instance_view.attachment_by_id(page_session(), number) if number else None
    return found.name if found else _("附件 %(id)s", id=attachment_id)


def offered_phrases() -> list[str]:
    """What the reader may choose from for an opinion: his own and his unit's, else what offices usually write."""
    usual = (N_("同意。"), N_("无意见。"), N_("原则同意，请按所提意见修改。"), N_("请补充材料后再报。"))
    return phrases.offered(page_session(), page_actor()) or [_(text) for text in usual]


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
