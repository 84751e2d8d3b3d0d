"""Listed supervision: on the list with deadline and person, progress, struck off by somebody else only."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.people import SYSTEM, actor_of
from tests.services.house import House
from tests.services.test_rhythms import delivered
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.services import audit, deployments, extensions, listing, people, processes, tasks
from workflow_service.services.listing import ListingAsked
from workflow_service.services.people import PersonFacts
from workflow_service.store import listed_list
from workflow_service.store.acting import ListedMatter
from workflow_service.store.listed_list import ListedFilter
from workflow_service.store.records import AuditRecord
from workflow_service.store.runtime import Task
from workflow_service.store.supervision import Notice

DUE = date(2025, 12, 5)
POST = "g:jb.energy:handler"
FILES = ("listed_supervision", "listed_progress", "listed_check", "deadlines")
PROGRESS = {"outcome": "progress", "progress": "已完成初稿。"}
ASK = {"outcome": "strike_off", "progress": "整改完毕，申请销号。"}
CONFIRM = {"outcome": "confirm"}


@pytest.fixture
def listed(house: House) -> House:
    """The house with the delivered process and two more people: a second supervisor, and the energy bureau's leader."""
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "acting", delivered(*FILES), now=house.now)
        for name, post in (
            ("jb.second", ("jb.drc", "supervisor")),
            ("jb.energy.leader", ("jb.energy", "leader")),
        ):
            people.add_person(session, SYSTEM, PersonFacts(username=name, name=name), [post], now=house.now)
    return house


def put_on_list(house: House, username: str = "jb.supervisor", **more: object) -> int:
    asked = {
        "title": "能源规划久拖不决",
        "reason": "逾期 30 个工作日。",
        "holder": POST,
        "due_on": DUE,
    } | more
    with house.database.transaction() as session:
        return listing.list_matter(session, house.actor(username), ListingAsked(**asked), now=house.now).id  # type: ignore[arg-type]


def matter_of(house: House, matter_id: int) -> ListedMatter:
    with house.database.transaction() as session:
        return session.get_one(ListedMatter, matter_id)


def do(house: House, element: str, values: dict[str, str], username: str) -> None:
    house.complete(element, values, username)


def course(house: House, matter_id: int) -> list[tuple[str, str]]:
    with house.database.transaction() as session:
        return [(note.kind, note.text) for note, _person, _unit in listed_list.notes_of(session, matter_id)]


def test_a_listed_matter_is_numbered_and_lies_before_the_post_until_its_day(listed: House) -> None:
    first, second = put_on_list(listed), put_on_list(listed, title="另一件事")
    assert [matter_of(listed, one).number for one in (first, second)] == [1, 2]
    (task, _other) = listed.open()
    assert (task.element_id, task.due_at.astimezone(listed.now.tzinfo).date()) == ("rectify", DUE)  # type: ignore[union-attr]
    assert task.candidate_groups == ["jb.energy:handler"] and task.plan_id is None
    assert matter_of(listed, first).responsible_id == listed.structure.people["jb.handler"]
    with listed.database.transaction() as session:
        told = session.scalars(
            select(Notice.user_id).where(
                Notice.kind == "listed", Notice.link == f"/supervision/listed/{first}"
            )
        )
        assert set(told) == {listed.structure.people["jb.handler"]}


def test_progress_is_noted_and_the_matter_is_struck_off_once_another_person_confirms(listed: House) -> None:
    matter = put_on_list(listed)
    do(listed, "rectify", PROGRESS, "jb.handler")
    assert listed.waiting() == ["rectify"]
    do(listed, "rectify", ASK, "jb.handler")
    assert (listed.waiting(), matter_of(listed, matter).status) == (["verify"], "asked")
    do(listed, "verify", {"outcome": "refuse", "opinion": "附图还缺。"}, "jb.supervisor")
    do(listed, "rectify", ASK, "jb.handler")
    do(listed, "verify", CONFIRM, "jb.supervisor")
    found = matter_of(listed, matter)
    assert (found.status, found.struck_off_by) == ("struck_off", listed.structure.people["jb.supervisor"])
    assert [kind for kind, _text in course(listed, matter)] == [
        "listed",
        "progress",
        "asked",
        "refused",
        "asked",
        "struck_off",
    ]
    assert ("refused", "附图还缺。") in course(listed, matter)
    with listed.database.transaction() as session:
        assert [row.status for row in session.scalars(select(Task).where(Task.element_id == "verify"))] == [
            "completed"
        ] * 2
        actions = set(session.scalars(select(AuditRecord.action)))
        assert {"listing.list", "listing.strike_off"} <= actions and not list(audit.verify(session))


