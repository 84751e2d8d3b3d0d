"""What the tests of the set-up share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.setup.processes import until


@pytest.fixture
def var() -> Iterator[Path]:
    """An empty var folder that other accounts may pass through, as a checkout in /srv or a shared home would be.

    It goes when the database has ended: the worker of a killed service may be the last to leave it.
    """
    folder = Path(tempfile.mkdtemp(prefix="tongchou-var-"))
    folder.chmod(0o755)
    yield folder / "var"
    until(lambda: not (folder / "var" / "postgres" / "data" / "postmaster.pid").exists())
    shutil.rmtree(folder)
