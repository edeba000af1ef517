"""The programs that the book shows, and the examples."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import time
import unittest

from support import kernel

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../..")


class Documentation(unittest.TestCase):
    @kernel
    def test_programs_of_the_book(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(ROOT)
        for page, n_programs in (("docs/python.md", 3), ("docs/tunnels.md", 1)):
            with open(page, encoding="utf-8") as file:
                programs = re.findall(r"```python\n(.*?)```", file.read(), re.S)
            self.assertEqual(len(programs), n_programs)
            for program in programs:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(program, page, "exec"), {"__name__": "book"})

    def example(self, name, *arguments):
        return [sys.executable, os.path.join(ROOT, "examples/python", name), *arguments]

    @kernel
    def test_opens(self):
        done = subprocess.Popen(self.example("opens.py", str(os.getpid())), stdout=subprocess.PIPE, text=True)
        self.assertEqual(done.stdout.readline().split(), ["PID", "COMM", "PATH"])
        with open("/etc/hostname"):
            pass
        while "/etc/hostname" not in done.stdout.readline():
            pass
        done.send_signal(signal.SIGINT)
        done.stdout.close()
        self.assertEqual(done.wait(10), 0)

    @kernel
    def test_output_that_nobody_reads(self):
        done = subprocess.Popen(self.example("opens.py"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        done.stdout.readline()
        done.stdout.close()
        for _ in range(100):
            open("/etc/hostname").close()
            if done.poll() is not None:
                break
            time.sleep(0.05)
        self.assertEqual((done.wait(10), done.stderr.read()), (0, ""))
        done.stderr.close()

    @kernel
    def test_sizes(self):
        done = subprocess.run(self.example("sizes.py", "0.2"), capture_output=True, text=True, check=True)
        self.assertIn("distribution", done.stdout)

    def test_firewall(self):
        subprocess.run(self.example("firewall_test.py"), capture_output=True, check=True)

    def test_types(self):
        try:
            import mypy  # noqa: F401
        except ImportError:
            raise unittest.SkipTest("there is no mypy")
        package = os.path.dirname(os.path.dirname(__import__("bpfc").__file__))
        names = [os.path.join(ROOT, "examples/python", name) for name in ("opens.py", "sizes.py", "firewall_test.py")]
        names.append(os.path.join(ROOT, "examples/tunnel_monitor/monitor.py"))
        # What is installed is found there, and mypy wants no such path.
        path = {} if "site-packages" in package else {"MYPYPATH": package}
        done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, *names],
                              env=dict(os.environ, **path), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