def test_who_asked_cannot_confirm_even_as_a_supervisor(listed: House) -> None:
    put_on_list(
        listed,
        "jb.second",
        holder="g:jb.drc:supervisor",
        responsible_id=listed.structure.people["jb.supervisor"],
    )
    do(listed, "rectify", ASK, "jb.second")
    for barred in ("jb.second", "jb.supervisor"):  # who asked, and who answers for it
        with pytest.raises(Forbidden) as refused:
            do(listed, "verify", CONFIRM, barred)
        assert "回避" in refused.value.message
    assert listed.waiting() == ["verify"]


def test_who_must_not_confirm_cannot_take_the_task_either(listed: House) -> None:
    put_on_list(
        listed,
        "jb.second",
        holder="g:jb.drc:supervisor",
        responsible_id=listed.structure.people["jb.supervisor"],
    )
    do(listed, "rectify", ASK, "jb.second")
    (task,) = listed.open()
    with pytest.raises(Forbidden), listed.database.transaction() as session:
        tasks.claim_task(session, listed.actor("jb.supervisor"), task.id, now=listed.now)


def test_a_diagram_that_forgets_the_second_person_strikes_nothing_off(listed: House) -> None:
    plain = delivered("listed_supervision")["listed_supervision.bpmn"].replace(
        b'approval:notBy="rectify, ${matter.responsible}"', b""
    )
    with listed.database.transaction() as session:
        deployments.deploy_files(
            session, SYSTEM, "careless", {"listed_supervision.bpmn": plain}, now=listed.now
        )
    matter = put_on_list(
        listed,
        "jb.second",
        holder="g:jb.drc:supervisor",
        responsible_id=listed.structure.people["jb.supervisor"],
    )
    do(listed, "rectify", ASK, "jb.second")
    do(listed, "verify", CONFIRM, "jb.second")
    assert matter_of(listed, matter).status == "asked"
    (incident,) = listed.incidents()
    with listed.database.transaction() as session, pytest.raises(Forbidden):
        listing.strike_off(session, SYSTEM, session.get_one(ListedMatter, matter), "", now=listed.now)
    assert incident.element_id == "strike_off"


def test_the_matter_stays_with_the_post_when_its_person_is_transferred(listed: House) -> None:
    matter = put_on_list(listed)
    (task,) = listed.open()
    with listed.database.transaction() as session:
        tasks.claim_task(session, listed.actor("jb.handler"), task.id, now=listed.now)
        people.add_person(
            session,
            SYSTEM,
            PersonFacts(username="jb.heir", name="接任"),
            [("jb.energy", "handler")],
            now=listed.now,
        )
        people.deactivate_person(session, SYSTEM, listed.structure.people["jb.handler"], now=listed.now)
    with listed.database.transaction() as session:
        heir = actor_of(session, "jb.heir")
        assert tasks.complete_task(session, heir, task.id, ASK, now=listed.now).completed_by == heir.user_id
    assert matter_of(listed, matter).asked_by == heir.user_id
    do(listed, "verify", CONFIRM, "jb.supervisor")
    assert matter_of(listed, matter).status == "struck_off"


def test_every_unit_of_the_area_sees_the_list_and_no_other_county(listed: House) -> None:
    matter = put_on_list(listed)
    for username in ("jb.handler", "jb.admin", "nb.planner", "zj.admin"):
        with listed.database.transaction() as session:
            actor = listed.actor(username)
            assert listing.visible_matter(session, actor, matter).id == matter
            wanted = ListedFilter(areas=actor.area_paths, within=actor.area_paths)
            assert [row.matter.id for row in listed_list.rows(session, wanted)] == [matter]
    with listed.database.transaction() as session:
        actor = listed.actor("hs.handler")
        with pytest.raises(Forbidden):
            listing.visible_matter(session, actor, matter)
        assert listed_list.rows(session, ListedFilter(areas=actor.area_paths, within=actor.area_paths)) == []


