"""Processes that end at once, and imports that the garbage collector leaves alone."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
WORK = """
import atexit, sys, threading, time
from pipelines.runtime.processes import quick_exit

class Loud:
    def __del__(self):
        sys.__stdout__.write("taken apart ")
        sys.__stdout__.flush()

loud = Loud()
loud.itself = loud  # so that the end of the process has to look for it

def work_on():
    time.sleep(0.2)
    print("thread", end=" ")

with quick_exit():
    atexit.register(print, "handler", end=" ")
    threading.Thread(target=work_on).start()
    print("work", end=" ")
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_process_ends_after_its_threads_and_handlers_without_being_taken_apart() -> None:
    done = run(f"{WORK}    sys.exit(3)")
    assert (done.returncode, done.stdout, done.stderr) == (3, "work thread handler ", "")


def test_a_process_that_does_not_say_how_it_ends_has_done_its_work() -> None:
    for end in ("", "sys.exit()"):
        done = run(f"{WORK}    {end}")
        assert (done.returncode, done.stdout, done.stderr) == (0, "work thread handler ", "")


def test_python_ends_a_process_with_an_error() -> None:
    for error, message in (("raise ValueError('no')", "ValueError: no"), ("sys.exit('no')", "no")):
        done = run(f"{WORK}    {error}")
        assert (done.returncode, done.stdout) == (1, "work thread handler taken apart ")
        assert done.stderr.splitlines()[-1] == message


def test_what_nobody_reads_is_an_error_of_the_process() -> None:
    program = "from pipelines.runtime.processes import quick_exit\nwith quick_exit():\n    print('work')"
    reader, writer = os.pipe()
    os.close(reader)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.DEVNULL, env=environment, check=False)
    os.close(writer)
    assert done.returncode == 120


IMPORTS = """
import gc, sys
from pipelines.runtime.processes import permanent_imports

before = gc.get_freeze_count()
with permanent_imports():
    assert gc.isenabled() == ("torch" in sys.modules)
    objects = [[number] for number in range(10_000)]
assert gc.isenabled()
print(gc.get_freeze_count() - before > 10_000)
"""


def test_the_collector_leaves_imports_alone() -> None:
    done = run(IMPORTS)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_a_program_that_has_imported_pytorch_keeps_its_collector() -> None:
    done = run("import sys; sys.modules['torch'] = sys" + IMPORTS)
    assert (done.stdout, done.stderr) == ("False\n", "")
