"""The measurements, one module a subject; each has `measure(installation, scale)` and gives one Figure."""

from . import board, checks, completion, idle, inbox, instances, memory, siblings, size, steps, sweep, timers

ALL = {
    "completion": completion.measure,
    "siblings": siblings.measure,
    "instances": instances.measure,
    "idle": idle.measure,
    "timers": timers.measure,
    "inbox": inbox.measure,
    "board": board.measure,
    "sweep": sweep.measure,
    "steps": steps.measure,
    "size": size.measure,
    "checks": checks.measure,
    "memory": memory.measure,
}
