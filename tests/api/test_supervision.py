"""Ledger, board, bulletins, notices and urging over HTTP."""

from datetime import date

from tests.api.callers import ApiHouse, assert_problem
from tests.services.catalogue import Catalogue
from workflow_service.store.supervision import Bulletin, Notice

AREA = "/330000/330200/330205/"


def test_the_ledger_of_a_day_counts_and_lists(api: ApiHouse) -> None:
    supervisor = api.caller("jb.supervisor")
    page = supervisor.get("/ledger?as_of=2025-11-20").get_json()
    assert (page["as_of"], page["items"], page["total"]) == ("2025-11-20", [], 0)
    figures = supervisor.get("/ledger/figures").get_json()
    assert (figures["as_of"], figures["total"]) == ("2025-11-24", {"total": 0, "issued": 0, "overdue": 0, "rate": None})
    assert supervisor.get(f"/ledger/figures?area={AREA}").status_code == 200
    for query in ("as_of=2025-02-30", "as_of=2025-11-20T09:00", "area=x", "light=blue"):
        assert_problem(supervisor.get(f"/ledger?{query}"), 422, "invalid_request")


def test_the_board_is_for_supervisors_and_leaders(api: ApiHouse) -> None:
    assert api.caller("jb.supervisor").get("/ledger/board").get_json()["overdue"] == []
    assert_problem(api.caller("jb.handler").get("/ledger/board"), 403, "forbidden")
    assert_problem(api.caller("jb.supervisor").get("/ledger/board?area=/330000/330200/330203/"), 403, "forbidden")


def test_bulletins_tell_what_they_are_about_in_which_form_and_under_which_number(api: ApiHouse) -> None:
    at = api.house.now
    with api.house.database.transaction() as session:
        scope = {"kind": "unit", "code": "jb.energy", "name": "江北区能源局"}
        usual = {"area": "330205", "area_path": AREA, "period": "2025-11-D1", "figures_at": at, "created_at": at, "text": ""}
        sent = {"status": "released", "year": 2025, "number": 1, "released_at": at}
        circular = {"form": "circular", "document_prefix": "北区发改通报", "scope": "unit:jb.energy"}
        session.add(Bulletin(**usual, **sent, **circular, figures={"label": "11月上旬", "scope": scope}))
        session.add(Bulletin(**usual, **sent, form="briefing", figures={"label": "11月上旬"}))
        session.add(Bulletin(**usual | {"period": "2025-11-D2"}, status="draft", figures={"label": "11月中旬"}))
    caller = api.caller("jb.supervisor")
    items = caller.get("/bulletins").get_json()["items"]
    told = ("period", "scope", "scope_name", "form", "document_number")
    assert [tuple(one[name] for name in told) for one in items] == [
        ("2025-11-D2", "", "", "briefing", None), ("2025-11-D1", "", "", "briefing", "2025年第1期"),
        ("2025-11-D1", "unit:jb.energy", "江北区能源局", "circular", "北区发改通报〔2025〕1号"),
    ]  # fmt: skip
    one = caller.get(f"/bulletins/{items[2]['id']}").get_json()
    assert (one["scope_name"], one["process_instance_id"], one["text"]) == ("江北区能源局", None, "")


def test_bulletins_in_draft_are_for_supervisors(api: ApiHouse) -> None:
    with api.house.database.transaction() as session:
        for status, period in (("draft", "2025-11-b"), ("released", "2025-11-a")):
            session.add(
                Bulletin(
                    area="330205", area_path=AREA, period=period, figures_at=api.house.now, figures={"total": 1}, status=status,
                    created_at=api.house.now, text="", released_at=api.house.now if status == "released" else None,
                )
            )  # fmt: skip
    handler, supervisor = api.caller("jb.handler"), api.caller("jb.supervisor")
    assert [one["period"] for one in handler.get("/bulletins").get_json()["items"]] == ["2025-11-a"]
    items = supervisor.get("/bulletins").get_json()["items"]
    assert {one["period"] for one in items} == {"2025-11-a", "2025-11-b"}
    draft = next(one["id"] for one in items if one["status"] == "draft")
    assert supervisor.get(f"/bulletins/{draft}").get_json()["figures"] == {"total": 1}
    assert_problem(handler.get(f"/bulletins/{draft}"), 403)
    assert_problem(api.caller("hs.handler").get(f"/bulletins/{draft}"), 403)
    assert_problem(handler.get("/bulletins/123456"), 404)
    assert api.caller("hs.handler").get("/bulletins").get_json()["items"] == []


