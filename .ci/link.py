"""Makes the environment that runs this find the checkout and gives it a `workflow` command.

An editable installation would do the same but needs the build backend, and would copy the routes and forms.
"""

import sys
import sysconfig
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
COMMAND = """#!/bin/sh
exec "{python}" -m workflow_service.cli "$@"
"""

Path(sysconfig.get_path("purelib"), "tongchou.pth").write_text(f"{CHECKOUT}\n")
script = Path(sysconfig.get_path("scripts"), "workflow")
script.write_text(COMMAND.format(python=sys.executable))
script.chmod(0o755)
