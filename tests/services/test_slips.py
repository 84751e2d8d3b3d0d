"""Notice slips: numbered, delivered, signed for, answered; silence climbs."""

from datetime import date, datetime, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from tests.people import SYSTEM
from tests.services.house import House
from tests.services.test_rhythms import delivered
from workflow_service.domain.errors import Forbidden, InvalidInput
from workflow_service.services import audit, circulations, deployments, extensions, people, processes, slips
from workflow_service.services.people import PersonFacts
from workflow_service.services.slips import SlipAsked
from workflow_service.store import slip_list
from workflow_service.store.acting import NoticeSlipRow
from workflow_service.store.slip_list import SlipFilter
from workflow_service.store.supervision import Notice

UNTIL = date(2025, 12, 5)
FILES = ("notice_slip", "slip_answer", "deadlines")
ANSWER = {"outcome": "submit", "answer": "已办结。"}


@pytest.fixture
def slipping(house: House) -> House:
    """The house with the delivered process and a leader at the energy bureau."""
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "acting", delivered(*FILES), now=house.now)
        clerk = PersonFacts(username="jb.registry", name="收发")
        people.add_person(session, SYSTEM, clerk, [("jb.drc", "registry")], now=house.now)
        facts = PersonFacts(username="jb.energy.leader", name="局长")
        house.structure.people["leader"] = people.add_person(
            session, SYSTEM, facts, [("jb.energy", "leader")], now=house.now
        ).user.id
    return house


def issue(house: House, username: str = "jb.supervisor", **more: object) -> int:
    asked = {
        "unit": "jb.energy", "matter": "关于加快能源规划编制的函", "facts": "已逾期。", "asked": "请抓紧报送。", "until": UNTIL,
    } | more  # fmt: skip
    with house.database.transaction() as session:
        return slips.issue_slip(session, house.actor(username), SlipAsked(**asked), now=house.now).id  # type: ignore[arg-type]


def slip_of(house: House, slip_id: int) -> NoticeSlipRow:
    with house.database.transaction() as session:
        return session.get_one(NoticeSlipRow, slip_id)


def told(house: House, subject: str) -> set[int]:
    with house.database.transaction() as session:
        return set(session.scalars(select(Notice.user_id).where(Notice.subject.startswith(subject))))


def fire(house: House, element: str, at: datetime) -> None:
    timer = next(one for one in house.timers() if one.element_id == element)
    with house.database.transaction() as session:
        assert processes.fire_timer(session, timer.id, now=at)


def test_slips_are_numbered_in_a_series_of_their_own_and_signed_for(slipping: House) -> None:
    first, second = issue(slipping), issue(slipping, answer_wanted=False, copies=["jb.drc"])
    numbers = [slip_of(slipping, one).number for one in (first, second)]
    assert [number[-7:] for number in numbers] == ["2025〕1号", "2025〕2号"] and all("抄〔" in one for one in numbers)
    assert slipping.waiting() == ["answer"]  # the second demands none
    circulation = slip_of(slipping, first).circulation_id or 0
    with slipping.database.transaction() as session:
        circulations.mark_read(session, slipping.actor("jb.handler"), circulation, now=slipping.now)
        row = slip_list.row_of(session, first)
        assert (row.signed_at, row.sender) == (slipping.now, "区发展改革局·督办")
        assert slip_list.row_of(session, second).signed_at is None


def test_the_answer_is_a_task_of_the_unit_until_the_day(slipping: House) -> None:
    slip = issue(slipping)
    (task,) = slipping.open()
    assert (task.candidate_groups, task.plan_id) == (["jb.energy:handler"], None)
    slipping.complete("answer", ANSWER, "jb.handler")
    found = slip_of(slipping, slip)
    assert (found.answer, found.superior_at) == ("已办结。", None)
    assert told(slipping, "收到回执") == {slipping.structure.people["jb.supervisor"]}
    with slipping.database.transaction() as session:
        assert [row.slip.id for row in slip_list.rows(session, SlipFilter(areas=None, state="answered"))] == [slip]


