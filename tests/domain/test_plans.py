"""Kinds and codes of plans, registration, the dossier (docs/domain.md §1, §2.1, §2.2)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_service.domain.divisions import UnknownDivision
from workflow_service.domain.plans import (
    COMMON_ITEMS,
    Application,
    Category,
    DossierItem,
    DossierSettings,
    Importance,
    InvalidPlanCode,
    Level,
    OrderedBy,
    PlanCode,
    PlanFacts,
    PlanState,
    RegistrationRefused,
    ReviewForm,
    Stage,
    Tier,
    confirmations_needed,
    five_year_cycle,
    missing_items,
    registration_problems,
    require_registrable,
)
from workflow_service.i18n import use_language

OCEAN = PlanFacts(
    title="浙江省海洋经济“十四五”规划",
    category=Category.SPECIAL,
    level=Level.PROVINCE,
    tier=Tier.N,
    importance=Importance.KEY,
    area="330000",
    first_year=2021,
    last_year=2025,
)
SETTINGS = DossierSettings()
IN_ORDER = Application("开州区养老服务规划", 2021, 2025)


def test_a_plan_code_is_written_as_offices_file_it_and_read_back() -> None:
    code = PlanCode(2021, "330000", Category.SPECIAL, 4)
    assert str(code) == "GH-2021-330000-ZX-0004"
    assert PlanCode.parse(str(code)) == code
    assert code.series == "GH-2021-330000-ZX"


@given(
    st.integers(1951, 2099), st.sampled_from(["330000", "330205", "330205101"]), st.sampled_from(Category),
    st.integers(1, 99_999),
)  # fmt: skip
def test_every_plan_code_survives_writing_and_reading(
    year: int, area: str, category: Category, serial: int
) -> None:
    code = PlanCode(year, area, category, serial)
    assert PlanCode.parse(str(code)) == code


@pytest.mark.parametrize(
    "text",
    ["", "GH-2021-330000-ZX-4", "GH-2021-330000-ZX-0000", "GH-2021-330000-XX-0004", "gh-2021-330000-ZX-0004",
     "GH-21-330000-ZX-0004", "GH-2021-33000-ZX-0004"],
)  # fmt: skip
def test_what_is_not_a_plan_code_is_refused(text: str) -> None:
    with pytest.raises(InvalidPlanCode):
        PlanCode.parse(text)


def test_a_plan_code_of_no_division_is_refused() -> None:
    with pytest.raises(UnknownDivision):
        PlanCode.parse("GH-2021-030000-ZX-0004")


@pytest.mark.parametrize(
    ("year", "name", "first", "last"),
    [(2020, "十三五", 2016, 2020), (2021, "十四五", 2021, 2025), (2026, "十五五", 2026, 2030)],
)
def test_a_year_belongs_to_its_five_year_cycle(year: int, name: str, first: int, last: int) -> None:
    cycle = five_year_cycle(year)
    assert (cycle.name, cycle.first_year, cycle.last_year) == (name, first, last)


def test_a_term_other_than_the_development_plans_is_seen() -> None:
    cycle = five_year_cycle(2021)
    assert cycle.matches(2021, 2025)
    assert not cycle.matches(2021, 2035)


def test_labels_are_office_chinese_and_english_where_wanted() -> None:
    assert [member.label for member in Category] == ["发展规划", "空间规划", "专项规划", "区域规划"]
    assert Stage("coordination").label == "衔接"
    with use_language("en"):
        assert Category.SPATIAL.label == "spatial plan"


def test_a_form_of_review_may_be_confirmed_or_raised_but_not_lightened() -> None:
    assert ReviewForm.SPECIAL_MEETING.may_become(ReviewForm.SPECIAL_MEETING)
    assert ReviewForm.SPECIAL_MEETING.may_become(ReviewForm.PARTY_COMMITTEE_MEETING)
    assert not ReviewForm.EXECUTIVE_MEETING.may_become(ReviewForm.WRITTEN_APPROVAL)


def test_only_plans_being_written_or_issued_count_in_the_catalogue() -> None:
    assert [state.value for state in PlanState if state.counts] == ["active", "issued"]


def test_the_party_committee_reviews_the_development_plan_and_those_found_important() -> None:
    assert not OCEAN.party_decides
    assert replace(OCEAN, needs_party_review=True).party_decides
    assert replace(OCEAN, tier=Tier.ONE, category=Category.DEVELOPMENT).party_decides


def test_an_incomplete_dossier_is_told_everything_that_is_missing_at_once() -> None:
    missing = missing_items(OCEAN, {"draft_for_review", "expert_report"}, SETTINGS)
    assert missing == (
        DossierItem.CATALOGUE_APPROVAL,
        DossierItem.DRAFTING_NOTES,
        DossierItem.COORDINATION_OPINIONS,
    )
    assert DossierItem.COORDINATION_OPINIONS.label == "衔接意见及采纳情况"


def test_a_complete_dossier_misses_nothing() -> None:
    assert missing_items(OCEAN, {item.value for item in COMMON_ITEMS}, SETTINGS) == ()


def test_the_confirmations_are_asked_of_plans_on_their_lists_only() -> None:
    present = {item.value for item in COMMON_ITEMS}
    on_both = replace(OCEAN, environmental_review=True, water_review=True)
    both = (DossierItem.ENVIRONMENTAL_CONFIRMATION, DossierItem.WATER_CONFIRMATION)
    assert confirmations_needed(on_both) == both
    assert missing_items(on_both, present, SETTINGS) == both
    assert missing_items(replace(OCEAN, water_review=True), present, SETTINGS) == (both[1],)


def test_a_government_may_ask_for_more_than_the_common_items() -> None:
    stricter = DossierSettings(further=(DossierItem.LEGALITY_REVIEW,))
    present = {item.value for item in COMMON_ITEMS}
    assert missing_items(OCEAN, present, stricter) == (DossierItem.LEGALITY_REVIEW,)


def words(application: Application) -> list[str]:
    return [str(problem) for problem in registration_problems(application)]


def test_a_listed_plan_of_three_years_may_be_registered() -> None:
    assert words(IN_ORDER) == []
    assert words(replace(IN_ORDER, last_year=2023)) == []
    require_registrable(IN_ORDER)


def test_a_plan_outside_the_catalogue_or_of_under_three_years_may_not_be_written() -> None:
    assert words(replace(IN_ORDER, listed=False)) == ["未列入编制目录清单的规划，原则上不得编制"]
    assert words(replace(IN_ORDER, last_year=2022)) == ["规划期少于 3 年的，原则上不编制规划"]


def test_an_order_with_its_document_allows_the_exception() -> None:
    exception = replace(IN_ORDER, listed=False, last_year=2022, ordered_by=OrderedBy.GOVERNMENT)
    assert words(exception) == ["须附政府要求编制的文件"]
    assert words(replace(exception, has_order=True)) == []


def test_every_reason_against_an_application_is_told_at_once() -> None:
    with pytest.raises(RegistrationRefused) as refused:
        require_registrable(Application(" ", 2021, 2022, listed=False))
    assert len(refused.value.reasons) == 3
    assert refused.value.message.startswith("该规划不符合立项条件：规划名称未填写；")
    with use_language("en"):
        assert "the plan has no name; " in refused.value.message


def test_an_order_does_not_mend_a_term_that_ends_before_it_begins() -> None:
    impossible = replace(IN_ORDER, last_year=2020, ordered_by=OrderedBy.PARTY_COMMITTEE, has_order=True)
    assert words(impossible) == ["规划期的结束年份早于开始年份"]
