"""The measurements, one module a subject; each has `measure(installation, scale)` and gives one Figure."""

from . import checks, completion, idle, inbox, instances, memory, siblings, size, steps, timers

ALL = {
    "completion": completion.measure,
    "siblings": siblings.measure,
    "instances": instances.measure,
    "idle": idle.measure,
    "timers": timers.measure,
    "inbox": inbox.measure,
    "steps": steps.measure,
    "size": size.measure,
    "checks": checks.measure,
    "memory": memory.measure,
}
