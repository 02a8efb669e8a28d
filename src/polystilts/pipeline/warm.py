"""A warm start: one process imports the libraries once, and every chapter and its kernel is a copy of it.

Half of the seconds of a small study went into imports, which nine chapters and nine kernels each made anew.
The driver starts this process beside the engine and ends it with it. Whoever would start a chapter or a
kernel asks here instead; where nobody answers (a cluster, a GPU, another system, `--cold`) it starts as ever.
"""

import atexit
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple, NoReturn, TextIO

from polystilts import paths

ADDRESS = "POLYSTILTS_WARM"  # the environment variable that says where to ask

COMMAND = (sys.executable, "-P", "-m", "polystilts.pipeline.warm")

# How each role is played where no copy is to be had.
COLD = {"mill": ("polystilts.pipeline.mill",), "kernel": ("ipykernel_launcher", "-f")}

# What pages need, then what the work needs; each in the order in which chapters ask for it, for whoever asks
# meanwhile gets a copy of what is there.
PAGES = (
    "papermill",
    "jupytext",
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "seaborn",
    "polystilts.pipeline.reading",
)
WORK = (
    "polystilts.pipeline.mill",
    "polystilts.sources.world",
    "polystilts.evaluation.shortcuts",
    "torch",
    "polystilts.models.pretraining",
    "polystilts.training.stages",
    "polystilts.evaluation.predict",
    "polystilts.evaluation.scores",
    "polystilts.evidence.conclude",
    "polystilts.gate.verdict",
)

# Whose code decides what the cells of a study hold.
MAKERS = [f"polystilts.{name}" for name in ("sources.world", "models.pretraining", "training.stages",
                                            "evaluation.predict", "evaluation.shortcuts")]  # fmt: skip


class Copy(NamedTuple):
    """A copy at work: the line to whoever asked for it, and the file of its job's account."""

    line: socket.socket
    account: str


@contextmanager
def warm_start(environment: Mapping[str, str], notebooks: bool = True) -> Iterator[dict[str, str]]:
    """The environment of a study's jobs while a process stands by to be copied for them."""
    with tempfile.TemporaryDirectory(prefix="polystilts-") as folder:
        told = {**environment, ADDRESS: str(Path(folder) / "warm")}
        own = {
            **told,
            # Figures vanish where matplotlib is imported before the backend of notebooks is chosen.
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            # A copy lacks the threads of its original, so that has none: pyarrow's allocator would start one.
            "JE_ARROW_MALLOC_CONF": "background_thread:false",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a debugger says on import what it cannot see
        }
        # It ends with its input, which ends with this block or, in whatever way, with this process.
        stack = [*PAGES, *WORK] if notebooks else WORK
        with subprocess.Popen([*COMMAND, "serve", *stack], env=own, stdin=subprocess.PIPE):
            yield told


def ask(role: str, arguments: list[str]) -> int:
    """Have a copy do the work of this process, and end as it ends; do it oneself where there is none."""
    if address := os.environ.get(ADDRESS):
        with suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.connect(address)
            request = {"role": role, "arguments": arguments, "folder": os.getcwd(), "environ": {**os.environ}}
            socket.send_fds(line, [b"."], [1, 2])
            line.sendall(json.dumps(request).encode() + b"\n")
            answers = line.makefile("r", encoding="utf-8")
            if copy := answers.readline():
                signal.signal(signal.SIGINT, lambda *_: interrupt(int(copy)))  # as every kernel is, to end it
                return ended(answers, " ".join(arguments[-2:]) if role == "mill" else "a kernel")
    os.execv(sys.executable, [sys.executable, "-m", *COLD[role], *arguments])


def interrupt(copy: int) -> None:
    """Pass an interrupt on."""
    with suppress(ProcessLookupError):
        os.kill(copy, signal.SIGINT)


def ended(answers: TextIO, name: str) -> int:
    """The exit code of a copy, once it has ended; `name` is what a reader calls its work."""
    with suppress(OSError):
        if answer := answers.readline():
            return int(answer)
    print(f"{name} failed: the process it was copied from is gone; the same command goes on, and with "
          "--cold nothing is copied", file=sys.stderr)  # fmt: skip
    return 1


