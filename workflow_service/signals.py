"""Every signal of the service: who sends it, with what, when.

All are sent after the commit, with plain ids, for caches, metrics, live counters and add-ons. What must not be lost (a notice, a
timer, a job) is a row in the transaction, never a signal. Connect with `weak=False`; a receiver that fails harms no other.
"""

from blinker import Namespace

_signals = Namespace()

task_created = _signals.signal("task-created")
"""A task waits for somebody. task_id: int, instance_id: int, holders: list[str]."""

task_completed = _signals.signal("task-completed")
"""A person finished a task. task_id: int, instance_id: int, user_id: int | None."""

task_cancelled = _signals.signal("task-cancelled")
"""A task ended without having been done. task_id: int, instance_id: int."""

instance_started = _signals.signal("instance-started")
"""A process instance began. instance_id: int, definition_key: str."""

instance_completed = _signals.signal("instance-completed")
"""A process instance reached its end. instance_id: int, definition_key: str, outcome: str."""

incident_raised = _signals.signal("incident-raised")
"""An element could not go on. instance_id: int, element_id: str, message: str."""

plan_issued = _signals.signal("plan-issued")
"""A plan was issued. plan_id: int."""

notice_created = _signals.signal("notice-created")
"""A person got a notice. user_id: int."""
