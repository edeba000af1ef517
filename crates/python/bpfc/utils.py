"""Small things that tools share."""

from __future__ import annotations

import sys

# Only for who checks types: a script starts sooner without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any, Optional


def _cpus(path: str) -> list[int]:
    with open(path, encoding="ascii") as file:
        ranges = [part.partition("-") for part in file.read().strip().split(",") if part]
    return [cpu for first, _, last in ranges for cpu in range(int(first), int(last or first) + 1)]


def get_online_cpus() -> list[int]:
    """The CPUs that are in use."""
    return _cpus("/sys/devices/system/cpu/online")


def get_possible_cpus() -> list[int]:
    """The CPUs that there may be."""
    return _cpus("/sys/devices/system/cpu/possible")


#: What of a process's files tells the language of its program.
_RUNTIMES = [
    ("java", r"/java$|libjvm\.so"),
    ("node", r"/node(js)?$|libnode"),
    ("perl", r"/perl[\d.]*$|libperl"),
    ("php", r"/php[\d.]*$|libphp"),
    ("python", r"/python[\d.]*$|libpython"),
    ("ruby", r"/ruby[\d.]*$|libruby"),
    ("tcl", r"/tclsh[\d.]*$|libtcl"),
]


def detect_language(candidates: Any, pid: int) -> Optional[str]:
    """The language of a process's program, if it is one of `candidates`."""
    import os
    import re

    try:
        paths = [os.readlink(f"/proc/{pid}/exe")]
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
            paths += [line.split(None, 5)[5].strip() for line in file if len(line.split(None, 5)) == 6]
    except OSError:
        return None
    for language, pattern in _RUNTIMES:
        if language in candidates and any(re.search(pattern, path) for path in paths):
            return language
    return None


def printb(s: Any, file: Optional[IO[Any]] = None, nl: int = 1) -> None:
    """Prints bytes, and a line end."""
    out = sys.stdout if file is None else file
    raw = getattr(out, "buffer", out)
    # What was printed as text comes first.
    out.flush()
    raw.write(s + b"\n" if nl else s)
    out.flush()


class ArgString:
    """A text of the command line that is easily made bytes, which is what kernels and programs have."""

    def __init__(self, arg: str) -> None:
        self.s = arg

    def __bytes__(self) -> bytes:
        return self.s.encode(sys.getfilesystemencoding(), "surrogateescape")

    def __str__(self) -> str:
        return self.s


_STREQ = """
static inline bool {name}(char const *ignored, uintptr_t text) {{
    char wanted[] = {literal};
    char found[sizeof(wanted)];
    {read}(&found, sizeof(found), (void *)text);
    for (int at = 0; at < sizeof(wanted) - 1; ++at) {{
        if (wanted[at] != found[at])
            return false;
    }}
    return true;
}}
"""


class StrcmpRewrite:
    """Comparisons with texts in the expressions that tools take: `STRCMP("text", arg1)`."""

    @staticmethod
    def rewrite_expr(
        expr: str, bin_cmp: bool, is_user: bool, probe_user_list: Any, streq_functions: str, probeid: int
    ) -> dict[str, Any]:
        """Replaces them by calls of functions, which are added to `streq_functions`."""
        import re

        for literal, argument in re.findall(r'STRCMP\(("[^"]+"),(.+?)\)', expr):
            is_of_user = is_user or argument.strip() in probe_user_list
            read = "bpf_probe_read_user" if is_of_user else "bpf_probe_read_kernel"
            name = f"streq_{probeid}"
            if bin_cmp:
                # The bytes themselves, not C's text.
                literal = '"' + literal[1:-1] + '"'
            streq_functions += _STREQ.format(name=name, literal=literal, read=read)
            expr = expr.replace("STRCMP", name, 1)
            probeid += 1
        return {"expr": expr, "streq_functions": streq_functions, "probeid": probeid}