def serve(address: str, stack: list[str]) -> dict | None:
    """Import a stack and stand by until the input ends; what returns with a request is a copy to do it."""
    from polystilts.evidence.json_schema import without_address_checker

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver decides what an interrupt ends
    without_address_checker()
    gc.disable()  # importing leaves hardly any garbage, and looking for it took a fifth of its time
    code = state_of_code()
    to_do = [partial(importlib.import_module, name) for name in stack]
    to_do.append(read_code)
    copies: dict[int, Copy] = {}
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen(64)
        while True:
            ready = select.select([0, door, *lines_of(copies)], [], [], 0 if to_do else 0.05)[0]
            if 0 in ready:
                break
            for number in [number for number, copy in copies.items() if copy.line in ready]:
                end(number)  # whoever asked for it is gone
            if door in ready and (request := answer(door, code, copies)):
                return request
            reap(copies)
            if to_do:
                with suppress(Exception):  # what cannot be imported is told where it is needed
                    to_do.pop(0)()
                gc.freeze()  # what all copies share is not searched for garbage, and so stays shared
    for number in copies:
        end(number)
    while copies:
        reap(copies, wait=True)
    return None


def read_code() -> None:
    """Learn what the code behind the cells of a study means, so that no copy has to spend half a second."""
    from polystilts.pipeline.cells import code_hash

    code_hash(*MAKERS)


def answer(door: socket.socket, code: dict, copies: dict[int, Copy]) -> dict | None:
    """Answer one request: in the copy that is to do it this returns the request, in the original nothing."""
    line, _ = door.accept()
    asked, streams = "", []
    with suppress(OSError):
        _, streams, _, _ = socket.recv_fds(line, 1, 2)
        asked = line.makefile("r", encoding="utf-8").readline()
    request = json.loads(asked) if asked.endswith("\n") else None  # whoever asked was killed meanwhile
    if request is None or state_of_code() != code:  # what was imported is no longer what is written
        line.close()
    else:
        number = os.fork()
        if number == 0:
            os.setsid()
            for stream, place in zip((os.open(os.devnull, os.O_RDONLY), *streams), (0, 1, 2), strict=True):
                os.dup2(stream, place)
            for other in (line, *lines_of(copies)):
                other.close()
            return request
        copies[number] = Copy(line, request["environ"].get("POLYSTILTS_ACCOUNT", ""))
        with suppress(OSError):
            line.sendall(f"{number}\n".encode())
    for stream in streams:
        os.close(stream)
    return None


def lines_of(copies: dict[int, Copy]) -> list[socket.socket]:
    """The lines to all who wait for a copy."""
    return [copy.line for copy in copies.values()]


def reap(copies: dict[int, Copy], wait: bool = False) -> None:
    """Tell whoever asked how their copy ended, and its job how many processor seconds it took.

    The job cannot know: a copy is no child of its own. Told here, for whoever asked may have been killed.
    """
    for number in list(copies):
        gone, status, used = os.wait4(number, 0 if wait else os.WNOHANG)
        if not gone:
            continue
        copy, code = copies.pop(number), os.waitstatus_to_exitcode(status)
        if copy.account:
            with suppress(OSError), open(copy.account, "a", encoding="utf-8") as account:
                account.write(json.dumps({"elsewhere": used.ru_utime + used.ru_stime}) + "\n")
        with copy.line, suppress(OSError):
            copy.line.sendall(f"{code if code >= 0 else 128 - code}\n".encode())


def end(number: int) -> None:
    """End a copy and all it has started."""
    with suppress(ProcessLookupError):
        os.killpg(number, signal.SIGKILL)


def state_of_code() -> dict[Path, tuple[int, int]]:
    """The time and size of every module of the study."""
    files = paths.PACKAGE.rglob("*.py")
    return {file: (status.st_mtime_ns, status.st_size) for file in files if (status := file.stat())}


def become(request: dict) -> int:
    """Be the chapter or the kernel that was asked for."""
    from polystilts import account

    gc.enable()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environ"])
    account.reset()
    if request["role"] == "kernel":
        from ipykernel import kernelapp

        watched = f"--IPKernelApp.parent_handle={os.getppid()}"
        kernelapp.launch_new_instance(argv=["-f", *request["arguments"], watched])
        return 0
    from polystilts.pipeline import mill

    return mill.main(request["arguments"])


def main() -> int:
    """Ask for a copy, or be the process that is copied."""
    role, *arguments = sys.argv[1:]
    if role != "serve":
        return ask(role, arguments)
    request = serve(os.environ[ADDRESS], arguments)
    leave(become(request) if request else 0)


def leave(code: int) -> NoReturn:
    """End without taking oneself apart.

    Python would visit every object on its way out. A copy would copy all that it had shared until then, which
    took as long as the work of a small chapter; the original kept the study waiting for some seconds.
    """
    atexit._run_exitfuncs()  # what a library wants done at the end
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
