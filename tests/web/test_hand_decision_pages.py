"""The page on which a person decides what a decision table left open."""

from collections.abc import Callable

from tests.services.house import House
from tests.services.test_hand_decisions import gap_process, table_with_gap
from tests.web.conftest import Person


def test_a_supervisor_decides_on_a_page_and_the_process_goes_on(house: House, person: Callable[[str], Person]) -> None:
    house.deploy(gap_process(), files={"t.dmn": table_with_gap()})
    run = house.start(variables={"grade": "3"})
    (incident,) = house.incidents()
    supervisor, address = person("jb.supervisor"), f"/incidents/{incident.id}/decision"
    assert address in supervisor.get(f"/instances/{run}").text
    page = supervisor.get(address).text
    assert "路径选择" in page and '<option value="short"' in page and "没有一行符合" in page
    refused = supervisor.post(address, {"output.out0": "short", "reason": ""}, seen=address)
    assert refused.status_code == 422 and "请写明决定的理由" in refused.text and "selected" in refused.text
    done = supervisor.post(address, {"output.out0": "short", "reason": "区政府批示"}, seen=address, follow_redirects=True)
    assert "已按决定继续" in done.text
    assert house.waiting() == ["a"]


def test_who_may_not_decide_is_not_offered_the_page(house: House, person: Callable[[str], Person]) -> None:
    house.deploy(gap_process(), files={"t.dmn": table_with_gap()})
    run = house.start(variables={"grade": "3"})
    assert "/decision" not in person("jb.handler").get(f"/instances/{run}").text
