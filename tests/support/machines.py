"""Machines for tests: network namespaces with a wire between each and the one that has the database.

Needs root and the `ip` program. Each machine is a namespace of this kernel with addresses, routes and a loopback of
its own; processes in it reach the others over its wire only, which a test may cut.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

SECONDS: Final = 10


class NoMachines(Exception):
    """Namespaces cannot be made here; the text says why."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One namespace.

    Args:
        address: Its own address on its wire.
        hub: The address of the machine at the wire's other end; `far_machine` and `far_end` name it and that end.
    """

    name: str
    address: str
    hub: str
    far_machine: str
    far_end: str

    def command(self, command: Sequence[str]) -> list[str]:
        """A command, to be run on this machine."""
        return ["ip", "netns", "exec", self.name, *command]

    def cut(self) -> None:
        """Cut its wire at the far end: what is sent here is lost without a word."""
        _ip("-n", self.far_machine, "link", "set", self.far_end, "down")

    def mend(self) -> None:
        """Put the wire back."""
        _ip("-n", self.far_machine, "link", "set", self.far_end, "up")

    def reaches(self, port: int) -> bool:
        """Tell whether something on the machine in the middle takes connections from here."""
        program = f"import socket; socket.create_connection(({self.hub!r}, {port}), 1).close()"
        done = subprocess.run(
            self.command([sys.executable, "-I", "-c", program]), capture_output=True, check=False, timeout=SECONDS
        )
        return done.returncode == 0


@dataclass(frozen=True, slots=True)
class Hub:
    """The machine in the middle, and those around it."""

    name: str
    addresses: tuple[str, ...]
    around: tuple[Machine, ...]

    def command(self, command: Sequence[str]) -> list[str]:
        """A command, to be run on the machine in the middle."""
        return ["ip", "netns", "exec", self.name, *command]


@contextmanager
def machines(count: int) -> Iterator[Hub]:
    """A machine in the middle with `count` others around it, each on a wire of its own; gone when the block ends.

    Raises:
        NoMachines: We are not root, `ip` is missing, or the kernel refuses.
    """
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise NoMachines("network namespaces need root and the program `ip`")
    mark = secrets.token_hex(2)
    hub = f"swm-{mark}-hub"
    made: list[str] = []
    try:
        around = []
        _make(hub, made)
        for number in range(count):
            name, subnet = f"swm-{mark}-{number}", f"10.77.{number + 1}"
            _make(name, made)
            inner, outer = f"sw{mark}{number}", f"sw{mark}h{number}"
            _ip("-n", hub, "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name)
            _ip("-n", hub, "addr", "add", f"{subnet}.1/24", "dev", outer)
            _ip("-n", name, "addr", "add", f"{subnet}.2/24", "dev", inner)
            _ip("-n", hub, "link", "set", outer, "up")
            _ip("-n", name, "link", "set", inner, "up")
            around.append(Machine(name, f"{subnet}.2", f"{subnet}.1", hub, outer))
        yield Hub(hub, tuple(one.hub for one in around), tuple(around))
    finally:
        for name in reversed(made):
            with contextlib.suppress(NoMachines):
                _ip("netns", "del", name)


def _make(name: str, made: list[str]) -> None:
    _ip("netns", "add", name)
    made.append(name)
    _ip("-n", name, "link", "set", "lo", "up")


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False, timeout=SECONDS)
    if done.returncode != 0:
        raise NoMachines(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
