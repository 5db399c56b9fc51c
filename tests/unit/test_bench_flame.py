"""The flame graph and its table: what counts as work, and whose work it is."""

import xml.etree.ElementTree as ET

import pytest

from bench import flame

OUTSIDE = "main (evcharge/cli.py:313);Runner.run (asyncio/runners.py:118);uv_run (core.c:452)"
WRITE = "Channel._write (evcharge/evc1/connection.py:450);UVStream_write (loop.c:9);write (libc.so.6)"
THREAD = "Thread._bootstrap (threading.py:1002);_commit (evcharge/storage/database.py:122)"


def test_a_stack_is_its_python_and_its_system_call():
    found = flame.stacks([f"{OUTSIDE};{WRITE} 3", f"{OUTSIDE};{WRITE.replace('450', '451')} 1"])
    assert found == {("Central", "Channel._write (evcharge/evc1/connection.py)", "[write]"): 4}


@pytest.mark.parametrize(
    "waits", ["epoll_pwait (libc.so.6)", "_queue_SimpleQueue_get (_queuemodule.c.h:1);0x7f (libc)"]
)
def test_neither_a_thread_that_waits_nor_one_without_python_counts(waits: str):
    assert flame.stacks([f"{OUTSIDE};{waits} 9", "clone (libc.so.6) 1"]) == {}


@pytest.mark.parametrize(
    ("frames", "subject"),
    [
        (f"{OUTSIDE};{WRITE}", "writing to sockets (the system's calls)"),
        (f"{OUTSIDE};GcmCipher.seal (evcharge/evc1/frames.py:1)", "sealing and opening frames"),
        (
            f"{OUTSIDE};decide (evcharge/central/rules/decide.py:1);replace (dataclasses.py:2)",
            "deciding: rules and facts",
        ),
        (f"{OUTSIDE};uv__read (stream.c:1)", "the loop, and all else"),
        (f"{THREAD};write (libc.so.6)", "SQLite"),
    ],
)
def test_the_innermost_frame_that_says_so_is_the_subject(frames: str, subject: str):
    assert flame.shares(flame.stacks([f"{frames} 2"])) == [(subject, 1.0)]


def test_a_drawing_holds_each_frame_as_wide_as_its_part():
    drawn = ET.fromstring(
        flame.svg(flame.stacks([f"{OUTSIDE};{WRITE} 3", f"{THREAD} 1", f"{OUTSIDE};a<b (x.py:1) 996"]))
    )
    titles = [one.text for one in drawn.iter("{http://www.w3.org/2000/svg}title")]
    # What is a thousandth wide is left out.
    assert titles == ["Central: 99.9%", "a<b (x.py): 99.6%"]
