"""Peer programs: strangers' software as child processes that read and write JSON lines.

A peer is started once and asked many times. Each question has a time limit; a peer that does not answer is killed.
A peer whose Node or packages are missing is a loud skip, and a failure under CI.
"""

from __future__ import annotations

import itertools
import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.support import tools

DIGITAL_BAZAAR: Final = Path(__file__).parent / "digitalbazaar"
OPENID_PROVIDER: Final = Path(__file__).parent / "openid_provider"
ANSWER_SECONDS: Final = 30
Document: TypeAlias = Mapping[str, Any]


class PeerRefused(Exception):
    """The peer answered a question with an error of its own."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error.get("message"))
        self.reasons: tuple[str, ...] = tuple(error.get("reasons") or ())
        self.event: str | None = error.get("event")


class PeerMissing(Exception):
    """The peer cannot be started on this machine; the text says what is missing."""


class PeerSilent(Exception):
    """The peer died or did not answer in time."""


class Peer:
    """A running peer program."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def ask(self, command: str, *, timeout_seconds: float = ANSWER_SECONDS, **members: Any) -> Any:
        """Put a question and wait for the answer.

        Raises:
            PeerRefused: The peer answered with an error.
            PeerSilent: No answer came in time; the peer is gone afterwards.
        """
        number = next(self._numbers)
        question = json.dumps({"number": number, "command": command, **members}).encode() + b"\n"
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(question)
            self._process.stdin.flush()
            line = self._lines.get(timeout=timeout_seconds)
        except (queue.Empty, OSError) as error:
            self._process.kill()
            raise PeerSilent(f"no answer to {command} within {timeout_seconds} s") from error
        if line is None:
            raise PeerSilent(f"the peer ended at {command} with exit code {self._process.wait()}")
        answer = json.loads(line)
        assert answer["number"] == number
        if "error" in answer:
            raise PeerRefused(answer["error"])
        return answer["result"]

    def stop(self) -> None:
        """Close the peer's input, which ends it, and make sure that it ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)


class DigitalBazaar:
    """`@digitalbazaar/vc` and its suites, as verifier, issuer and canonicalizer of record."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def verify(self, credential: Document, *, documents: Document | None = None, **members: Any) -> dict[str, Any]:
        """What they say of a credential: {verified, set: [status purposes], errors: [message]}.

        Args:
            credential: The signed document.
            documents: Contexts, DID documents and status lists by URL; their own pinned contexts come first.
            members: `loopback`: base URL of the one server on 127.0.0.1 that they may ask; `accept`: suite names;
                `now`: the time by which dates are judged, RFC 3339.
        """
        answer: dict[str, Any] = self._peer.ask("verify", credential=credential, documents=documents or {}, **members)
        return answer

    def verify_presentation(self, presentation: Document, **members: Any) -> dict[str, Any]:
        """What they say of a presentation: as for a credential, with `credentials`: [verdict]."""
        answer: dict[str, Any] = self._peer.ask("verifyPresentation", presentation=presentation, **members)
        return answer

    def sign(self, credential: Document, *, suite: str, key: Document, created: str, **members: Any) -> dict[str, Any]:
        """A credential signed by them. The key is {seed: hex, id?, controller?}, by default that of its did:key."""
        signed: dict[str, Any] = self._peer.ask(
            "sign", credential=credential, suite=suite, key=key, created=created, **members
        )
        return signed

    def present(self, presentation: Document, *, suite: str, key: Document, created: str, **members: Any) -> Any:
        """A presentation signed by them, with `challenge` and `domain`."""
        return self._peer.ask("present", presentation=presentation, suite=suite, key=key, created=created, **members)

    def status_list(self, **members: Any) -> dict[str, Any]:
        """A status list credential of theirs: type, id, purpose, length, set (indices), issuer, key, suite, created."""
        signed: dict[str, Any] = self._peer.ask("statusList", **members)
        return signed

    def key(self, key: Document) -> dict[str, str]:
        """The did:key and verification method of a key: {did, verificationMethod}."""
        answer: dict[str, str] = self._peer.ask("key", key=key)
        return answer

    def canonize(self, documents_to_canonize: Sequence[Document], **members: Any) -> list[dict[str, str]]:
        """Each document's canonical form, {nquads}, or why they refuse it, {error}."""
        answer: list[dict[str, str]] = self._peer.ask("canonize", documentsToCanonize=documents_to_canonize, **members)
        return answer


def start_node(folder: Path, program: str, *, packages: Path = DIGITAL_BAZAAR) -> Peer:
    """Start a Node program of ours.

    Args:
        folder: Where it runs.
        program: Its path, relative to the folder.
        packages: The folder whose packages it needs.

    Raises:
        PeerMissing: Node or the packages are not here.
    """
    node = shutil.which("node")
    if node is None:
        raise PeerMissing(f"Node is not here, so the peer in {folder.name} was not asked")
    if not (packages / "node_modules").is_dir():
        raise PeerMissing(f"The packages of the peer {packages.name} are not installed: run `make peers`")
    return Peer(
        subprocess.Popen(
            [node, program], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    )


@contextmanager
def digital_bazaar_peer() -> Iterator[DigitalBazaar]:
    """The peer for as long as the block runs; a loud skip where it cannot run."""
    try:
        peer = start_node(DIGITAL_BAZAAR, "peer.mjs")
    except PeerMissing as error:
        tools.missing(str(error))
    try:
        yield DigitalBazaar(peer)
    finally:
        peer.stop()
