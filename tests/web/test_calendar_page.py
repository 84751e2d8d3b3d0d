"""The calendar page of a year that no notice has arranged yet."""

from collections.abc import Callable

from tests.web.conftest import Person

ADDRESS = "/calendar?year=2028"


def test_a_year_is_estimated_put_right_and_confirmed_on_the_page(person: Callable[[str], Person]) -> None:
    keeper = person("zj.admin")
    assert "预估本年法定节假日" in keeper.get(ADDRESS).text
    keeper.post("/calendar/2028/estimate", seen=ADDRESS)
    estimated = keeper.get(ADDRESS).text
    assert "本年有预估的日期" in estimated and "国庆节" in estimated and "中秋节、国庆节" in estimated
    keeper.post("/calendar", {"day": "2028-10-07", "kind": "work", "name": "国庆节"}, seen=ADDRESS)
    assert keeper.get(ADDRESS).text.count(">预估<") == estimated.count(">预估<") + 1
    refused = keeper.post("/calendar/2028/confirm", {"notice": " "}, seen=ADDRESS)
    assert refused.status_code == 422
    keeper.post("/calendar/2028/confirm", {"notice": "国办发明电〔2027〕7号"}, seen=ADDRESS)
    settled = keeper.get(ADDRESS).text
    assert ">预估<" not in settled and "本年有预估的日期" not in settled and "预估本年法定节假日" not in settled


def test_everybody_sees_what_is_provisional_and_only_the_top_area_changes_it(person: Callable[[str], Person]) -> None:
    person("zj.admin").post("/calendar/2028/estimate", seen=ADDRESS)
    county = person("jb.supervisor")
    page = county.get(ADDRESS).text
    assert ">预估<" in page and "确认本年安排" not in page
    assert county.post("/calendar/2028/confirm", {"notice": "1号"}).status_code == 403
    assert "预估" not in county.get("/calendar?year=2019").text
