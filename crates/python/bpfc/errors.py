"""What goes wrong, as exceptions that carry diagnostics as text and as data."""

from __future__ import annotations

# Only for who checks types: a script starts sooner without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional



class Diagnostic:
    """One mistake: what, where, why, and what to do."""

    __slots__ = (
        "code", "severity", "message", "file", "line", "column", "end_line", "end_column", "notes", "helps", "data",
    )

    def __init__(self, data: dict[str, Any]) -> None:
        spans = data.get("spans", [])
        place: dict[str, Any] = next((span for span in spans if span.get("primary")), {})
        #: All of it, as `bpfc check --json` has it.
        self.data = data
        #: `E0301`: the kind of mistake, with a page in bpfc's book.
        self.code: str = data.get("code", "")
        #: `error` or `warning`.
        self.severity: str = data.get("severity", "error")
        self.message: str = data.get("message", "")
        #: The file's name; none for what has no place in the source.
        self.file: Optional[str] = place.get("file")
        #: From 1.
        self.line: Optional[int] = place.get("line")
        self.column: Optional[int] = place.get("col")
        self.end_line: Optional[int] = place.get("end_line")
        self.end_column: Optional[int] = place.get("end_col")
        #: What else matters.
        self.notes: list[str] = _texts(data.get("notes", []))
        #: What to do.
        self.helps: list[str] = _texts(data.get("helps", []))

    def __repr__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: " if self.file else ""
        return f"<{place}{self.severity}[{self.code}]: {self.message}>"


def _texts(items: list[Any]) -> list[str]:
    return [item if isinstance(item, str) else str(item.get("message", "")) for item in items]


def parse(json_text: str) -> list[Diagnostic]:
    """The diagnostics of a report in JSON, one to a line."""
    import json

    return [Diagnostic(json.loads(line)) for line in json_text.splitlines() if line]


class BpfcError(Exception):
    """The root of all: its text is what `bpfc` prints."""

    def __init__(self, text: str, json_text: str = "", errno: Optional[int] = None, log: str = "") -> None:
        super().__init__(text)
        self._json = json_text
        self._diagnostics: Optional[list[Diagnostic]] = None
        #: The kernel's number for it, where it is the kernel that refuses.
        self.errno = errno
        #: All that the kernel's verifier wrote about a program that it does not take.
        self.log = log

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """The same as data."""
        if self._diagnostics is None:
            self._diagnostics = parse(self._json)
        return self._diagnostics

    def __str__(self) -> str:
        return str(self.args[0])


class CompileError(BpfcError):
    """The program is wrong: a mistake in C, or something that the kernel's verifier would refuse."""


class LoadError(BpfcError):
    """The kernel did not take a map or a program, or lacks something."""


class AttachError(BpfcError):
    """A program could not be attached."""


class RunError(BpfcError):
    """A program did something wrong in the virtual machine."""
