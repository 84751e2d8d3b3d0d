"""Absence: whoever is away is urged by nobody meanwhile, and what lies with him alone is seen by his superior at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from tests.people import NOW, SYSTEM, TODAY
from tests.services.catalogue import Catalogue, moment
from tests.services.house import House
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.i18n import use_language
from workflow_service.services import absences, audit, digests, rhythm_settings, urging
from workflow_service.services.absences import AbsenceAsked
from workflow_service.store.absences import Absence
from workflow_service.store.database import Database
from workflow_service.store.operations import Substitution
from workflow_service.store.people import Membership
from workflow_service.store.records import AuditRecord
from workflow_service.store.supervision import Notice

MONDAY, FRIDAY = date(2025, 11, 24), date(2025, 11, 28)
NINE = moment(MONDAY)
DAY = timedelta(days=1)


@pytest.fixture
def catalogue(database: Database) -> Iterator[Catalogue]:
    with database.transaction() as session:
        made = Catalogue(session)
        made.unit("zj")
        made.unit("zj.energy")
        made.units["zj.energy"].parent_id = made.units["zj"].id
        made.person("governor", "zj", "leader")
        for name, post in (("handler", "handler"), ("colleague", "handler"), ("leader", "leader"), ("deputy", "registry")):
            made.person(name, "zj.energy", post)
        made.plan("能源规划", "zj.energy", date(2025, 1, 6))
        yield made


def away(catalogue: Catalogue, name: str, since: date = MONDAY, last: date = FRIDAY, kind: str = "leave") -> Absence:
    asked = AbsenceAsked(catalogue.people[name].id, kind, since, last)
    return absences.enter_absence(catalogue.session, SYSTEM, asked, now=moment(min(since, MONDAY)))


def substitute(catalogue: Catalogue, principal: str, name: str, processes: tuple[str, ...] = ()) -> None:
    people = catalogue.people
    catalogue.session.add(Substitution(
        principal_id=people[principal].id, substitute_id=people[name].id, since=MONDAY, until=FRIDAY + DAY,
        processes=list(processes), may_decide=False, created_at=NINE, given_on=MONDAY,
    ))  # fmt: skip
    catalogue.session.flush()


def told(catalogue: Catalogue, day: date = MONDAY) -> dict[str, tuple[list[str], list[str]]]:
    """For each person who gets a digest the words of his own lines and of those below him."""
    found, names = digests.digests_at(catalogue.session, moment(day)), {one.id: name for name, one in catalogue.people.items()}
    return {names[one.user_id]: ([str(x.words) for x in one.own], [str(x.words) for x in one.below]) for one in found}


def due(catalogue: Catalogue, day: date, **more: Any) -> int:
    return catalogue.task("能源规划", "zj.energy", moment(day, 17, 30), **more).id


def test_who_is_away_gets_no_digest_and_on_the_first_day_back_all_that_is_due(catalogue: Catalogue) -> None:
    for day in (MONDAY, date(2025, 11, 26), date(2025, 12, 1)):
        due(catalogue, day, assignee="handler")
    away(catalogue, "handler", since=date(2025, 11, 25))
    assert "handler" in told(catalogue, MONDAY)
    for number in range(1, 5):
        assert "handler" not in told(catalogue, MONDAY + number * DAY)
    back, _below = told(catalogue, date(2025, 12, 1))["handler"]
    assert back == ["逾期 5 个工作日", "逾期 3 个工作日", "今天到期"]


def test_what_lies_with_him_alone_reaches_the_superior_from_the_first_day(catalogue: Catalogue) -> None:
    due(catalogue, MONDAY, assignee="handler")
    assert told(catalogue) == {"handler": (["今天到期"], [])}
    away(catalogue, "handler")
    assert told(catalogue) == {"leader": ([], ["今天到期，本人请假至 2025-11-28"])}
    (digest,) = digests.digests_at(catalogue.session, NINE)
    notice = digests.notice_of(digest, MONDAY)
    assert notice.subject == "待办提醒：下属外出待办 1 项" and "本人请假至 2025-11-28" in notice.text
    assert [one["words"] for one in notice.body["below"]] == ["今天到期，本人请假至 2025-11-28"]
    with use_language("en"):
        assert str(digest.below[0].words) == "due today; on leave until 2025-11-28"
    long_overdue = ["逾期 4 个工作日，本人请假至 2025-11-28"]
    assert told(catalogue, FRIDAY) == {"leader": ([], long_overdue)}, "once"


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2025, 11, 21), "逾期 1 个工作日"), (MONDAY, "今天到期"), (date(2025, 11, 25), "还剩 1 个工作日"),
        (date(2025, 11, 28), ""),
    ],
)
def test_the_superior_hears_of_what_is_overdue_due_or_due_soon_where_nobody_is_there(
    catalogue: Catalogue, day: date, words: str
) -> None:
    due(catalogue, day, assignee="handler")
    away(catalogue, "handler")
    assert told(catalogue) == ({"leader": ([], [f"{words}，本人请假至 2025-11-28"])} if words else {})


def test_a_task_of_a_post_reaches_the_superior_only_once_nobody_of_the_post_is_there(catalogue: Catalogue) -> None:
    due(catalogue, MONDAY)
    away(catalogue, "handler")
    assert told(catalogue) == {"colleague": (["今天到期"], [])}
    away(catalogue, "colleague", last=date(2025, 11, 25), kind="trip")
    assert told(catalogue) == {"leader": ([], ["今天到期，2 位办理人都不在岗，最早 2025-11-25 后回岗"])}
    assert list(told(catalogue, date(2025, 11, 26))) == ["colleague"]


def test_a_substitute_who_is_there_has_it_and_the_superior_hears_nothing(catalogue: Catalogue) -> None:
    due(catalogue, MONDAY, assignee="handler")
    away(catalogue, "handler")
    substitute(catalogue, "handler", "deputy")
    assert told(catalogue) == {"deputy": (["今天到期"], [])}
    away(catalogue, "deputy", kind="training")
    assert told(catalogue) == {"leader": ([], ["今天到期，本人请假至 2025-11-28"])}


def test_a_substitute_for_other_routes_is_none(catalogue: Catalogue) -> None:
    due(catalogue, MONDAY, assignee="handler")
    away(catalogue, "handler")
    substitute(catalogue, "handler", "deputy", ("other",))
    assert list(told(catalogue)) == ["leader"]


def test_where_the_superior_is_away_too_his_substitute_hears_of_it_or_the_one_above(catalogue: Catalogue) -> None:
    due(catalogue, MONDAY, assignee="handler")
    due(catalogue, MONDAY, assignee="leader")
    for name in ("handler", "leader"):
        away(catalogue, name)
    lines = ["今天到期，本人请假至 2025-11-28"] * 2
    assert told(catalogue) == {"governor": ([], lines)}
    substitute(catalogue, "leader", "deputy")
    assert told(catalogue) == {"deputy": (["今天到期"], lines[:1])}


def test_the_board_marks_a_task_only_where_the_digest_finds_nobody_there(catalogue: Catalogue) -> None:
    task_id = due(catalogue, MONDAY, assignee="handler")
    away(catalogue, "handler")

    def marked() -> list[date]:
        return [one.last for one in absences.nobody_there(catalogue.session, [task_id], MONDAY).values()]

    assert marked() == [FRIDAY] and list(told(catalogue)) == ["leader"]
    substitute(catalogue, "handler", "colleague", ("other",))
    assert marked() == [FRIDAY], "on other routes"
    substitute(catalogue, "handler", "deputy")
    assert marked() == [] and list(told(catalogue)) == ["deputy"]
    away(catalogue, "deputy")
    assert marked() == [FRIDAY] and list(told(catalogue)) == ["leader"]


def test_a_post_of_a_unit_that_is_no_more_is_marked_by_nobody(catalogue: Catalogue) -> None:
    task_id = due(catalogue, MONDAY)
    for name in ("handler", "colleague"):
        away(catalogue, name)
    assert list(absences.nobody_there(catalogue.session, [task_id], MONDAY)) == [task_id]
    catalogue.units["zj.energy"].active = False
    catalogue.session.flush()
    assert absences.nobody_there(catalogue.session, [task_id], MONDAY) == {}


def urged(catalogue: Catalogue, task_id: int, hour: int) -> set[str]:
    """Who hears of an urging."""
    session, names = catalogue.session, {one.id: name for name, one in catalogue.people.items()}
    count = urging.urge_task(session, SYSTEM, task_id, "请尽快", now=moment(MONDAY, hour))
    keys = Notice.kind == "urge", Notice.created_at == moment(MONDAY, hour)
    found = {names[one] for one in session.scalars(select(Notice.user_id).where(*keys))}
    assert count == len(found)
    return found


def test_an_urging_reaches_the_substitute_who_is_there_and_waits_for_who_is_away(catalogue: Catalogue) -> None:
    task_id = due(catalogue, MONDAY, assignee="handler")
    away(catalogue, "handler")
    substitute(catalogue, "handler", "colleague", ("other",))
    assert urged(catalogue, task_id, 9) == {"handler"}
    substitute(catalogue, "handler", "deputy")
    assert urged(catalogue, task_id, 11) == {"handler", "deputy"}
    away(catalogue, "deputy")
    assert urged(catalogue, task_id, 13) == {"handler"}


def test_what_is_long_overdue_reaches_the_one_above_where_the_superior_is_away(catalogue: Catalogue) -> None:
    due(catalogue, date(2025, 11, 18), assignee="handler")
    own, late = ["逾期 4 个工作日"], ["逾期 4 个工作日"]
    assert told(catalogue) == {"handler": (own, []), "leader": ([], late)}
    away(catalogue, "leader")
    assert told(catalogue) == {"handler": (own, []), "governor": ([], late)}
    substitute(catalogue, "leader", "deputy", ("other",))
    assert list(told(catalogue)) == ["governor", "handler"], "on other routes"
    substitute(catalogue, "leader", "deputy")
    assert told(catalogue) == {"handler": (own, []), "deputy": ([], late)}
    away(catalogue, "deputy")
    assert list(told(catalogue)) == ["governor", "handler"]
    away(catalogue, "governor")
    assert list(told(catalogue)) == ["handler"], "no further"


def test_what_is_long_overdue_reaches_the_one_above_where_the_unit_has_no_superior(catalogue: Catalogue) -> None:
    due(catalogue, date(2025, 11, 18), assignee="handler")
    catalogue.session.execute(delete(Membership).where(Membership.user_id == catalogue.people["leader"].id))
    assert told(catalogue)["governor"] == ([], ["逾期 4 个工作日"])


@pytest.mark.parametrize("assignee", ["handler", ""])
def test_who_does_the_task_and_stands_in_for_the_superior_is_not_above_it(catalogue: Catalogue, assignee: str) -> None:
    due(catalogue, date(2025, 11, 18), assignee=assignee)
    substitute(catalogue, "leader", "handler")
    assert "governor" not in told(catalogue), "the leader hears of it himself"
    away(catalogue, "leader")
    assert told(catalogue)["governor"] == ([], ["逾期 4 个工作日"])


def test_a_late_plan_reaches_the_one_above_where_the_superior_is_away(catalogue: Catalogue) -> None:
    catalogue.plan("水利规划", "zj.energy", date(2025, 1, 6), date(2025, 11, 18))
    assert told(catalogue)["leader"] == ([], ["逾期 4 个工作日"]) and "governor" not in told(catalogue)
    away(catalogue, "leader")
    assert told(catalogue)["governor"] == ([], ["逾期 4 个工作日"]) and "leader" not in told(catalogue)
    substitute(catalogue, "leader", "handler")
    assert told(catalogue)["governor"] == ([], ["逾期 4 个工作日"]), "who has it as his own is not above it"
    substitute(catalogue, "leader", "deputy")
    assert told(catalogue)["deputy"] == ([], ["逾期 4 个工作日"]) and "governor" not in told(catalogue)


def test_a_plan_s_own_lines_do_not_climb_where_its_people_are_away(catalogue: Catalogue) -> None:
    catalogue.person("clerk", "zj", "handler")
    catalogue.plan("水利规划", "zj.energy", date(2025, 1, 6), date(2025, 11, 24))
    for name in ("handler", "colleague"):
        away(catalogue, name)
    assert told(catalogue) == {}


def test_where_superiors_are_never_told_absence_tells_them_nothing_either(catalogue: Catalogue) -> None:
    due(catalogue, MONDAY, assignee="handler")
    away(catalogue, "handler")
    set_up = rhythm_settings.choice(catalogue.session, rhythm_settings.Rhythm.DAILY)
    value = {"daily": {"superior_after": 0, "posts": list(set_up.posts)}}
    rhythm_settings.setting_rows.put(catalogue.session, rhythm_settings.SETTING, value, at=NINE)
    assert told(catalogue) == {}


def test_what_is_not_urged_of_those_who_are_there_is_not_told_of_those_who_are_away(catalogue: Catalogue) -> None:
    due(catalogue, date(2025, 11, 27), assignee="handler")
    paused = catalogue.task("能源规划", "zj.energy", NINE, assignee="handler", waiting=True)
    none = catalogue.task("能源规划", "zj.energy", NINE, assignee="handler")
    none.urging = "none"
    catalogue.session.flush()
    away(catalogue, "handler")
    assert paused.id and told(catalogue) == {}


def test_the_statement_starts_from_those_who_are_away_and_asks_no_person_by_himself(catalogue: Catalogue) -> None:
    for number in range(40):
        catalogue.person(f"person{number}", "zj.energy")
        due(catalogue, MONDAY, assignee=f"person{number}")
        away(catalogue, f"person{number}")
    asked: list[str] = []
    from sqlalchemy import event

    connection = catalogue.session.connection()
    event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
    (digest,) = digests.digests_at(catalogue.session, NINE)
    assert len(digest.below) == 40 and len([one for one in asked if "absence" in one]) <= 6


def enter(house: House, username: str, by: str = "", **more: Any) -> int:
    with house.database.transaction() as session:
        wanted = {"kind": "leave", "since": TODAY, "last": TODAY + 4 * DAY} | more
        asked = AbsenceAsked(house.structure.people[username], **wanted)
        return absences.enter_absence(session, house.actor(by or username), asked, now=NOW).id


def shown(house: House, username: str, by: str = "") -> list[tuple[str, date, str]]:
    with house.database.transaction() as session:
        found = absences.absences_of(session, house.actor(by or username), house.structure.people[username], now=NOW)
        return [(one.absence.kind, one.last, one.state) for one in found]


def test_the_person_and_his_administrator_enter_and_end_it_others_are_refused_and_all_is_recorded(house: House) -> None:
    first = enter(house, "jb.handler")
    for other in ("jb.supervisor", "hs.handler"):
        with pytest.raises(Forbidden):
            enter(house, "jb.handler", other, since=TODAY + 20 * DAY, last=TODAY + 21 * DAY)
        with pytest.raises(Forbidden), house.database.transaction() as session:
            absences.end_absence(session, house.actor(other), first, now=NOW)
    second = enter(house, "jb.handler", "jb.admin", kind="trip", since=TODAY + 20 * DAY, last=TODAY + 20 * DAY)
    listed = [("trip", TODAY + 20 * DAY, "to_come"), ("leave", TODAY + 4 * DAY, "running")]
    assert shown(house, "jb.handler", "jb.admin") == listed
    with house.database.transaction() as session:
        absences.end_absence(session, house.actor("jb.admin"), second, now=NOW)
        absences.end_absence(session, house.actor("jb.handler"), first, now=NOW + 2 * DAY)
        with pytest.raises(Conflict):
            absences.end_absence(session, house.actor("jb.handler"), first, now=NOW + 2 * DAY)
        with pytest.raises(NotFound):
            absences.end_absence(session, SYSTEM, 999, now=NOW)
        told = session.scalars(select(Notice.subject).where(Notice.kind == "absence").order_by(Notice.id)).all()
        assert [one.partition("（")[0].partition("：")[0] for one in told] == ["已登记您出差", "您的出差已提前结束"]
        actions = session.scalars(select(AuditRecord.action).where(AuditRecord.action.like("absence.%")).order_by(AuditRecord.id))
        assert list(actions) == ["absence.enter"] * 2 + ["absence.end"] * 2
        assert audit.verify(session) == []
    assert shown(house, "jb.handler") == [("trip", TODAY + 19 * DAY, "over"), ("leave", TODAY + DAY, "running")]


def test_absences_of_a_person_never_overlap_and_days_given_back_are_free(house: House) -> None:
    first = enter(house, "jb.handler")
    for since, last in ((TODAY + 4 * DAY, TODAY + 9 * DAY), (TODAY, TODAY), (TODAY - DAY, TODAY + 30 * DAY)):
        with pytest.raises(Conflict, match="已经登记请假"):
            enter(house, "jb.handler", since=since, last=last)
    enter(house, "jb.supervisor")
    enter(house, "jb.handler", since=TODAY + 5 * DAY, last=TODAY + 6 * DAY)
    with house.database.transaction() as session:
        absences.end_absence(session, SYSTEM, first, now=NOW)
    enter(house, "jb.handler")
    with pytest.raises(IntegrityError, match="ex_absence_one_a_day"), house.database.transaction() as session:
        again = {"kind": "leave", "since": TODAY, "until": TODAY + DAY, "planned_until": TODAY + DAY, "created_at": NOW}
        session.add(Absence(user_id=house.structure.people["jb.handler"], **again))


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"last": TODAY - DAY, "since": TODAY - 2 * DAY}, "/last"),
        ({"last": TODAY, "since": TODAY + DAY}, "/last"),
        ({"last": TODAY + 366 * DAY}, "/last"),
        ({"kind": "holiday"}, "/kind"),
        ({"remark": "长" * 201}, "/remark"),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(house: House, more: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        enter(house, "jb.handler", **more)
    assert refused.value.details["pointer"] == pointer
