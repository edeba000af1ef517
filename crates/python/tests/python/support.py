"""What tests share."""

import contextlib
import functools
import io
import os
import unittest


def kernel(test):
    """A test that needs the kernel: skipped where that is not possible, unless it is required."""

    @functools.wraps(test)
    def run(self, *args):
        required = os.environ.get("BPFC_REQUIRE_KERNEL") == "1"
        if os.geteuid() != 0 and not required:
            raise unittest.SkipTest("needs root")
        return test(self, *args)

    return run


@contextlib.contextmanager
def printed():
    """What is printed meanwhile."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        yield text


@contextlib.contextmanager
def complaints():
    """What is printed to stderr meanwhile."""
    text = io.StringIO()
    with contextlib.redirect_stderr(text):
        yield text
