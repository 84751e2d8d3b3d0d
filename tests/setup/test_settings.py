"""Settings are what the two README say, and a bad one is named."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from workflow_service.config import SettingError, Settings

CHECKOUT = Path(__file__).resolve().parents[2]
VARIABLES = [item.metadata["variable"] for item in fields(Settings)]
ROW = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_lists_every_variable_once_and_in_order(readme: str) -> None:
    assert ROW.findall((CHECKOUT / readme).read_text(encoding="utf-8")) == VARIABLES


def test_the_english_readme_gives_the_meaning_that_the_code_gives() -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert [
        item.metadata["variable"] for item in fields(Settings) if item.metadata["meaning"] not in text
    ] == []


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_environment({"PORT": "", "DATABASE_URL": ""}) == Settings()


def test_every_address_of_postgresql_becomes_one_for_psycopg() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        settings = Settings.from_environment({"DATABASE_URL": f"{scheme}://host/plans"})
        assert settings.database_url == "postgresql+psycopg://host/plans"


def test_a_value_that_does_not_fit_names_its_variable() -> None:
    with pytest.raises(SettingError, match=r"PORT: must lie between 1 and 65535"):
        Settings.from_environment({"PORT": "0"})
    with pytest.raises(SettingError, match=r"PORT: must be a whole number"):
        Settings.from_environment({"PORT": "eight"})


def test_nothing_of_the_libraries_is_told_after_the_log_ins() -> None:
    """The worker's imports come after the log is set up; whoever starts the service reads the log-ins at the end."""
    program = (
        "from workflow_service import logs; logs.configure('info', 'text');"
        "import workflow_service.jobs.worker, workflow_service.scheduler"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
