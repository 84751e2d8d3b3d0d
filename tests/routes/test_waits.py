"""Every wait of every route, frozen here, goes on to the same end in a process that has never seen it."""

import pickle
import subprocess
import sys
from pathlib import Path

from .files import ROOT
from .outcomes import OUTCOMES
from .scenarios import Case, Waits

ELSEWHERE = """
import pickle, sys
from pathlib import Path
for end, case in pickle.loads(Path(sys.argv[1]).read_bytes()):
    print(pickle.loads(case).go_on().ended, end)
"""


def held_cases() -> dict[tuple[str, str], tuple[Waits, str, bytes]]:
    """Give one pickled case for each wait of each route, with the end that it must come to."""
    held: dict[tuple[str, str], tuple[Waits, str, bytes]] = {}
    for outcome in OUTCOMES:
        case = Case(outcome.process, outcome.plan, outcome.who, outcome.early, outcome.variables)
        case.held = []
        case.run()
        for waits, pickled in case.held:
            held.setdefault((outcome.process, str(waits)), (waits, outcome.end, pickled))
    return held


def test_every_wait_of_every_route_goes_on_in_a_fresh_process(tmp_path: Path) -> None:
    held = held_cases()
    kinds = {kind for waits, _end, _case in held.values() for _element, kind in waits}
    assert kinds >= {"userTask", "serviceTask", "receiveTask", "boundaryEvent", "intermediateCatchEvent"}
    (tmp_path / "held").write_bytes(pickle.dumps([(end, case) for _waits, end, case in held.values()]))
    ran = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(tmp_path / "held")],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    ends = [line.split() for line in ran.stdout.splitlines()]
    assert len(ends) == len(held) and all(reached == wanted for reached, wanted in ends)
