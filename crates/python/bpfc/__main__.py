"""`python3 -m bpfc SCRIPT [ARGUMENT…]` runs a script for BCC as it is: `import bcc` gets bpfc."""

from __future__ import annotations

import os
import runpy
import sys

_USAGE = """usage: python3 -m bpfc SCRIPT [ARGUMENT...]
       python3 -m bpfc --bcc-path

Runs a script that is written for BCC. --bcc-path prints the folder with the package `bcc` that it gets then, for PYTHONPATH."""

COMPAT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "compat")


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_USAGE, file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else 2
    if arguments[0] == "--bcc-path":
        print(COMPAT)
        return 0
    from . import bpf

    # Whoever runs a script did not write it.
    bpf.SHOW_WARNINGS = False
    script = arguments[0]
    if not os.path.isfile(script):
        print(f"there is no script `{script}`", file=sys.stderr)
        return 2
    sys.argv = arguments
    # As the interpreter does it for scripts, with our `bcc` behind the script's own folder: in front of an installed one.
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    sys.path.insert(1, COMPAT)
    runpy.run_path(script, run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
