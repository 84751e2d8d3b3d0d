"""What the tests of the set-up share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def var() -> Iterator[Path]:
    """An empty var folder that other accounts may pass through, as a checkout in /srv or a shared home would be."""
    folder = Path(tempfile.mkdtemp(prefix="tongchou-var-"))
    folder.chmod(0o755)
    yield folder / "var"
    shutil.rmtree(folder)
