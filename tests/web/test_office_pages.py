"""The pages of substitutes, circulations, instructions, handing out and handing over, as people use them without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.people import NOW, PASSWORD, SYSTEM
from tests.services.house import House, user_task
from tests.web.conftest import Person
from workflow_service.services import people
from workflow_service.services.people import PersonFacts

Visit = Callable[[str], Person]


@pytest.fixture
def run(house: House) -> int:
    with house.database.transaction() as session:
        facts = PersonFacts(username="jb.leader", name="区领导")
        people.add_person(session, SYSTEM, facts, [("jb.drc", "leader")], now=NOW, password=PASSWORD)
    house.deploy_chain(user_task("a"), user_task("b", group="jb.drc:supervisor"))
    return house.start()


def test_a_person_names_a_substitute_whose_list_and_slip_say_for_whom(house: House, run: int, person: Visit) -> None:
    handler, today = person("jb.handler"), NOW.date()
    form = {
        "substitute": house.structure.people["jb.admin"], "since": today - timedelta(days=2),
        "last": today + timedelta(days=9), "scope": "all",
    }  # fmt: skip
    refused = handler.post("/people/me/substitutes", form | {"last": today - timedelta(days=1)})
    assert refused.status_code == 422 and "授权期限" in refused.text
    done = handler.post("/people/me/substitutes", form, follow_redirects=True)
    assert "已授权" in done.text and "生效中" in done.text and "不含签批、决定" in done.text
    admin, (task,) = person("jb.admin"), house.open()
    assert "代区能源局·经办" in admin.get("/tasks").text
    assert "您代区能源局·经办办理" in admin.get(f"/tasks/{task.id}").text
    admin.post(f"/tasks/{task.id}/complete", {"outcome": "agree", "opinion": "好"}, seen=f"/tasks/{task.id}")
    page = admin.get(f"/instances/{run}").text
    assert page.count("区发展改革局·管理员（代区能源局·经办）") == 3  # diagram, slip, history


def test_whoever_looks_for_somebody_is_told_who_stands_in_for_him(house: House, run: int, person: Visit) -> None:
    handler, today = person("jb.handler"), NOW.date()
    form = {
        "substitute": house.structure.people["jb.admin"], "since": today, "last": today + timedelta(days=9), "scope": "all",
    }  # fmt: skip
    found = "/search?q=经办"
    assert "代办" not in person("jb.supervisor").get(found).text.split("<main")[1]
    handler.post("/people/me/substitutes", form, seen="/people/me/substitutes")
    page = person("jb.supervisor").get(found).text.split("<main")[1]
    assert page.count("现由区发展改革局·管理员代办，至") == 1
    assert "区能源局·经办" in page


def test_something_sent_round_is_read_on_its_page(house: House, run: int, person: Visit) -> None:
    supervisor, handler = person("jb.supervisor"), person("jb.handler")
    address = f"/circulations/new/{run}"
    assert address in supervisor.get(f"/instances/{run}").text
    assert supervisor.post(address, {"kind": "copy"}, seen=address).status_code == 422
    form = {"kind": "receipt", "holder": "g:jb.energy:handler", "note": "请签收"}
    sent = supervisor.post(address, form, seen=address, follow_redirects=True)
    assert "0 / 1" in sent.text and "提醒未阅" in sent.text
    page = sent.request.path
    assert "1 件未读" in handler.get("/circulations").text and "签收" in handler.get(page).text
    read = handler.post(f"{page}/read", {}, seen=page, follow_redirects=True)
    assert "1 / 1" in read.text and "0 件未读" in handler.get("/circulations").text
    assert "1 / 1" in supervisor.get("/circulations/sent").text
    assert handler.get("/circulations?unread=1").text.count("没有未读的抄送") == 1


def test_a_leader_instructs_on_the_run_and_the_slip_has_it_on_top(house: House, run: int, person: Visit) -> None:
    leader, address = person("jb.leader"), f"/instances/{run}/instruct"
    assert address in leader.get(f"/instances/{run}").text
    assert address not in person("jb.supervisor").get(f"/instances/{run}").text
    assert leader.post(address, {"words": " "}, seen=address).status_code == 422
    form = {"words": "请三日内办结", "holder": "g:jb.energy:handler", "due_on": "2099-01-05"}
    page = leader.post(address, form, seen=address, follow_redirects=True).text
    assert page.index("请三日内办结") < page.index('<table class="slip">') and len(house.open()) == 2


def test_a_task_is_handed_out_from_its_page(house: House, run: int, person: Visit) -> None:
    (task,) = house.open()
    handler, address = person("jb.handler"), f"/tasks/{task.id}/assign"
    assert address in handler.get(f"/tasks/{task.id}").text and handler.get(address).status_code == 200
    assert handler.post(address, {"proposal": "拟"}, seen=address).status_code == 422
    assert person("jb.supervisor").get(address).status_code == 403


def test_an_administrator_sees_first_what_he_hands_over(house: House, run: int, person: Visit) -> None:
    who = house.structure.people
    admin, address = person("jb.admin"), f"/people/{who['jb.handler']}/hand-over"
    assert address in admin.get(f"/people/{who['jb.handler']}").text
    assert admin.post(address, {}, seen=address).status_code == 422
    chosen = {"to": who["jb.supervisor"], "with_posts": "1"}
    preview = admin.get(address, query_string=chosen).text
    assert "将移交" in preview and "江北区能源局" in preview
    assert "已移交 1 项，0 项未移交" in admin.post(address, chosen, seen=address).text
    assert person("jb.supervisor").get(address).status_code == 403
