"""What a person sets up for himself: views, phrases, how he is told; and where his opinions are found again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.people import NOW
from tests.services.house import House, user_task
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.domain.notices import TellingHours
from workflow_service.domain.rounds import Relation
from workflow_service.identity.names import match
from workflow_service.services import list_views, notice_choices, notices, phrases, rounds, tasks
from workflow_service.services.notice_choices import Telling
from workflow_service.services.recipients import Asked
from workflow_service.services.rounds import RoundAsked
from workflow_service.store import inbox, work_lists
from workflow_service.store.personal import SavedView
from workflow_service.store.records import AuditRecord


def test_filters_are_kept_for_each_list_and_forgotten_when_cleared(house: House) -> None:
    actor, other = house.actor("jb.handler"), house.actor("hs.handler")
    with house.database.transaction() as session:
        list_views.keep_filter(session, actor, "inbox", "due=late")
        list_views.keep_filter(session, actor, "inbox", "due=week&sort=plan")
        list_views.keep_filter(session, actor, "done", "q=能源")
        assert list_views.last_filter(session, actor, "inbox") == "due=week&sort=plan"
        assert list_views.last_filter(session, other, "inbox") == ""
        list_views.keep_filter(session, actor, "inbox", "")
        assert list_views.last_filter(session, actor, "inbox") == ""
        assert list_views.last_filter(session, actor, "done") == "q=能源"


def test_a_shared_view_is_seen_in_its_unit_and_removed_by_who_saved_it(house: House) -> None:
    admin, supervisor, outsider = (house.actor(one) for one in ("jb.admin", "jb.supervisor", "jb.handler"))
    with house.database.transaction() as session:
        own = list_views.save_view(session, admin, "inbox", "我的", "due=late", now=NOW)
        view = list_views.save_view(session, admin, "inbox", "本周", "due=week", now=NOW, unit_id=admin.unit_id)
        assert [one.name for one in list_views.views_of(session, admin, "inbox")] == ["我的", "本周"]
        assert [one.name for one in list_views.views_of(session, supervisor, "inbox")] == ["本周"]
        assert list_views.views_of(session, outsider, "inbox") == []
        assert list_views.views_of(session, supervisor, "done") == []
        with pytest.raises(Forbidden):
            list_views.remove_view(session, supervisor, view.id, now=NOW)
        with pytest.raises(Forbidden):
            list_views.save_view(session, outsider, "inbox", "别处", "due=week", now=NOW, unit_id=admin.unit_id)
        with pytest.raises(Conflict):
            list_views.save_view(session, admin, "inbox", "本周", "due=late", now=NOW)
        list_views.remove_view(session, admin, own.id, now=NOW)
        assert session.scalars(select(SavedView.name)).all() == ["本周"]
        assert session.scalars(select(AuditRecord.action).where(AuditRecord.action.like("view.%"))).all() == [
            "view.save", "view.save", "view.remove",
        ]  # fmt: skip


def test_phrases_keep_their_order_and_a_unit_s_come_after_one_s_own(house: House) -> None:
    handler, admin = house.actor("jb.handler"), house.actor("jb.admin")
    with house.database.transaction() as session:
        assert phrases.offered(session, handler) == []
        phrases.set_own_phrases(session, handler, ["乙", " 甲 ", "", "乙"], now=NOW)
        phrases.add_own_phrase(session, handler, "丙", now=NOW)
        phrases.set_unit_phrases(session, admin, house.structure.units["jb.energy"], ["甲", "丁"], now=NOW)
        assert phrases.offered(session, handler) == ["乙", "甲", "丙", "丁"]
        with pytest.raises(Forbidden):
            phrases.set_unit_phrases(session, handler, house.structure.units["jb.energy"], ["我的"], now=NOW)
        with pytest.raises(InvalidInput):
            phrases.set_own_phrases(session, handler, ["长" * 201], now=NOW)


def test_a_robot_is_addressed_only_at_a_host_that_the_administrator_allowed(house: House) -> None:
    actor = house.actor("jb.handler")
    robot = {"digest": ("robot",)}
    with house.database.transaction() as session:
        notices.wire_channels(session, {"robot": {"hosts": ["oapi.dingtalk.com"]}}, now=NOW)
        for address in (
            "https://intranet.example/x", "http://oapi.dingtalk.com/x", "https://u@oapi.dingtalk.com/x",
            "https://oapi.dingtalk.com:8443/x", "",
        ):  # fmt: skip
            with pytest.raises(InvalidInput):
                notice_choices.set_telling(session, actor, Telling(robot, robot_address=address), now=NOW)
        good = "https://oapi.dingtalk.com/robot/send?access_token=secret"
        assert notice_choices.set_telling(session, actor, Telling(robot, robot_address=good), now=NOW).robot_address == good
        (record,) = session.scalars(select(AuditRecord).where(AuditRecord.action == "notice.choose")).all()
        assert "secret" not in str(record.data)


@pytest.mark.parametrize("hours", [TellingHours(*each) for each in ((60, None), (60, 60), (0, 1440), (None, None, -1))])
def test_hours_that_are_none_are_refused(house: House, hours: TellingHours) -> None:
    with house.database.transaction() as session, pytest.raises(InvalidInput):
        notice_choices.set_telling(session, house.actor("jb.handler"), Telling(hours=hours), now=NOW)


def test_an_opinion_is_found_by_its_words_by_all_who_have_the_run_in_their_lists(house: House) -> None:
    house.deploy_chain(user_task("a"), user_task("b", group="jb.drc:planner"))
    house.start()
    house.complete("a", {"outcome": "agree", "opinion": "能耗双控目标偏高，请核对GH-7。"})
    handler = house.structure.people["jb.handler"]
    planner = inbox.InboxFilter(0, frozenset({"g:jb.drc:planner"}))
    with house.database.transaction() as session:
        for typed, found in (("能耗", 1), ("双控目标", 1), ("gh", 1), ("能源", 0), ("核对 能耗", 1)):
            done = work_lists.DoneFilter(handler, match=match(typed), typed=typed)
            assert len(work_lists.done_page(session, done)) == work_lists.count_done(session, done) == found, typed
            waiting = inbox.InboxFilter(planner.user_id, planner.groups, match=match(typed), typed=typed)
            assert len(inbox.inbox_page(session, waiting)) == inbox.count_inbox(session, waiting) == found, typed


def test_what_waits_for_others_is_out_of_the_inbox_and_in_its_own_list(house: House) -> None:
    house.deploy_chain(user_task("a"))
    house.start()
    (task,), actor = house.open(), house.actor("jb.handler")
    asked = RoundAsked(Relation.DELEGATE, (Asked(f"u:{house.structure.people['jb.supervisor']}"),))
    with house.database.transaction() as session:
        rounds.begin_round(session, actor, task.id, asked, now=NOW)
    with house.database.transaction() as session:
        user_id = int(actor.user_id or 0)
        assert inbox.inbox_page(session, inbox.InboxFilter(user_id, actor.groups)) == []
        assert [row.task.id for row in work_lists.held_page(session, user_id)] == [task.id]
        assert work_lists.tab_counts(session, user_id, actor.groups).held == 1
        assert work_lists.held_page(session, house.structure.people["jb.supervisor"]) == []


def test_drafts_stand_in_the_list_of_who_kept_them_the_latest_first(house: House) -> None:
    house.deploy_chain(user_task("a"))
    first, second = house.start(business_key="1"), house.start(business_key="2")
    actor = house.actor("jb.handler")
    with house.database.transaction() as session:
        for number, instance_id in enumerate((first, second)):
            (task,) = house.open(instance_id)
            tasks.save_draft(session, actor, task.id, {"opinion": "x"}, now=NOW + timedelta(hours=number))
    with house.database.transaction() as session:
        mine = work_lists.drafts_page(session, int(actor.user_id or 0))
        assert [row.task.instance_id for row, _saved in mine] == [second, first]
        last = mine[0]
        rest = work_lists.drafts_page(session, int(actor.user_id or 0), after=(last[1], last[0].task.id))
        assert [row.task.instance_id for row, _saved in rest] == [first]
        assert work_lists.drafts_page(session, house.structure.people["jb.supervisor"]) == []
    house.complete("a")
    with house.database.transaction() as session:
        assert work_lists.tab_counts(session, int(actor.user_id or 0), actor.groups).drafts == 1
