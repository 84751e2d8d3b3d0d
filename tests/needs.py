"""What the tests need beside Python packages: Chromium, a Chinese font and Pango. Run it to install what is missing.

Tests with a browser and of PDF are never skipped: where something is missing and cannot be installed, this fails and says
what. LibreOffice (Debian: libreoffice-writer-nogui) opens documents where it is present.
"""

import ctypes.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@dataclass(frozen=True)
class Need:
    """A thing of the machine, how to see whether it is there, and the Debian packages that bring it."""

    name: str
    is_met: Callable[[], bool]
    packages: tuple[str, ...]


def browser() -> str | None:
    """The Chromium to test with: TONGCHOU_CHROMIUM, else the system's, else Playwright's own download."""
    named = os.environ.get("TONGCHOU_CHROMIUM")
    found = [named] if named else [path for name in BROWSERS if (path := shutil.which(name))]
    return next((path for path in found if _starts(path)), None) or _playwright_browser()


def _starts(path: str) -> bool:
    """Ubuntu's `chromium-browser` is a stub that only says how to install a snap."""
    try:
        shown = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return shown.returncode == 0 and "Chrom" in shown.stdout


def _playwright_browser() -> str | None:
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "~/.cache/ms-playwright")).expanduser()
    found = sorted(folder.glob("chromium-*/chrome-linux*/chrome"))
    return str(found[-1]) if found else None


def _has_chinese_font() -> bool:
    if shutil.which("fc-list") is None:
        return False
    fonts = subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True, check=False)
    return bool(fonts.stdout.strip())


def _has_pango() -> bool:
    return all(ctypes.util.find_library(name) for name in ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset"))


def libreoffice() -> str | None:
    """The program that opens a docx as people do."""
    return shutil.which("soffice") or shutil.which("libreoffice")


NEEDS = (
    Need("Chromium", lambda: browser() is not None, ("chromium",)),
    Need("a Chinese font", _has_chinese_font, ("fontconfig", "fonts-noto-cjk")),
    Need("Pango", _has_pango, ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")),
)


def main() -> None:
    """Install what is missing, or end with one line that says what to install."""
    missing = [need for need in NEEDS if not need.is_met()]
    if missing and shutil.which("apt-get"):
        _install([package for need in missing for package in need.packages])
    still_missing = [need for need in missing if not need.is_met()]
    if still_missing:
        names = ", ".join(need.name for need in still_missing)
        packages = " ".join(package for need in still_missing for package in need.packages)
        sys.exit(f"Error: the tests need {names}; as root run: apt-get install {packages}")


def _install(packages: list[str]) -> None:
    rights = _root_rights()
    if rights is None:
        return
    print("installing", *packages, flush=True)
    quietly = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    subprocess.run([*rights, *quietly, "update"], stdout=subprocess.DEVNULL, check=False)
    install = [*rights, *quietly, "install", "-y", "--no-install-recommends"]
    done = subprocess.run([*install, *packages], stdout=subprocess.DEVNULL, check=False)
    if done.returncode or browser() is None:
        playwright = [*rights, sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"]
        subprocess.run(playwright, stdout=subprocess.DEVNULL, check=False)


def _root_rights() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


if __name__ == "__main__":
    main()
