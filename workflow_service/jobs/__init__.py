"""Where work runs: jobs in the PostgreSQL of the service, done by any number of workers.

A job is only a push: what has to be done stands in rows (due timers, pending deliveries, unfinished runs), so a job that is
lost, doubled or late costs time and nothing else. `queue` defers and rescues jobs, `tasks` says what each does, `worker` runs
them. Called by the scheduler and by `workflow worker`.
"""

from .worker import run

__all__ = ["run"]
