"""How names are sorted and found: pinyin keys and bigrams, for the database has no Chinese collation.

A stored name has `search_keys`; what somebody types becomes `query_keys`. Keys are bigrams (and single Chinese
characters), marked `c:` for Chinese, `i:` for pinyin initials, `l:` for Latin letters (full pinyin, log-in name,
code), so that one GIN index answers 林, 发展改革, `fgw`, `fazhan` and `energy.handler` alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from pypinyin import Style, lazy_pinyin
from sqlalchemy import ColumnElement, and_, false, or_

from workflow_service.domain.search_keys import RUN, bigrams, grams

NO_POST = 9999
_LONGEST_QUERY = 60

# surnames whose usual reading elsewhere is another one
SURNAMES = {
    "单": "shan4", "曾": "zeng1", "仇": "qiu2", "解": "xie4", "查": "zha1", "朴": "piao2", "盖": "ge3",
    "区": "ou1", "任": "ren2", "覃": "qin2", "翟": "zhai2", "乐": "yue4", "华": "hua4", "缪": "miao4",
    "种": "chong2", "冼": "xian3", "宓": "fu2", "员": "yun4", "召": "shao4", "尉迟": "yu4 chi2",
    "长孙": "zhang3 sun1", "万俟": "mo4 qi2", "澹台": "tan2 tai2",
}  # fmt: skip


@lru_cache(maxsize=4096)
def pinyin(name: str, *, person: bool = False) -> str:
    """Give the reading with tone digits, syllables apart, such as `lin2 ye4`; other characters stay."""
    surname = _surname(name) if person else ""
    syllables = SURNAMES[surname].split() if surname else []
    rest = name[len(surname) :]
    return " ".join([*syllables, *lazy_pinyin(rest, style=Style.TONE3, neutral_tone_with_five=True)]).lower()


def initials(name: str, *, person: bool = False) -> str:
    """Give the first letter of every syllable: 浙江省发展和改革委员会 → zjsfzhggwyh."""
    return "".join(word[0] for word in re.findall(r"[a-z0-9]+", pinyin(name, person=person)))


def sort_key(rank: int, name: str, *, person: bool = False) -> str:
    """Order by rank of the post, then by pinyin (docs/domain.md §8)."""
    return f"{min(max(rank, 0), NO_POST):04d} {pinyin(name, person=person)}"


def search_keys(name: str, *others: str, person: bool = False) -> list[str]:
    """Give the keys under which a name, and other texts such as the log-in name or a code, are found."""
    keys = set(_initial_keys(initials(name, person=person)))
    spelled = re.sub(r"[\d ]", "", pinyin(name, person=person))
    for text in (name, spelled, *others):
        for chinese, latin in RUN.findall(text.lower()):
            keys.update(grams("c:", chinese) if chinese else bigrams("l:", latin))
    return sorted(keys)


def query_keys(typed: str) -> list[list[list[str]]]:
    """Turn what was typed into runs (all must match) of alternatives (one must match) of keys (all must be held)."""
    runs = RUN.findall(typed.lower()[:_LONGEST_QUERY])
    return [[bigrams("c:", chinese)] if chinese else _latin_alternatives(latin) for chinese, latin in runs]


def matches(column: Any, typed: str) -> ColumnElement[bool]:
    """Build the SQL condition that a keywords column answers what was typed; nothing searchable matches nothing."""
    runs = query_keys(typed)
    if not runs:
        return false()
    return and_(*(or_(*(column.contains(keys) for keys in alternatives)) for alternatives in runs))


def match(typed: str) -> Callable[[Any], ColumnElement[bool]] | None:
    """Give the same question for whatever keywords column it is put to; None where nothing was typed."""
    return (lambda column: matches(column, typed)) if typed else None


def _surname(name: str) -> str:
    return next((name[:length] for length in (2, 1) if name[:length] in SURNAMES and len(name) > length), "")


def _latin_alternatives(latin: str) -> list[list[str]]:
    as_initials = ["i:" + latin] if len(latin) == 1 else bigrams("i:", latin)
    return [as_initials, bigrams("l:", latin)]


def _initial_keys(letters: str) -> Iterable[str]:
    yield from ("i:" + letters[:1],) if letters else ()
    yield from ("i:" + letters[place : place + 2] for place in range(len(letters) - 1))
