"""Named places at which a test may kill the process. Without TONGCHOU_FAILPOINT they do nothing.

`TONGCHOU_FAILPOINT=before-commit:3` kills this process with SIGKILL when it reaches `before-commit` for the third time.

after-lock     a command has locked its instance and read nothing of it yet
after-freeze   it has written its rows and frozen the state
before-commit  it is about to commit: once when the instance is settled, once more when the kept answer is written too
after-commit   it is committed and the caller has no answer yet
after-smtp     the mail server has taken a message with 250 and the row still says pending
in-rhythm      one chunk of a rhythm's run is written and not yet committed
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

NAMES = ("after-lock", "after-freeze", "before-commit", "after-commit", "after-smtp", "in-rhythm")

_wanted = ""
_number = 1
_passes: Iterator[int] = count(1)


def arm(text: str) -> None:
    """Die at `name`, or at its third pass for `name:3`; an empty text disarms. Raises ValueError for a name not in NAMES."""
    global _wanted, _number, _passes
    name, _, number = text.partition(":")
    if name and name not in NAMES:
        raise ValueError(f"there is no failpoint {name}")
    _wanted, _number, _passes = name, int(number or 1), count(1)


def reach(name: str) -> None:
    """Die here if it was asked for; an ordinary run pays one comparison."""
    if name == _wanted and next(_passes) == _number:
        os.kill(os.getpid(), signal.SIGKILL)


with suppress(ValueError):  # the settings refuse it in one line
    arm(os.environ.get("TONGCHOU_FAILPOINT", ""))
