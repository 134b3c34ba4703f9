"""The program without the second that its imports take: a process that has made them forks whenever one is wanted.

`program()` gives a command line that stands for `python -m sealwright`, for whoever starts it again and again: shells
that walk a page, clients that start a server. What runs is the program as it is, in a process of its own, with the
arguments, folder, environment, signals and descriptors of whoever called. What is about processes as such starts the
program itself.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PRELOADED: Final = (
    "sealwright.bootstrap",
    "sealwright.cli.door",
    "sealwright.cli.index",
    "sealwright.cli.serving",
    "sealwright.cli.working",
    "sealwright.web.app",
    "sealwright.web.server",
    "sealwright.adapters.logging",
    "uvloop",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
)
CALLER: Final = Path(__file__).with_name("quick_caller.py")
_START_SECONDS: Final = 60
_HEAD: Final = struct.Struct("!I")
_CODE: Final = struct.Struct("!i")


@functools.cache
def program() -> tuple[str, ...]:
    """The command line, once for this process; whatever it has started ends with it."""
    folder = Path(tempfile.mkdtemp(prefix="sealwright-quick-"))
    address = folder / "door"
    # Its end of this pipe closes with this process, whatever that dies of.
    ends, held = os.pipe()
    command = [sys.executable, "-m", "tests.support.quick", str(address), str(ends)]
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"}
    process = subprocess.Popen(command, pass_fds=[ends], env=environment, cwd=root, stdin=subprocess.DEVNULL)
    os.close(ends)
    atexit.register(_end, process, held, folder)
    deadline = time.monotonic() + _START_SECONDS
    while not address.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("The program could not be imported ahead.")
        time.sleep(0.01)
    return (sys.executable, "-I", "-S", str(CALLER), str(address))


def _end(process: subprocess.Popen[bytes], held: int, folder: Path) -> None:
    os.close(held)
    process.wait()
    for one in folder.iterdir():
        one.unlink()
    folder.rmdir()


@dataclass(frozen=True, slots=True)
class Call:
    """What somebody called: descriptors of input, output and errors, and everything else by name."""

    descriptors: list[int]
    said: dict[str, Any]

    def run(self) -> int:
        """Become what was called, in a process forked for it; gives its exit code."""
        for number, descriptor in enumerate(self.descriptors):
            os.dup2(descriptor, number)
        for descriptor in self.descriptors:
            if descriptor > 2:
                os.close(descriptor)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in self.said["ignored"]:
            signal.signal(number, signal.SIG_IGN)
        os.umask(self.said["umask"])
        os.chdir(self.said["folder"])
        os.environ.clear()
        os.environ.update(self.said["environment"])
        time.tzset()
        sys.stdin = _text(0, "r")
        sys.stdout = _text(1, "w")
        sys.stderr = _text(2, "w", errors="backslashreplace", buffering=1)
        sys.argv = ["sealwright", *self.said["arguments"]]
        from sealwright.cli.door import run

        return run(list(self.said["arguments"]))


def _text(number: int, mode: str, *, errors: str = "strict", buffering: int = -1) -> Any:
    return os.fdopen(number, mode, buffering, encoding="utf-8", errors=errors, closefd=False)


class _Door:
    """Takes calls, forks for each, and tells the caller how it ended."""

    def __init__(self, door: socket.socket, ends: int) -> None:
        self._door = door
        self._ends = ends
        self._woken, self._wakes = os.pipe()
        for one in (self._woken, self._wakes):
            os.set_blocking(one, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakes, warn_on_full_buffer=False)
        self._selector = selectors.DefaultSelector()
        for watched in (door, self._woken, ends):
            self._selector.register(watched, selectors.EVENT_READ)
        self._lines: dict[int, socket.socket] = {}

    def wait(self) -> Call | None:
        """Serve until the one who started this is gone; in a forked process, what it is to run."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj == self._ends:
                    for pid in self._lines:
                        _send(pid, signal.SIGKILL)
                    return None
                if key.fileobj == self._woken:
                    os.read(self._woken, 4096)
                    self._tell_ends()
                elif key.fileobj is not self._door:
                    self._hear(key.fileobj)
                elif (call := self._answer()) is not None:
                    return call

    def _answer(self) -> Call | None:
        line, _ = self._door.accept()
        call = _read(line)
        pid = os.fork()
        if pid == 0:
            self._forget(line)
            return call
        for one in call.descriptors:
            os.close(one)
        self._lines[pid] = line
        self._selector.register(line, selectors.EVENT_READ)
        return None

    def _forget(self, line: socket.socket) -> None:
        """Keep nothing, in a forked process, but what was handed over."""
        signal.set_wakeup_fd(-1)
        self._selector.close()
        for one in (self._door, line, *self._lines.values()):
            one.close()
        for descriptor in (self._ends, self._woken, self._wakes):
            os.close(descriptor)

    def _tell_ends(self) -> None:
        """Tell callers how what they called has ended: its code, or the signal's number below zero."""
        for pid in list(self._lines):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            line = self._lines.pop(pid)
            with contextlib.suppress(KeyError):
                self._selector.unregister(line)
            with contextlib.suppress(OSError):
                line.sendall(_CODE.pack(os.waitstatus_to_exitcode(status)))
            line.close()

    def _hear(self, line: Any) -> None:
        """Pass on the signals that a caller was sent; one that is gone takes what it called with it."""
        pid = next((pid for pid, one in self._lines.items() if one is line), None)
        if pid is None:
            return
        try:
            numbers = line.recv(64)
        except OSError:
            numbers = b""
        if not numbers:
            self._selector.unregister(line)
        for number in numbers or (signal.SIGKILL,):
            _send(pid, number)


def _read(line: socket.socket) -> Call:
    passed = array.array("i")
    head, extra, _, _ = line.recvmsg(_HEAD.size, socket.CMSG_LEN(3 * passed.itemsize))
    for _, _, data in extra:
        passed.frombytes(data[: len(data) - len(data) % passed.itemsize])
    (length,) = _HEAD.unpack(head)
    content = b""
    while len(content) < length:
        content += line.recv(length - len(content))
    return Call(list(passed), json.loads(content))


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def live(address: str, ends: int) -> Call | None:
    """Import the program and take calls at an address until a pipe is closed; the call, in a process forked for one."""
    for name in PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    # Interrupting a run from the keyboard reaches the callers, who pass it on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    door = socket.socket(socket.AF_UNIX)
    door.bind(f"{address}.new")
    door.listen(64)
    os.rename(f"{address}.new", address)
    return _Door(door, ends).wait()


_CODES: Final = [0]


def _leave() -> None:
    """End without taking modules apart one by one, which takes longer than most commands."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(_CODES[-1])


if __name__ == "__main__":
    # What is registered first is called last.
    atexit.register(_leave)
    called = live(sys.argv[1], int(sys.argv[2]))
    if called is not None:
        # What runs is outside of all that only the forking process needs, and ends with 1 where it raises.
        _CODES.append(1)
        _CODES.append(called.run())
