"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from .installation import Installation

SYNCS = 50
BUSY_LOAD = 0.7


@dataclass(frozen=True)
class Machine:
    """Facts for the head of the report. `sync_seconds`: one write of 8 KB with fsync; `load`: of the last minute, before."""

    processor: str
    cores: int
    memory_bytes: int
    system: str
    python: str
    postgresql: str
    sync_seconds: float
    load: float

    @property
    def is_busy(self) -> bool:
        """Whether others were at work, so that the figures say little."""
        return self.load > BUSY_LOAD


def look_at(installation: Installation, load: float) -> Machine:
    """Gather the facts."""
    with installation.scene() as scene:
        version = scene.ask("SHOW server_version")[0][0]
    return Machine(
        _processor(), os.cpu_count() or 1, psutil.virtual_memory().total, f"{platform.system()} {platform.release()}",
        sys.version.split()[0], version, _sync_seconds(installation.server.home.path), load,
    )  # fmt: skip


def present_load() -> float:
    """The load of the last minute."""
    return os.getloadavg()[0]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _sync_seconds(folder: Path) -> float:
    """The mean time of a small write that has reached the disk, which no commit can undercut."""
    file = folder / "sync"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        began = time.perf_counter()
        for _each in range(SYNCS):
            os.pwrite(descriptor, b"\0" * 8192, 0)
            os.fdatasync(descriptor)
        return (time.perf_counter() - began) / SYNCS
    finally:
        os.close(descriptor)
        file.unlink()
