"""Opening documents in the program that people without Word have."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.needs import libreoffice

where_present = pytest.mark.skipif(libreoffice() is None, reason="LibreOffice is not installed")


def opened_with_libreoffice(folder: Path) -> list[Path]:
    """Let LibreOffice open each docx of a folder and write beside it what it shows, as pdf; gives these."""
    files = sorted(str(path) for path in folder.glob("*.docx"))
    home = f"-env:UserInstallation=file://{folder}/home"
    command = [str(libreoffice()), home, "--headless", "--convert-to", "pdf", "--outdir", str(folder), *files]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return sorted(folder.glob("*.pdf"))
