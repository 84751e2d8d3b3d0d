"""`workflow unit`, `workflow user` and `workflow token`: the way in for the first administrator."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.people import NOW, TODAY, build_structure
from workflow_service import clock
from workflow_service.cli import workflow
from workflow_service.domain.errors import SignInRequired
from workflow_service.identity.access import bearer
from workflow_service.services.sign_in import SignInRules, sign_in
from workflow_service.store.database import Database
from workflow_service.store.people_queries import user_by_name

Run = Callable[..., Result]


@pytest.fixture
def run(database: Database, migrated_url: str, tmp_path: Path) -> Run:
    environment = {
        "DATABASE_URL": migrated_url,
        "SECRET_KEY": "only-for-these-tests",
        "TONGCHOU_VAR": str(tmp_path / "var"),
    }
    return lambda *words: CliRunner().invoke(workflow, words, env=environment, catch_exceptions=False)


@pytest.fixture
def government(database: Database) -> None:
    with database.transaction() as session:
        build_structure(session)


def signs_in(database: Database, username: str, password: str) -> bool:
    with database.transaction() as session:
        outcome = sign_in(session, username, password, SignInRules(), source="web", address="", now=NOW)
        return outcome.user is not None


def test_an_empty_service_gets_its_first_unit_and_administrator(run: Run, database: Database) -> None:
    unit = run("unit", "add", "zj.drc", "--name", "浙江省发展改革委", "--area", "330000", "--function", "drc",
               "--post", "admin", "--post", "designer")  # fmt: skip
    assert unit.output == "zj.drc\t浙江省发展改革委\t/330000/\n"
    added = run("user", "add", "first.admin", "--name", "省发展改革委·管理员", "--post", "zj.drc:admin")
    username, password = added.output.strip().split("\t")
    assert signs_in(database, username, password)
    assert "first.admin\t省发展改革委·管理员\tzj.drc:admin" in run("user", "list").output
    assert "zj.drc\t浙江省发展改革委\t330000\tdrc" in run("unit", "list").output


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_tells_how_the_first_administrator_is_made(run: Run, database: Database, readme: str) -> None:
    text = (Path(__file__).parents[2] / readme).read_text(encoding="utf-8")
    unit, user = re.findall(r"`workflow ((?:unit|user) add [^`]+)`", text)
    assert run(*unit.split()).exit_code == 0
    username, password = run(*user.split()).output.strip().split("\t")
    assert signs_in(database, username, password)


def test_an_operator_unlocks_resets_and_stops(run: Run, database: Database, government: None) -> None:
    for _ in range(5):
        assert not signs_in(database, "jb.handler", "wrong")
    assert run("user", "unlock", "jb.handler").exit_code == 0
    reset = run("user", "password", "jb.handler", "--password", "a new passphrase")
    assert reset.output == "jb.handler may sign in\n"
    assert signs_in(database, "jb.handler", "a new passphrase")
    run("user", "stop", "jb.handler")
    assert not signs_in(database, "jb.handler", "a new passphrase")
    assert "jb.handler" not in run("user", "list", "--unit", "jb").output
    assert "stopped" in run("user", "list", "--all").output


def test_a_token_is_made_listed_and_revoked(run: Run, database: Database, government: None) -> None:
    text = run("token", "make", "jb.handler", "--name", "报表", "--days", "30").output.strip()
    with database.transaction() as session:
        owner = user_by_name(session, "jb.handler")
        assert owner is not None and bearer(session, text, "", TODAY, clock.now()).user_id == owner.id
    number = run("token", "list", "jb.handler").output.split("\t")[0]
    run("token", "revoke", number)
    with database.transaction() as session, pytest.raises(SignInRequired):
        bearer(session, text, "", TODAY, clock.now())


def test_people_are_imported_from_a_file(
    run: Run, database: Database, government: None, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        run("user", "template").output.strip() + "\n区能源局·收发,jb.new,jb.energy,registry\n", "utf-8"
    )
    assert "1 rows: 1 new people" in run("user", "import", str(file), "--dry-run").output
    username, password = run("user", "import", str(file)).output.strip().splitlines()[-1].split("\t")
    assert signs_in(database, username, password)
    file.write_text("姓名,登录名,单位代码,岗位代码\n某岗,jb.x,nowhere,handler\n", "utf-8")
    refused = run("user", "import", str(file))
    assert refused.exit_code == 1
    assert "row 2: 没有代码为“nowhere”的在用单位。" in refused.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("user", "unlock", "nobody"), "there is no account nobody"),
        (("user", "add", "x.y", "--name", "某岗", "--post", "jb.energy"), "is not UNIT:POST"),
        (("user", "add", "x.y", "--name", "某岗", "--post", "jb.energy:cook"), "没有岗位“cook”"),
        (("user", "add", "x.y", "--name", "某岗", "--post", "nowhere:admin"), "没有代码为“nowhere”的在用单位"),
        (
            ("user", "add", "x.y", "--name", "某岗", "--post", "jb.energy:handler", "--password", "short"),
            "至少 10 个字符",
        ),
        (("user", "list", "--unit", "nowhere"), "there is no unit nowhere"),
        (("token", "revoke", "999"), "没有这个令牌"),
        (("token", "make", "nobody"), "there is no account nobody"),
        (("unit", "add", "drc", "--name", "某局", "--area", "330000"), "保留名称"),
        (("unit", "add", "x", "--name", "某局", "--area", "33"), "不是行政区划代码"),
    ],
)
def test_a_refusal_is_one_clear_line(run: Run, government: None, words: tuple[str, ...], said: str) -> None:
    refused = run(*words)
    assert refused.exit_code != 0
    assert said in refused.output


@pytest.mark.parametrize("words", [("user",), ("token",), ("unit",), ("user", "add"), ("user", "import")])
def test_each_command_helps(run: Run, words: tuple[str, ...]) -> None:
    assert "Usage: workflow" in run(*words, "--help").output