def test_silence_climbs_to_the_leader_and_then_to_the_supervisors_and_the_answer_may_still_come(slipping: House) -> None:
    slip, close = issue(slipping), datetime(2025, 12, 5, 17, 30, tzinfo=slipping.now.tzinfo)
    fire(slipping, "overdue", close)
    assert told(slipping, "抄告单到期未回") == {slipping.structure.people["leader"]}
    (timer,) = [one for one in slipping.timers() if one.element_id == "long_overdue"]
    assert timer.due_at == datetime(2025, 12, 10, 17, 30, tzinfo=slipping.now.tzinfo)  # three working days, over a weekend
    fire(slipping, "long_overdue", timer.due_at)
    assert told(slipping, "抄告单超期未回") == {slipping.structure.people["jb.supervisor"]}
    found = slip_of(slipping, slip)
    assert (found.superior_at, found.supervisor_at, found.answered_at) == (close, timer.due_at, None)
    with slipping.database.transaction() as session:
        late = SlipFilter(areas=None, state="late", today=UNTIL + timedelta(days=1))
        assert slip_list.count(session, late) == 1
        assert slip_list.count(session, SlipFilter(areas=None, state="late", today=UNTIL)) == 0
    slipping.complete("answer", ANSWER, "jb.handler")
    assert slip_of(slipping, slip).answer == "已办结。" and not slipping.incidents() and not slipping.timers()


def test_an_answer_in_time_leaves_nothing_to_climb(slipping: House) -> None:
    issue(slipping)
    slipping.complete("answer", ANSWER, "jb.handler")
    assert slipping.timers() == []


def test_the_document_says_what_the_slip_says(slipping: House) -> None:
    slip = issue(slipping, copies=["jb.drc"])
    with slipping.database.transaction() as session:
        content = slips.slip_docx(session, slipping.actor("jb.handler"), slip)
    text = ZipFile(BytesIO(content)).read("word/document.xml").decode()
    said = ("关于加快能源规划编制的函", "江北区能源局：", "2025年12月5日前办理完毕，并填写回执", "回　执", "江北区发展和改革局")
    assert [words for words in said if words not in text] == []


def test_who_sees_a_slip(slipping: House) -> None:
    slip = issue(slipping)
    for username in ("jb.supervisor", "jb.handler"):
        with slipping.database.transaction() as session:
            assert slips.visible_slip(session, slipping.actor(username), slip).id == slip
    for username in ("hs.handler", "nb.planner"):
        with slipping.database.transaction() as session, pytest.raises(Forbidden):
            slips.visible_slip(session, slipping.actor(username), slip)


@pytest.mark.parametrize(
    "more",
    [{"matter": ""}, {"facts": " "}, {"asked": ""}, {"until": date(2025, 11, 24)}, {"unit": "nowhere"}, {"unit": "jb.ecology"}],
)
def test_what_cannot_be_issued_says_why(slipping: House, more: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        issue(slipping, **more)
    assert slipping.open() == []


@pytest.mark.parametrize("username", ["jb.handler", "jb.admin", "hs.handler"])
def test_only_supervisors_and_the_offices_issue(slipping: House, username: str) -> None:
    with pytest.raises(Forbidden):
        issue(slipping, username)


def extended(house: House, until: datetime) -> None:
    """The unit asks for a later date for its answer, and is given it."""
    (task,) = [one for one in house.open() if one.element_id == "answer"]
    with house.database.transaction() as session:
        asked = extensions.ask_for_extension(session, house.actor("jb.handler"), task.id, until, "等数据。", now=house.now)
        extensions.grant_extension(session, house.actor("jb.supervisor"), asked.id, now=house.now)


def test_a_later_date_for_the_answer_is_the_slip_s_and_its_reminders_and_the_paper_stays(slipping: House) -> None:
    slip, later = issue(slipping), datetime(2025, 12, 19, 17, 30, tzinfo=slipping.now.tzinfo)
    extended(slipping, later)
    assert slip_of(slipping, slip).until == later.date()
    climbs = datetime(2025, 12, 24, 17, 30, tzinfo=slipping.now.tzinfo)
    assert {one.element_id: one.due_at for one in slipping.timers()} == {"overdue": later, "long_overdue": climbs}
    with slipping.database.transaction() as session:
        day_after = UNTIL + timedelta(days=1)
        assert slip_list.count(session, SlipFilter(areas=None, state="late", today=day_after)) == 0
        assert not processes.due_timers(session, datetime(2025, 12, 12, tzinfo=slipping.now.tzinfo))
        assert slips.as_paper(session, session.get_one(NoticeSlipRow, slip)).until == UNTIL
        assert audit.verify(session) == []
    extended(slipping, later + timedelta(days=3))
    with slipping.database.transaction() as session:
        assert slips.as_paper(session, session.get_one(NoticeSlipRow, slip)).until == UNTIL
    fire(slipping, "overdue", later + timedelta(days=3))
    assert told(slipping, "抄告单到期未回") == {slipping.structure.people["leader"]}
    slipping.complete("answer", ANSWER, "jb.handler")
    assert not slipping.incidents() and not slipping.timers()
