"""The forms of tasks that are asked on another task's behalf: what an added signer, a co-handler, a consulted person fills in.

They belong to the service and not to a diagram, so no definition pins them; a delegate fills the form of the task itself.
"""

from __future__ import annotations

from typing import Any

PREFIX = "side:"
_OPINION: dict[str, Any] = {
    "type": "string", "title": "意见", "x-title-en": "Opinion", "maxLength": 4000, "x-widget": "opinion",
}  # fmt: skip
_FILES: dict[str, Any] = {
    "type": "array", "title": "附件", "x-title-en": "Files", "items": {"type": "string", "maxLength": 200}, "maxItems": 50,
    "x-widget": "file",
}  # fmt: skip


def _choice(*choices: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "type": "string", "title": "办理结果", "x-title-en": "Outcome", "x-widget": "radio",
        "enum": [value for value, _zh, _en in choices],
        "oneOf": [{"const": value, "title": zh, "x-title-en": en} for value, zh, en in choices],
    }  # fmt: skip


def _form(title: str, english: str, properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, "x-title-en": english, "type": "object",
        "properties": properties, "required": required, "additionalProperties": False, "x-order": list(properties),
    }  # fmt: skip


_DISSENT_SAYS_WHY = {
    "if": {"properties": {"outcome": {"const": "disagree"}}, "required": ["outcome"]},
    "then": {"required": ["opinion"], "properties": {"opinion": {"minLength": 1}}},
}
SIDE_FORMS: dict[str, dict[str, Any]] = {
    f"{PREFIX}opinion": _form(
        "加签意见", "Opinion of an added signer",
        {
            "outcome": _choice(
                ("agree", "同意", "Agree"), ("disagree", "不同意", "Disagree"), ("no_comment", "无意见", "No comment")
            ),
            "opinion": _OPINION,
            "files": _FILES,
        },
        ["outcome"],
    ) | _DISSENT_SAYS_WHY,
    f"{PREFIX}answer": _form(
        "沟通答复", "Answer",
        {"opinion": _OPINION | {"title": "答复", "x-title-en": "Answer", "minLength": 1}, "files": _FILES},
        ["opinion"],
    ),
    f"{PREFIX}result": _form(
        "办理情况", "What was done",
        {
            "outcome": _choice(("done", "已办结", "Done"), ("cannot", "无法办理", "Cannot be done")),
            "opinion": _OPINION | {"title": "办理情况", "x-title-en": "What was done", "minLength": 1},
            "files": _FILES,
        },
        ["outcome", "opinion"],
    ),
}  # fmt: skip
