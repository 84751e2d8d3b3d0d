"""The report of the benchmarks says what was missed, why, and when its numbers are not final."""

from datetime import UTC, datetime

from bench import report
from bench.figures import Figure, Row, Scale
from bench.machine import Machine

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
MISSED = Figure("x", "Slow things", "How.", [Row("it", "9 ms", "floor 1 ms", 9.0, "≤ 5 ms", False)], "The disk is slow.")
MET = Figure("y", "Quick things", "How.", [Row("it", "2 ms", "floor 1 ms", 2.0, "≤ 5 ms", True)], "Nothing.")


def machine(load: float) -> Machine:
    return Machine("a processor", 2, 8 * 2**30, "Linux", "3.11", "18.4", 0.001, load)


def test_a_missed_target_says_what_stands_in_the_way_and_a_met_one_does_not() -> None:
    text = report.write([MISSED, MET], machine(0.1), Scale(), AT, 60)
    assert "| Slow things: it | 9 ms | ≤ 5 ms | **missed** |" in text
    assert "What stands in the way: The disk is slow." in text and "Nothing." not in text
    assert "Not final" not in text


def test_numbers_of_a_busy_machine_or_a_quick_run_are_marked_as_not_final() -> None:
    assert "Not final: others were at work" in report.write([MET], machine(3.0), Scale(), AT, 60)
    assert "quick run" in report.write([MET], machine(0.1), Scale(quick=True), AT, 60)
