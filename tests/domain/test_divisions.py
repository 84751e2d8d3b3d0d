"""Which government lies above which."""

import pytest

from workflow_service.domain.divisions import UnknownDivision, area_above, area_path, last_area, level_of


@pytest.mark.parametrize(
    ("area", "level", "path"),
    [
        ("330000", "province", "/330000/"),
        ("330200", "city", "/330000/330200/"),
        ("330205", "county", "/330000/330200/330205/"),
        ("330205101", "town", "/330000/330200/330205/330205101/"),
        ("500154", "county", "/500000/500154/"),
        ("429004", "county", "/420000/429004/"),
    ],
)
def test_a_division_knows_its_level_and_all_above_it(area: str, level: str, path: str) -> None:
    assert (level_of(area), area_path(area), last_area(path)) == (level, path, area)


def test_above_a_county_is_its_city_and_above_a_province_nothing() -> None:
    assert area_above("330205") == "330200"
    assert area_above("500154") == "500000"
    assert area_above("330000") is None


@pytest.mark.parametrize("area", ["", "33", "33020", "3302051", "abcdef", "030205", "３３０２０５"])
def test_what_is_not_a_code_is_refused_by_name(area: str) -> None:
    with pytest.raises(UnknownDivision) as refused:
        area_path(area)
    assert f"“{area}”" in str(refused.value)
