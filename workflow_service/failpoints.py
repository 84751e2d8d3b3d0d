"""Named places at which a test may kill the process. Without TONGCHOU_FAILPOINT they do nothing.

`TONGCHOU_FAILPOINT=before-commit:3` kills this process with SIGKILL when it reaches `before-commit` for the third time.
"""

import os
import signal
from itertools import count

NAMES = ("after-lock", "after-freeze", "before-commit", "after-commit", "after-smtp", "in-rhythm")

_wanted, _, _number = os.environ.get("TONGCHOU_FAILPOINT", "").partition(":")
_passes = count(1)


def reach(name: str) -> None:
    """Die here if the environment asks for it; read once at import, so an ordinary run pays one comparison."""
    if name == _wanted and next(_passes) == int(_number or 1):
        os.kill(os.getpid(), signal.SIGKILL)
