"""An import is checked row by row and written whole or not at all."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.people import NOW, TODAY, actor_of, build_structure
from workflow_service.domain.errors import Forbidden
from workflow_service.identity.access import actor_by_username
from workflow_service.identity.import_people import ImportRow
from workflow_service.services.people import deactivate_person
from workflow_service.services.people_import import (
    ImportRefused,
    check_import,
    posts_for_template,
    run_import,
)
from workflow_service.services.sign_in import SignInRules, sign_in
from workflow_service.store.database import Database
from workflow_service.store.people import Membership, User
from workflow_service.store.records import AuditRecord

GOOD = (
    ImportRow(
        2, "区能源局·收发", "jb.registry", "jb.energy", "registry", "a@example.invalid", "0574-1234567"
    ),
    ImportRow(3, "区能源局·收发", "JB.registry", "jb.ecology", "收发"),
    ImportRow(4, "区能源局·经办", "jb.handler", "jb.drc", "handler", since="2025-12-01"),
    ImportRow(5, "区能源局·经办", "jb.handler", "jb.energy", "handler"),
    ImportRow(6, "区能源局·收发", "jb.registry", "jb.energy", "registry"),
)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        build_structure(session)
        yield session


def counts(session: Session) -> tuple[int, ...]:
    return tuple(
        session.scalar(select(func.count()).select_from(each)) or 0
        for each in (User, Membership, AuditRecord)
    )


def test_the_dry_run_says_what_each_row_would_do_and_writes_nothing(session: Session) -> None:
    before = counts(session)
    check = check_import(session, actor_of(session, "jb.admin"), GOOD, now=NOW)
    assert [row.effect for row in check.rows] == ["new", "post", "post", "same", "same"]
    assert check.is_clean
    assert counts(session) == before


def test_the_import_sets_up_people_who_can_sign_in(session: Session) -> None:
    people, memberships, records = counts(session)
    result = run_import(session, actor_of(session, "jb.admin"), GOOD, now=NOW)
    assert counts(session) == (people + 1, memberships + 3, records + 1)
    (imported,) = result.people
    assert result.posts == 3
    outcome = sign_in(
        session, "jb.registry", imported.temporary_password, SignInRules(), source="web", address="", now=NOW
    )
    assert outcome.user is not None
    assert outcome.user.must_change_password
    assert outcome.user.sort_key.startswith("0060 ")
    actor = actor_by_username(session, "jb.registry", "web", "", TODAY)
    assert actor.groups >= {"g:jb.energy:registry", "g:jb.ecology:registry"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ImportRow(9, "", "jb.x1", "jb.energy", "handler"), "姓名"),
        (ImportRow(9, "某岗", "经办", "jb.energy", "handler"), "登录名"),
        (ImportRow(9, "某岗", "jb.x1", "jb.nowhere", "handler"), "没有代码为“jb.nowhere”的在用单位"),
        (ImportRow(9, "某岗", "jb.x1", "jb.energy", "cook"), "没有岗位“cook”"),
        (ImportRow(9, "某岗", "jb.x1", "hs.drc", "handler"), "不在您的管理范围内"),
        (ImportRow(9, "别的名字", "jb.handler", "jb.energy", "leader"), "已属于“区能源局·经办”"),
        (ImportRow(9, "别的名字", "jb.registry", "jb.energy", "leader"), "已属于“区能源局·收发”"),
        (ImportRow(9, "某岗", "jb.x1", "jb.energy", "handler", since="明天"), "不是日期"),
        (ImportRow(9, "某岗", "jb.x1", "jb.energy", "handler", email="x"), "电子邮箱"),
        (ImportRow(9, "某\x00岗", "jb.x1", "jb.energy", "handler"), "控制字符"),
    ],
)
def test_one_bad_row_is_named_and_stops_the_whole_import(session: Session, row: ImportRow, said: str) -> None:
    before = counts(session)
    admin = actor_of(session, "jb.admin")
    check = check_import(session, admin, [*GOOD, row], now=NOW)
    assert [each.row.number for each in check.rows if each.effect == "error"] == [9]
    assert said in " ".join(str(error) for error in check.rows[-1].errors)
    with pytest.raises(ImportRefused):
        run_import(session, admin, [*GOOD, row], now=NOW)
    assert counts(session) == before


def test_a_row_names_all_that_is_wrong_with_it(session: Session) -> None:
    row = ImportRow(2, "", "", "nowhere", "", since="x")
    check = check_import(session, actor_of(session, "jb.admin"), [row], now=NOW)
    assert len(check.rows[0].errors) == 3


def test_a_stopped_account_gets_no_post_by_import(session: Session) -> None:
    admin = actor_of(session, "jb.admin")
    user = session.scalar(select(User).where(User.username == "jb.handler"))
    assert user is not None
    deactivate_person(session, admin, user.id, now=NOW)
    assert check_import(session, admin, GOOD[2:3], now=NOW).count("error") == 1


def test_only_administrators_import(session: Session) -> None:
    with pytest.raises(Forbidden):
        check_import(session, actor_of(session, "jb.supervisor"), GOOD, now=NOW)


def test_the_template_lists_the_posts_of_the_administrators_area(session: Session) -> None:
    listed = posts_for_template(session, actor_of(session, "jb.admin"))
    assert ("jb.energy", "江北区能源局", "handler", "经办") in listed
    assert {row[0] for row in listed} == {"jb", "jb.drc", "jb.energy", "jb.ecology", "cc"}


def test_a_large_import_asks_few_questions(session: Session, database: Database) -> None:
    from tests.identity.test_groups import statements

    rows = [ImportRow(n, f"区能源局·经办{n}", f"jb.h{n}", "jb.energy", "handler") for n in range(2, 402)]
    admin = actor_of(session, "jb.admin")
    with statements(database) as seen:
        assert len(run_import(session, admin, rows, now=NOW).people) == 400
        session.flush()
    assert len(seen) < 40