def test_the_filters_of_the_list(listed: House) -> None:
    first, second = put_on_list(listed), put_on_list(listed, title="港口规划", due_on=date(2026, 1, 30))
    do(listed, "rectify", ASK, "jb.handler")
    do(listed, "verify", CONFIRM, "jb.supervisor")
    with listed.database.transaction() as session:
        processes.terminate_instance(
            session,
            listed.actor("jb.supervisor"),
            matter_of(listed, second).instance_id or 0,
            "误挂",
            now=listed.now,
        )
    third = put_on_list(listed, title="水利规划", due_on=listed.now.date() + timedelta(days=1))

    def found(**more: object) -> list[int]:
        with listed.database.transaction() as session:
            wanted = ListedFilter(areas=None, **more)  # type: ignore[arg-type]
            rows = listed_list.rows(session, wanted)
            assert listed_list.count(session, wanted) == len(rows)
            return [row.matter.id for row in rows]

    assert found() == [third, second, first]
    assert (found(state="open"), found(state="struck_off"), found(state="withdrawn")) == (
        [third],
        [first],
        [second],
    )
    assert found(text="港口") == [second] and found(late=True, today=DUE) == [third]
    assert (
        found(unit="jb.energy", area="/330000/330200/330205/") == [third, second, first]
        and found(unit="jb.drc") == []
    )


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"title": " "}, InvalidInput), ({"reason": ""}, InvalidInput), ({"due_on": date(2025, 11, 24)}, InvalidInput),
        ({"holder": "u:1"}, InvalidInput), ({"holder": "g:jb.energy:registry"}, InvalidInput),
        ({"responsible_id": 1}, InvalidInput), ({"task_id": 99}, NotFound),
    ],
)  # fmt: skip
def test_what_cannot_be_listed_says_why(
    listed: House, more: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        put_on_list(listed, **more)


@pytest.mark.parametrize("username", ["jb.handler", "jb.admin", "hs.handler", "nb.planner"])
def test_only_supervisors_and_the_inspection_office_list(listed: House, username: str) -> None:
    with pytest.raises(Forbidden):
        put_on_list(listed, username)


def test_the_same_task_stands_on_the_list_once(listed: House) -> None:
    listed.deploy_chain(
        '<userTask id="work" name="w" camunda:formKey="answer" camunda:candidateGroups="jb.energy:handler"/>'
    )
    listed.start()
    (task,) = listed.open()
    put_on_list(listed, task_id=task.id)
    with pytest.raises(Conflict):
        put_on_list(listed, task_id=task.id)


def rectifying(house: House) -> Task:
    (task,) = [one for one in house.open() if one.element_id == "rectify"]
    return task


def test_a_later_date_is_the_matter_s_and_that_of_every_later_step(listed: House) -> None:
    matter, later = put_on_list(listed), datetime(2025, 12, 19, 17, 30, tzinfo=listed.now.tzinfo)
    with listed.database.transaction() as session:
        task_id = rectifying(listed).id
        asked = extensions.ask_for_extension(session, listed.actor("jb.handler"), task_id, later, "等数据。", now=listed.now)
        extensions.grant_extension(session, listed.actor("jb.supervisor"), asked.id, now=listed.now)
    assert matter_of(listed, matter).due_on == later.date()
    do(listed, "rectify", PROGRESS, "jb.handler")
    assert rectifying(listed).due_at == later
    ordered = datetime(2025, 12, 10, 12, 0, tzinfo=listed.now.tzinfo)
    with listed.database.transaction() as session:
        tasks.set_due(session, SYSTEM, rectifying(listed).id, ordered, "提前。", now=listed.now)
    do(listed, "rectify", PROGRESS, "jb.handler")
    assert (rectifying(listed).due_at, matter_of(listed, matter).due_on) == (ordered, ordered.date())
    with listed.database.transaction() as session:
        assert audit.verify(session) == []


def test_a_matter_whose_run_stood_still_has_its_day_moved_with_its_task(listed: House) -> None:
    matter = put_on_list(listed)
    run = matter_of(listed, matter).instance_id or 0
    with listed.database.transaction() as session:
        processes.suspend_instance(session, SYSTEM, run, "核查", now=listed.now)
    listed.now += timedelta(days=7)
    with listed.database.transaction() as session:
        processes.resume_instance(session, SYSTEM, run, "核查完毕", now=listed.now)
    assert matter_of(listed, matter).due_on == DUE + timedelta(days=7)
    do(listed, "rectify", PROGRESS, "jb.handler")
    due = rectifying(listed).due_at
    assert due is not None and due.astimezone(listed.now.tzinfo).date() == DUE + timedelta(days=7)
