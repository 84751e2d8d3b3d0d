"""When work runs: APScheduler's triggers in memory, nothing kept; what is due stands in rows (docs/domain.md §3).

Any number of schedulers may run. A period is claimed by the primary key of its row, a job waits once by its queueing lock, so
more schedulers mean more looking and no more doing.
"""

from .triggers import run

__all__ = ["run"]
