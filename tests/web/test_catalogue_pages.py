"""Pages of catalogue changes, as people use them without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO

import openpyxl
import pytest

from tests.services.changing import DUE, Changing
from tests.services.house import House
from tests.web.conftest import Person

Visit = Callable[[str], Person]
WORDS = {"reason": "事权调整"}


@pytest.fixture
def county(house: House) -> Changing:
    return Changing.build(house)


def address(county: Changing, title: str, kind: str) -> str:
    return f"/catalogue/new/{county.plan_ids[title]}/{kind}"


def test_a_merger_into_a_plan_of_the_catalogue_is_proposed_and_said_beforehand(county: Changing, person: Visit) -> None:
    planner, run = person("jb.planner"), county.run("电力规划")
    place = address(county, "电力规划", "merge")
    assert place.replace("merge", "split") in planner.get(f"/plans/{county.plan_ids['电力规划']}").text
    nothing = planner.post(place, WORDS, seen=place)  # neither a plan of the catalogue nor a new one
    assert nothing.status_code == 422 and "或者一项新规划" in nothing.text and "事权调整" in nothing.text
    into = str(county.plan_ids["能源规划"])
    done = planner.post(place, WORDS | {"into": into}, seen=place, follow_redirects=True)
    page = done.text[done.text.index('id="effect"') :]
    assert "GH-2021-330205-ZX-0002" in page and "“draft”" in page and "新立规划" not in page
    assert "《电力规划》并入《能源规划》" in planner.get("/catalogue?state=open&q=电力").text
    assert "目录调整在办：《电力规划》并入《能源规划》" in planner.get(f"/plans/{into}").text
    assert place.replace("merge", "split") not in planner.get(f"/plans/{county.plan_ids['电力规划']}").text
    county.agree()
    county.approve()
    assert county.house.instance(run).status == "terminated"
    assert "代码已关闭；后继规划：" in planner.get(f"/plans/{county.plan_ids['电力规划']}").text
    found = openpyxl.load_workbook(BytesIO(planner.get("/catalogue/changes.xlsx").data)).active
    assert found is not None and [cell.value for cell in found[2]][:2] == ["《电力规划》并入《能源规划》", "规划合并"]


def test_two_plans_become_a_new_one_and_the_successor_says_so(county: Changing, person: Visit) -> None:
    planner, place = person("jb.planner"), address(county, "电力规划", "merge")
    row = {"title": "电热规划", "lead_unit": "jb.energy", "due_on": "2026-03-31"}
    form = WORDS | {"others": str(county.plan_ids["热力规划"]), "into": "new"}
    form |= {f"successors.0.{name}": value for name, value in row.items()}
    assert planner.post(place, form, seen=place).status_code == 302
    county.agree()
    county.approve()
    page = planner.get(f"/plans/{county.plan('电热规划').id}").text
    assert "来源：" in page and "热力规划" in page and "GH-2021-330205-ZX-0003" in page


def test_what_came_back_is_amended_on_its_page(county: Changing, person: Visit) -> None:
    handler, place = person("jb.handler"), address(county, "能源规划", "re_date")
    change = handler.post(place, WORDS | {"due_on": "2026-03-31"}, seen=place).location
    amending = f"{change}/amend"
    county.house.complete("review", {"outcome": "return", "opinion": "太晚"}, "jb.head")
    (task,) = county.house.open()
    assert change in handler.get(f"/tasks/{task.id}").text
    assert "修改方案" in handler.get(change).text
    shown = handler.get(amending).text
    assert "2026-03-31" in shown and "事权调整" in shown
    assert person("jb.planner").get(amending).status_code == 403
    again = handler.post(amending, WORDS | {"due_on": DUE.isoformat()}, seen=amending)
    assert again.status_code == 422 and "没有变化" in again.text
    assert handler.post(amending, WORDS | {"due_on": "2026-01-30"}, seen=amending).status_code == 302
    assert county.house.waiting() == ["review"] and county.change(int(change.rpartition("/")[2])).due_on == date(2026, 1, 30)


def test_an_issued_plan_is_only_withdrawn(county: Changing, person: Visit) -> None:
    issued = county.add("已印发规划", issued=date(2025, 11, 3))
    planner = person("jb.planner")
    assert f"/catalogue/new/{issued}/withdraw" in planner.get(f"/plans/{issued}").text
    page = planner.get(f"/catalogue/new/{issued}/withdraw").text
    assert "交办文件" in page and f"/catalogue/new/{issued}/split" not in page
    assert f"/catalogue/new/{issued}" not in person("hs.handler").get(f"/plans/{issued}").text
    assert "没有目录调整" in planner.get("/catalogue").text
