"""Scripts for BCC, run as they are."""

import os
import subprocess
import sys
import tempfile
import unittest

from support import kernel


def run(*arguments, **options):
    return subprocess.run([sys.executable, "-m", "bpfc", *arguments], capture_output=True, text=True, **options)


class Scripts(unittest.TestCase):
    def script(self, text, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "script.py")
            with open(path, "w") as file:
                file.write(text)
            with open(os.path.join(folder, "beside.py"), "w") as file:
                file.write("value = 5\n")
            return run(path, *arguments)

    @kernel
    def test_import_bcc(self):
        done = self.script("""
import sys
import beside
import bcc.utils as utils
from bcc import BPF, USDT, PerfType, PerfSWConfig, ArgString, tcp, __version__
from bcc.containers import filter_by_containers
from bcc.libbcc import lib, bcc_symbol, bcc_symbol_option
from bcc.syscall import syscall_name, syscalls
from bcc.table import HashTable
from bcc.utils import printb
b = BPF(text="BPF_HASH(t); int f(void *ctx) { return 0; }")
assert isinstance(b["t"], HashTable)
printb(b"%s %d" % (sys.argv[1].encode(), beside.value))
""", "argument")
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("argument 5\n", "", 0))

    def test_mistakes(self):
        done = self.script("import bcc; bcc.BPF(text='int f(void *ctx) { return x; }')")
        self.assertEqual(done.returncode, 1)
        self.assertIn("error[E0301]: `x` is not declared", done.stderr)

    def test_usage(self):
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run("no/such/script.py").returncode, 2)
        self.assertIn("usage:", run("--help").stdout)
        folder = run("--bcc-path").stdout.strip()
        self.assertTrue(os.path.isfile(os.path.join(folder, "bcc", "__init__.py")))

    def test_bcc_is_not_shadowed(self):
        done = subprocess.run([sys.executable, "-c", "import bpfc, sys; sys.exit('bcc' in sys.modules)"])
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
