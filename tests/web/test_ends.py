# REQ J-01: a command that is done, and a worker that is stopped, are gone at once
import subprocess
import sys

LEFT = """
import atexit, gc, sys
atexit.register(lambda: print(len(gc.get_objects())))
import web.cli
print(len(gc.get_objects()))
"""


def test_a_process_that_ends_looks_through_nothing_of_what_it_held() -> None:
    told = subprocess.run([sys.executable, "-c", LEFT], capture_output=True, text=True, check=True).stdout
    held, left = map(int, told.split())
    assert held > 50_000
    assert left < 1_000
