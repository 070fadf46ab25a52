"""The demo as people see it: in terminals of several widths, through a pipe, and with an outage.

Usage: demo_test.py PROGRAM [unittest options]
"""

import os
import re
import subprocess
import sys
import unicodedata
import unittest
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
import terminal  # noqa: E402
from waiting import environment  # noqa: E402

PROGRAM = sys.argv.pop(1)
LIMIT = 60  # seconds, of one run
SEQUENCE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def in_terminal(columns, *options, **variables):
    """Returns what the demo wrote to a terminal of that width, and its exit code."""
    return terminal.in_terminal(columns, [PROGRAM, "demo", *options], **variables)


def width(text):
    marks = ("Mn", "Me", "Cf")
    return sum(
        0 if unicodedata.category(c) in marks else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


class TerminalTest(unittest.TestCase):
    def test_no_line_is_wider_than_the_terminal(self):
        for columns in (20, 60, 80, 140):
            with self.subTest(columns):
                text, code = in_terminal(columns, "--seconds", "2", "--rate", "200")
                self.assertEqual(code, 0, text)
                lines = re.split(r"\r\n|\r|\n", SEQUENCE.sub("", text))
                self.assertGreater(len(lines), 20)
                self.assertLessEqual(max(map(width, lines)), columns)

    def test_nor_is_one_of_an_outage(self):
        text, code = in_terminal(80, "--outage", "--seconds", "4", "--rate", "100")
        self.assertEqual(code, 0, text)
        lines = re.split(r"\r\n|\r|\n", SEQUENCE.sub("", text))
        self.assertLessEqual(max(map(width, lines)), 80)

    def test_the_status_line_is_rewritten_in_place(self):
        text, _ = in_terminal(80, "--seconds", "1")
        statuses = [line for line in text.split("\n") if line.startswith("\rposts ")]
        self.assertTrue(statuses)
        self.assertIn("\x1b[K", text)

    def test_colours_are_left_out_if_nobody_wants_them(self):
        coloured = re.compile(r"\x1b\[[0-9;]+m")
        self.assertRegex(in_terminal(80, "--seconds", "1")[0], coloured)
        self.assertNotRegex(in_terminal(80, "--seconds", "1", NO_COLOR="1")[0], coloured)

    def test_a_terminal_that_obeys_nothing_gets_lines(self):
        text, code = in_terminal(80, "--seconds", "1", TERM="dumb")
        self.assertEqual(code, 0)
        self.assertNotIn("\x1b", text)
        self.assertIn("Every acknowledged record arrived.", text)


class PipeTest(unittest.TestCase):
    def run_demo(self, *options):
        return subprocess.run(
            [PROGRAM, "demo", *options], capture_output=True, text=True, timeout=LIMIT, check=False,
            env=environment(), encoding="utf-8",
        )

    def test_a_pipe_gets_plain_lines(self):
        done = self.run_demo("--seconds", "2")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("\x1b", done.stdout)
        self.assertNotIn("\r", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^-- posts \d+  answered \d+")
        self.assertRegex(done.stdout, r"(?m)^  lost +0$")

    def test_an_outage_loses_nothing_and_says_what_happens(self):
        done = self.run_demo("--outage", "--seconds", "6", "--rate", "100")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for said in ("The eventbus dies", "eventbus down  posts", "The eventbus is back",
                     "The spool was delivered", "Every acknowledged record arrived."):
            self.assertIn(said, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^  lost +0$")
        waiting = re.search(r"is back, (\d+) events are in the spool", done.stdout)
        self.assertGreater(int(waiting.group(1)), 50)

    def test_the_status_page_is_where_it_says(self):
        with subprocess.Popen(
            [PROGRAM, "demo", "--seconds", "30"], stdout=subprocess.PIPE, text=True, env=environment()
        ) as process:
            try:
                for line in process.stdout:
                    if found := re.match(r"Status page: (http://\S+)", line):
                        break
                with urllib.request.urlopen(found.group(1), timeout=10) as page:
                    self.assertEqual(page.status, 200)
            finally:
                process.terminate()
                process.stdout.read()
                process.wait(LIMIT)


if __name__ == "__main__":
    unittest.main()