def test_notices_are_ones_own(api: ApiHouse) -> None:
    user_id = api.house.structure.people["jb.handler"]
    with api.house.database.transaction() as session:
        for number in range(3):
            session.add(
                Notice(
                    user_id=user_id, kind="digest", subject=str(number), body={}, dedup_key=str(number),
                    created_at=api.house.now,
                )
            )  # fmt: skip
    handler = api.caller("jb.handler")
    first = handler.get("/notices?limit=2").get_json()
    assert [one["subject"] for one in first["items"]] == ["2", "1"]
    notice_id = first["items"][0]["id"]
    assert_problem(api.caller("jb.colleague").post(f"/notices/{notice_id}/read"), 404)
    assert handler.post(f"/notices/{notice_id}/read").get_json() == {"done": True}
    assert len(handler.get("/notices?unread=true").get_json()["items"]) == 2
    assert handler.post("/notices/read").get_json() == {"read": 2}
    assert api.caller("jb.colleague").get("/notices").get_json()["items"] == []


def test_a_supervisor_urges_a_task_once_an_hour(api: ApiHouse) -> None:
    api.deploy_five_tasks()
    task_id = api.open_ids(api.house.start())["a"]
    supervisor = api.caller("jb.supervisor")
    urged = supervisor.post("/reminders", {"task_id": task_id, "note": "请今天办结"})
    assert (urged.status_code, urged.get_json()) == (201, {"notices": 2})
    assert_problem(supervisor.post("/reminders", {"task_id": task_id, "note": "再催"}), 409)
    (notice,) = api.caller("jb.colleague").get("/notices").get_json()["items"]
    assert notice["kind"] == "urge"
    assert_problem(api.caller("hs.handler").post("/reminders", {"task_id": task_id, "note": "请抓紧"}), 403)
    assert_problem(supervisor.post("/reminders", {"task_id": 123456, "note": "请抓紧"}), 404)


def test_urging_without_a_reason_is_refused_at_its_place_and_urges_nobody(api: ApiHouse) -> None:
    api.deploy_five_tasks()
    ids = api.open_ids(api.house.start())
    supervisor = api.caller("jb.supervisor")
    batch = {"action": "urge", "task_ids": list(ids.values())}
    for note in ({}, {"note": " "}, {"note": "长" * 501}):
        for path, body in (("/reminders", {"task_id": ids["a"]}), ("/tasks/batch", batch)):
            told = assert_problem(supervisor.post(path, body | note), 422)
            assert [one["pointer"].removeprefix("#") for one in told["errors"]] == ["/note"], (path, note)
    assert api.caller("jb.colleague").get("/notices").get_json()["items"] == []
    done = supervisor.post("/tasks/batch", batch | {"note": "请抓紧"}).get_json()["items"]
    assert [one["done"] for one in done] == [True] * len(ids)


def test_how_long_a_route_takes_is_told_element_by_element(api: ApiHouse) -> None:
    supervisor = api.caller("jb.supervisor")
    nothing = supervisor.get("/route-times").get_json()
    assert (nothing["runs"], nothing["elements"], nothing["since"]) == (0, [], None)
    api.deploy_five_tasks()
    api.house.start()
    api.house.complete("a")
    found = supervisor.get("/route-times").get_json()
    stays = {one["element_id"]: (one["stayed"], one["here"], one["heat"]) for one in found["elements"]}
    assert found["runs"] == 1 and stays["a"] == (1, 0, 0)
    assert sum(here for _stayed, here, _heat in stays.values()) >= 1
    assert_problem(supervisor.get("/route-times?route=other"), 404)
    assert_problem(supervisor.get("/route-times?since=2025-12-01&until=2025-11-01"), 422)
    assert_problem(api.caller("jb.handler").get("/route-times"), 403)


def test_forecasts_say_honestly_when_they_have_nothing_to_go_by(api: ApiHouse) -> None:
    with api.house.database.transaction() as session:
        Catalogue.again(session).plan("江北区能源规划", "jb.energy", date(2025, 3, 3), date(2025, 12, 31), level="county")
    supervisor = api.caller("jb.supervisor")
    (one,) = supervisor.get("/forecasts").get_json()["items"]
    assert (one["title"], one["likely"], one["safe"], one["history"]) == ("江北区能源规划", None, None, 0)
    assert supervisor.get("/forecasts/quality").get_json() == {"items": []}
    assert supervisor.get("/forecasts?as_of=2025-03-01").get_json()["items"] == []
    assert_problem(api.caller("jb.handler").get("/forecasts/quality"), 403)
