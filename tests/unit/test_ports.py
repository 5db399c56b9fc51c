"""Whole runs of the tests go on side by side on one machine, and no two are given the same port."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

RUN = """
import sys
from tests.ports import free_port
print(*{free_port() for _ in range(400)}, flush=True)
sys.stdin.read()
"""


def test_no_two_processes_are_given_the_same_port():
    with ExitStack() as runs:
        started = [
            runs.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", RUN],
                    cwd=Path(__file__).parents[2],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(3)
        ]
        given = [{int(port) for port in run.stdout.readline().split()} for run in started]
        # As many as one test holds at a time, and far more.
        assert min(len(ports) for ports in given) > 100
        assert len(set.union(*given)) == sum(len(ports) for ports in given)
        for run in started:
            run.stdin.close()
        assert [run.wait(60) for run in started] == [0, 0, 0]
