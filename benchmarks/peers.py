"""The peer of the in-memory benches, as contenders that take turns with ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks import degree
from benchmarks.rounds import Contender
from sealwright.vc.encoding.timestamps import format_timestamp
from tests.interop.peer import Peer, start_node

FOLDER: Final = Path(__file__).parent / "node"
NAME: Final = "@digitalbazaar/vc"


class UnlikeDocuments(Exception):
    """Ours and the peer's signed documents differ, so their speeds say nothing about each other."""


class DigitalBazaarBench:
    """`@digitalbazaar/vc` with the degree credential prepared."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.signed: dict[str, Any] = peer.ask(
            "prepare",
            unsigned=degree.UNSIGNED,
            documents=degree.DOCUMENTS,
            seed=degree.SEED.hex(),
            keyId=degree.METHOD,
            controller=degree.ISSUER,
            created=format_timestamp(degree.CREATED),
        )

    def contender(self, command: str) -> Contender:
        """One of `issue`, `verify`, `canonize` as a contender; each act is timed within the peer's own process."""

        def run(seconds: float) -> Sequence[int]:
            times: list[int] = self._peer.ask(command, seconds=seconds)["times"]
            return times

        return run

    def must_equal(self, signed: dict[str, Any]) -> None:
        """Make sure that both sides produce the very same document.

        Raises:
            UnlikeDocuments: They do not.
        """
        if signed != self.signed:
            raise UnlikeDocuments(f"ours: {signed['proof']}, theirs: {self.signed['proof']}")


@contextmanager
def digital_bazaar() -> Iterator[DigitalBazaarBench]:
    """The peer for as long as the block runs; it inherits the core that we are pinned to."""
    peer = start_node(FOLDER, "vc.mjs")
    try:
        yield DigitalBazaarBench(peer)
    finally:
        peer.stop()
