"""Peers in Python whose packages do not go with ours: an environment for each, made once from its lock with hashes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.interop.peer import Peer, PeerMissing

# Outside of the folders that are compiled, checked and searched for tests.
ENVIRONMENTS: Final = Path(__file__).parents[2] / ".cache"
INSTALL_SECONDS: Final = 180


def start_python_peer(folder: Path) -> Peer:
    """Start the `peer.py` of a folder in the environment of its `requirements.lock`; raises PeerMissing."""
    return Peer(
        subprocess.Popen(
            [_environment(folder) / "bin" / "python", "peer.py"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    )


def _environment(peer: Path) -> Path:
    """The environment of the lock, made where it is missing or of another lock."""
    folder, lock = ENVIRONMENTS / peer.name, peer / "requirements.lock"
    stamp = folder / ".prepared"
    wanted = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return folder
    failure = ""
    for steps in (_by_uv(folder, lock), _by_pip(folder, lock)):
        shutil.rmtree(folder, ignore_errors=True)
        failure = _failure_of(steps)
        if not failure:
            stamp.write_text(wanted, encoding="ascii")
            return folder
    raise PeerMissing(f"The environment of the peer in {peer.name} cannot be made: {failure}")


def _by_uv(folder: Path, lock: Path) -> list[list[str]]:
    """Take a second or two where it works; pip takes five times as long."""
    uv = [sys.executable, "-m", "uv"]
    install = [*uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python")]
    return [
        [*uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
        [*install, "--no-build", "--no-deps", "--require-hashes", "-r", str(lock)],
    ]


def _by_pip(folder: Path, lock: Path) -> list[list[str]]:
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    return [
        [sys.executable, "-m", "venv", str(folder)],
        [*pip, "--only-binary", ":all:", "--no-deps", "--require-hashes", "-r", str(lock)],
    ]


def _failure_of(steps: list[list[str]]) -> str:
    """What the first step printed that failed; empty where none did."""
    for command in steps:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        if done.returncode:
            return done.stderr[-500:] or f"{command[0]} ended with {done.returncode}"
    return ""
