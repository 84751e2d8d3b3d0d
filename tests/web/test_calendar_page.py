"""The calendar page of a year that no notice has arranged yet."""

import re
from collections.abc import Callable
from html import unescape
from io import BytesIO

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


def test_a_notice_is_imported_after_its_effect_was_shown_and_confirms_the_year(person: Callable[[str], Person]) -> None:
    keeper = person("zj.admin")
    notice = "日期,安排,名称\n2028-01-01至2028-01-03,放假,元旦\n2028-01-08,上班,元旦\n".encode("gb18030")
    sent = {"file": (BytesIO(notice), "2028.csv"), "notice": "国办发明电〔2027〕7号"}
    shown = keeper.post("/calendar/preview", sent, seen=ADDRESS, content_type="multipart/form-data").text
    assert "尚未保存" in shown and "2028年1月8日" in shown and "按 国办发明电〔2027〕7号 确认本年安排" in shown
    assert "本年还没有放假安排" in keeper.get(ADDRESS).text
    rows = re.search(r'<textarea name="rows" hidden>(.*?)</textarea>', shown, re.S)
    assert rows is not None
    saved = {"rows": unescape(rows[1]), "notice": "国办发明电〔2027〕7号", "move": "1"}
    assert keeper.post("/calendar", saved, seen=ADDRESS).status_code == 302
    page = keeper.get(ADDRESS).text
    assert ">4</span>" in page and "暂定" not in page
    assert "2028-01-08,上班,元旦" in keeper.get("/calendar/2028.csv").data.decode("utf-8-sig")


def test_the_effect_of_one_day_and_of_taking_it_back_is_shown_before(person: Callable[[str], Person]) -> None:
    keeper = person("zj.admin")
    day = {"day": "2028-05-02", "kind": "off", "name": "劳动节"}
    assert "没有任务的时限会移动" in keeper.post("/calendar/preview", day, seen=ADDRESS).text
    keeper.post("/calendar", day, seen=ADDRESS)
    assert "撤销的录入" in keeper.post("/calendar/preview", {"forget": "2028-05-02"}, seen=ADDRESS).text
    broken = {"file": (BytesIO("2028-13-01,放假,错".encode()), "错.csv")}
    refused = keeper.post("/calendar/preview", broken, seen=ADDRESS, content_type="multipart/form-data")
    assert refused.status_code == 422 and "第 1 行" in refused.text
    assert person("jb.supervisor").post("/calendar/preview", day).status_code == 403


def test_the_year_at_a_glance_shows_every_day_of_the_published_arrangement(person: Callable[[str], Person]) -> None:
    """Twelve months, each day once; the shifts of 2025 as the notice gives them."""
    page = person("jb.supervisor").get("/calendar?year=2025").text
    months = page.split('<table class="month"')[1:]
    assert len(months) == 12
    shown: dict[str, set[tuple[int, int]]] = {}
    for number, month in enumerate(months, 1):
        for tone, day in re.findall(r'<td class="day-(\w+)"[^>]*>(\d+)', month):
            shown.setdefault(tone, set()).add((number, int(day)))
    assert sum(map(len, shown.values())) == 365
    assert shown["work"] == {(1, 26), (2, 8), (4, 27), (9, 28), (10, 11)}
    october = {(month, day) for month, day in shown["off"] if month == 10}
    assert october == {(10, day) for day in range(1, 9)}
    assert 'title="国庆节' in months[9] and "暂定" not in page
