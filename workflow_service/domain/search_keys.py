"""Bigrams under which Chinese and Latin text is found: the database keeps a Chinese sentence as one word.

Keys are marked `c:` for Chinese and `l:` for Latin letters and digits; `identity.names` adds pinyin to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

RUN = re.compile(r"([\u3400-\u9fff\U00020000-\U0003ffff]+)|([a-z0-9]+)")
LONGEST_TEXT = 2000  # characters of one text that are searched; longer papers are files


def text_keys(text: str) -> list[str]:
    """Give the keys of a text as people write it, without pinyin: every Chinese character and pair, every Latin pair."""
    keys: set[str] = set()
    for chinese, latin in RUN.findall(text[:LONGEST_TEXT].lower()):
        keys.update(grams("c:", chinese) if chinese else bigrams("l:", latin))
    return sorted(keys)


def grams(mark: str, text: str) -> Iterable[str]:
    """Give single characters and pairs, each marked."""
    yield from (mark + letter for letter in text)
    yield from bigrams(mark, text)


def bigrams(mark: str, text: str) -> list[str]:
    """Give the pairs of a run, each marked; a run of one character is its own key."""
    if len(text) == 1:
        return [mark + text]
    return [mark + text[place : place + 2] for place in range(len(text) - 1)]
