"""Names are sorted by post and pinyin, and found by characters, initials and Latin letters."""

import pytest

from workflow_service.identity.names import initials, pinyin, query_keys, search_keys, sort_key


def found(typed: str, keys: list[str]) -> bool:
    runs = query_keys(typed)
    return bool(runs) and all(
        any(set(wanted) <= set(keys) for wanted in alternatives) for alternatives in runs
    )


@pytest.mark.parametrize(
    "typed",
    ["能源", "能", "源局", "经办", "snyj", "nyj", "nengyuan", "energy", "energy.handler", "规划 energy", "S"],
)
def test_a_person_is_found_by(typed: str) -> None:
    assert found(typed, search_keys("省能源局·规划处经办", "energy.handler", person=True))


@pytest.mark.parametrize("typed", ["水利", "slj", "water", "能源 water", "", "·", "%"])
def test_a_person_is_not_found_by(typed: str) -> None:
    assert not found(typed, search_keys("省能源局·规划处经办", "energy.handler", person=True))


def test_the_post_ranks_before_the_name() -> None:
    assert sort_key(10, "周") < sort_key(20, "安") < sort_key(20, "白")


def test_a_surname_is_read_as_a_surname() -> None:
    assert pinyin("单某", person=True).startswith("shan4")
    assert pinyin("曾某", person=True).startswith("zeng1")
    assert pinyin("单位").startswith("dan1")
    assert initials("发展改革委") == "fzggw"
