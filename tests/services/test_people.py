"""What administrators do to people and posts, and what these may do then."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from tests.people import NOW, PASSWORD, SYSTEM, TODAY, Structure, actor_of, build_structure
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, SignInRequired
from workflow_service.identity import names
from workflow_service.identity.access import actor_for, bearer
from workflow_service.identity.passwords import WeakPassword, verify_password
from workflow_service.services import people, tokens
from workflow_service.services.audit import verify
from workflow_service.services.people import PersonFacts
from workflow_service.services.sign_in import SignInRules, sign_in
from workflow_service.store import people_queries
from workflow_service.store.database import Database
from workflow_service.store.people import User
from workflow_service.store.people_queries import PeopleFilter, memberships_of, people_page
from workflow_service.store.records import AuditRecord

TOMORROW = TODAY + timedelta(days=1)
RULES = SignInRules(attempts=3, lockout_minutes=15)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def government(session: Session) -> Structure:
    return build_structure(session)


def new(username: str = "jb.new", name: str = "区能源局·经办二") -> PersonFacts:
    return PersonFacts(username=username, name=name)


def try_password(session: Session, username: str, password: str, minutes: int = 0) -> str:
    now = NOW + timedelta(minutes=minutes)
    outcome = sign_in(session, username, password, RULES, source="web", address="10.0.0.1", now=now)
    return outcome.reason or "in"


# setting up


def test_an_administrator_sets_up_a_person_in_his_county(session: Session, government: Structure) -> None:
    account = people.add_person(
        session, actor_of(session, "jb.admin"), new(), [("jb.energy", "handler")], now=NOW
    )
    actor = actor_for(session, account.user, "web", "", TODAY)
    assert actor.groups == {f"u:{account.user.id}", "g:jb.energy:handler"}
    assert (actor.unit_name, actor.area_paths, actor.roles) == (
        "江北区能源局",
        ("/330000/330200/330205/",),
        frozenset(),
    )
    assert account.user.must_change_password
    assert verify_password(account.user.password_hash, account.temporary_password)


@pytest.mark.parametrize("post", [("hs.drc", "handler"), ("nb.drc", "handler"), ("zj.drc", "handler")])
def test_he_fills_no_post_outside_his_county(
    session: Session, government: Structure, post: tuple[str, str]
) -> None:
    with pytest.raises(Forbidden):
        people.add_person(session, actor_of(session, "jb.admin"), new(), [post], now=NOW)


def test_staff_set_up_nobody(session: Session, government: Structure) -> None:
    with pytest.raises(Forbidden):
        people.add_person(
            session, actor_of(session, "jb.handler"), new(), [("jb.energy", "handler")], now=NOW
        )


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (PersonFacts(username="张三", name="某某"), "登录名"),
        (PersonFacts(username="a", name="某某"), "登录名"),
        (PersonFacts(username="ok", name="  "), "姓名"),
        (PersonFacts(username="ok", name="某某", email="nowhere"), "电子邮箱"),
        (PersonFacts(username="ok", name="某某", mobile="12ab"), "电话"),
    ],
)
def test_what_does_not_fit_is_named(session: Session, facts: PersonFacts, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        people.add_person(session, SYSTEM, facts, [], now=NOW)
    assert reason in str(refused.value)


def test_a_log_in_name_is_given_once_whatever_its_case(session: Session, government: Structure) -> None:
    with pytest.raises(Conflict):
        people.add_person(session, SYSTEM, new("JB.Handler"), [], now=NOW)


def test_a_post_that_does_not_exist_is_refused(session: Session, government: Structure) -> None:
    with pytest.raises(InvalidInput, match="没有岗位“cook”"):
        people.add_person(session, SYSTEM, new(), [("jb.energy", "cook")], now=NOW)


# moving and leaving


def test_a_transfer_takes_the_old_post_away_from_its_day_on(session: Session, government: Structure) -> None:
    user_id = government.people["jb.handler"]
    (held,) = memberships_of(session, [user_id], TODAY)
    admin = actor_of(session, "jb.admin")
    people.transfer_person(session, admin, held.id, "jb.ecology", "leader", now=NOW, on=TOMORROW)
    assert "g:jb.energy:handler" in actor_for(session, user_id, "web", "", TODAY).groups
    then = actor_for(session, user_id, "web", "", TOMORROW)
    assert then.groups == {f"u:{user_id}", "g:jb.ecology:leader"}
    assert then.has_role("leader", "/330000/330200/330205/")


def test_a_transfer_to_the_next_county_needs_both_administrators(
    session: Session, government: Structure
) -> None:
    (held,) = memberships_of(session, [government.people["jb.handler"]], TODAY)
    with pytest.raises(Forbidden):
        people.transfer_person(session, actor_of(session, "jb.admin"), held.id, "hs.drc", "handler", now=NOW)


def test_ending_the_last_post_ends_every_right(session: Session, government: Structure) -> None:
    user_id = government.people["jb.supervisor"]
    (held,) = memberships_of(session, [user_id], TODAY)
    people.end_membership(session, actor_of(session, "jb.admin"), held.id, now=NOW)
    actor = actor_for(session, user_id, "web", "", TODAY)
    assert (actor.groups, actor.roles, actor.area_paths) == ({f"u:{user_id}"}, frozenset(), ())
    with pytest.raises(Conflict):
        people.end_membership(session, actor_of(session, "jb.admin"), held.id, now=NOW)


def test_a_post_cannot_end_before_it_began(session: Session, government: Structure) -> None:
    (held,) = memberships_of(session, [government.people["jb.handler"]], TODAY)
    with pytest.raises(InvalidInput):
        people.end_membership(session, SYSTEM, held.id, now=NOW, until=TODAY - timedelta(days=1))


def test_a_post_ended_today_can_be_given_back_today(session: Session, government: Structure) -> None:
    user_id = government.people["jb.handler"]
    (held,) = memberships_of(session, [user_id], TODAY)
    people.end_membership(session, SYSTEM, held.id, now=NOW)
    people.assign_post(session, SYSTEM, user_id, "jb.energy", "handler", now=NOW)
    with pytest.raises(Conflict):
        people.assign_post(session, SYSTEM, user_id, "jb.energy", "handler", now=NOW)
    assert len(memberships_of(session, [user_id], TODAY)) == 1


def test_a_post_given_for_later_counts_from_its_day(session: Session, government: Structure) -> None:
    user_id = government.people["jb.handler"]
    people.assign_post(session, SYSTEM, user_id, "jb.drc", "supervisor", now=NOW, since=TOMORROW)
    assert not actor_for(session, user_id, "web", "", TODAY).has_role("supervisor")
    assert actor_for(session, user_id, "web", "", TOMORROW).has_role("supervisor")


def test_a_stopped_account_opens_nothing_and_its_name_stays(session: Session, government: Structure) -> None:
    user_id = government.people["jb.handler"]
    token = tokens.make_token(session, actor_of(session, "jb.handler"), "报表", days=30, now=NOW)
    user = people.deactivate_person(session, actor_of(session, "jb.admin"), user_id, now=NOW)
    assert try_password(session, "jb.handler", PASSWORD) == "inactive"
    with pytest.raises(SignInRequired):
        bearer(session, token.text, "", TODAY, NOW)
    with pytest.raises(SignInRequired):
        actor_for(session, user_id, "web", "", TODAY)
    assert (user.name, user.session_epoch, memberships_of(session, [user_id], TODAY)) == (
        "区能源局·经办",
        1,
        [],
    )
    with pytest.raises(Conflict):
        people.assign_post(session, SYSTEM, user_id, "jb.energy", "handler", now=NOW)
    account = people.reactivate_person(session, actor_of(session, "jb.admin"), user_id, now=NOW)
    assert try_password(session, "jb.handler", account.temporary_password) == "in"


def test_nobody_stops_himself(session: Session, government: Structure) -> None:
    with pytest.raises(Conflict):
        people.deactivate_person(
            session, actor_of(session, "jb.admin"), government.people["jb.admin"], now=NOW
        )


def test_the_next_countys_people_are_as_if_they_did_not_exist(
    session: Session, government: Structure
) -> None:
    admin, other = actor_of(session, "jb.admin"), government.people["hs.handler"]
    for use in (
        lambda: people.deactivate_person(session, admin, other, now=NOW),
        lambda: people.reset_password(session, admin, other, now=NOW),
        lambda: people.unlock_person(session, admin, other, now=NOW),
        lambda: people.change_person(session, admin, other, new(), now=NOW),
    ):
        with pytest.raises(NotFound):
            use()


def test_a_county_resets_no_password_that_opens_the_province_too(
    session: Session, government: Structure
) -> None:
    user_id = government.people["jb.handler"]
    people.assign_post(session, actor_of(session, "zj.admin"), user_id, "zj.drc", "handler", now=NOW)
    with pytest.raises(Forbidden):
        people.reset_password(session, actor_of(session, "jb.admin"), user_id, now=NOW)
    assert people.reset_password(session, actor_of(session, "zj.admin"), user_id, now=NOW).temporary_password


# signing in


def test_three_wrong_passwords_lock_for_a_quarter_of_an_hour(session: Session, government: Structure) -> None:
    assert [try_password(session, "jb.handler", "wrong") for _ in range(3)] == ["wrong", "wrong", "locked"]
    assert try_password(session, "jb.handler", PASSWORD, minutes=14) == "locked"
    assert try_password(session, "jb.handler", PASSWORD, minutes=15) == "in"
    assert try_password(session, "jb.handler", "wrong", minutes=16) == "wrong"


def test_a_right_password_forgets_the_wrong_ones(session: Session, government: Structure) -> None:
    tries = ["wrong", "wrong", PASSWORD, "wrong", "wrong"]
    assert [try_password(session, "JB.handler ", each) for each in tries] == [
        "wrong",
        "wrong",
        "in",
        "wrong",
        "wrong",
    ]


def test_an_administrator_unlocks(session: Session, government: Structure) -> None:
    for _ in range(3):
        try_password(session, "jb.handler", "wrong")
    people.unlock_person(session, actor_of(session, "jb.admin"), government.people["jb.handler"], now=NOW)
    assert try_password(session, "jb.handler", PASSWORD) == "in"


def test_an_unknown_name_is_answered_like_a_wrong_password(session: Session, government: Structure) -> None:
    assert try_password(session, "nobody.here", PASSWORD) == "wrong"


def test_a_person_changes_his_own_password(session: Session, government: Structure) -> None:
    actor = actor_of(session, "jb.handler")
    with pytest.raises(InvalidInput, match="原密码"):
        people.change_own_password(session, actor, "not it", "a new passphrase", now=NOW)
    user = people.change_own_password(session, actor, PASSWORD, "a new passphrase", now=NOW)
    assert (user.session_epoch, user.must_change_password) == (1, False)
    assert try_password(session, "jb.handler", "a new passphrase") == "in"


@pytest.mark.parametrize(
    "password", ["short", "1234567890123", "aaaaaaaaaaaaa", "my jb.handler pw", "x" * 129, PASSWORD]
)
def test_a_weak_password_is_refused_with_the_reason(
    session: Session, government: Structure, password: str
) -> None:
    with pytest.raises(WeakPassword):
        people.change_own_password(session, actor_of(session, "jb.handler"), PASSWORD, password, now=NOW)


# tokens


def test_a_token_opens_until_it_expires_and_notes_its_use_once_an_hour(
    session: Session, government: Structure
) -> None:
    made = tokens.make_token(session, actor_of(session, "jb.handler"), "报表", days=1, now=NOW)
    assert made.text.encode() not in bytes(made.token.token_hash)
    assert bearer(session, made.text, "10.0.0.1", TODAY, NOW).source == "api"
    bearer(session, made.text, "", TODAY, NOW + timedelta(minutes=59))
    session.refresh(made.token)
    assert made.token.last_used_at == NOW
    bearer(session, made.text, "", TODAY, NOW + timedelta(minutes=60))
    session.refresh(made.token)
    assert made.token.last_used_at == NOW + timedelta(minutes=60)
    with pytest.raises(SignInRequired):
        bearer(session, made.text, "", TOMORROW, NOW + timedelta(days=1))


def test_a_revoked_or_invented_token_opens_nothing(session: Session, government: Structure) -> None:
    actor = actor_of(session, "jb.handler")
    made = tokens.make_token(session, actor, "报表", days=1, now=NOW)
    with pytest.raises(NotFound):
        tokens.revoke_token(session, actor_of(session, "jb.admin"), made.token.id, now=NOW)
    tokens.revoke_token(session, actor, made.token.id, now=NOW)
    for text in (made.text, "tc_invented", ""):
        with pytest.raises(SignInRequired):
            bearer(session, text, "", TODAY, NOW)


@pytest.mark.parametrize(
    ("name", "days"), [("", 30), ("x" * 61, 30), ("报表", 0), ("报表", 367), ("报表", None)]
)
def test_a_token_has_a_name_and_an_end(
    session: Session, government: Structure, name: str, days: int | None
) -> None:
    with pytest.raises(InvalidInput):
        tokens.make_token(session, actor_of(session, "jb.handler"), name, days=days, now=NOW)


# lists


def found(session: Session, wanted: PeopleFilter, today: date = TODAY) -> list[str]:
    return [user.username for user in people_page(session, wanted, today, after=None, limit=50)]


def test_a_county_lists_its_own_people_by_rank_then_pinyin(session: Session, government: Structure) -> None:
    listed = found(session, PeopleFilter(areas=("/330000/330200/330205/",)))
    assert listed == ["jb.supervisor", "jb.handler", "jb.admin"]


def test_pages_follow_each_other_without_a_gap(session: Session, government: Structure) -> None:
    everybody, after, seen = PeopleFilter(areas=None), None, []
    while page := people_page(session, everybody, TODAY, after=after, limit=2):
        seen += [user.username for user in page]
        after = (page[-1].sort_key, page[-1].id)
    assert seen == found(session, everybody)
    assert len(seen) == len(set(seen)) == people_queries.count_people(session, everybody, TODAY) == 7


@pytest.mark.parametrize("typed", ["能源", "nyj", "nengyuan", "jb.handler 能"])
def test_people_are_found_by_characters_initials_and_log_in_name(
    session: Session, government: Structure, typed: str
) -> None:
    wanted = PeopleFilter(areas=None, words=names.matches(User.keywords, typed))
    assert found(session, wanted) == ["jb.handler"]


def test_who_left_stays_in_the_list_of_the_last_area(session: Session, government: Structure) -> None:
    people.deactivate_person(session, SYSTEM, government.people["hs.handler"], now=NOW)
    assert found(session, PeopleFilter(areas=("/330000/330200/330203/",), active=False)) == ["hs.handler"]
    assert found(session, PeopleFilter(areas=("/330000/330200/330205/",), active=False)) == []


def test_everything_done_is_on_record(session: Session, government: Structure) -> None:
    people.reset_password(session, actor_of(session, "jb.admin"), government.people["jb.handler"], now=NOW)
    session.flush()
    last = session.query(AuditRecord).order_by(AuditRecord.id.desc()).first()
    assert last is not None
    assert (last.action, last.actor_name, last.source) == (
        "person.reset_password",
        "区发展改革局·管理员",
        "web",
    )
    assert verify(session) == []
