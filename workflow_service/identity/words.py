"""Words inside sentences: translated when the sentence is, so that an error raised anywhere reads right everywhere."""

from __future__ import annotations

import unicodedata

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_, _


class Word(str):
    """A marked Chinese text that, filled into an error's sentence, appears in the reader's language."""

    def __str__(self) -> str:
        return _(str.__str__(self))


ROLE_NAMES = {
    "": N_("无"),
    "designer": N_("流程设计"),
    "supervisor": N_("督办"),
    "administrator": N_("管理员"),
    "leader": N_("领导"),
}
LEVEL_NAMES = {"province": N_("省"), "city": N_("市"), "county": N_("县（区）"), "town": N_("乡镇（街道）")}


def plain_text(text: str) -> str:
    """Trim what somebody typed; raises InvalidInput for control characters, which no database text may hold."""
    trimmed = text.strip()
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in trimmed):
        raise InvalidInput(N_("文字中含有不可见的控制字符，请重新输入。"))
    return trimmed
