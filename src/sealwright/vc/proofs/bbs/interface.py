"""A ciphersuite and the interface it is used through: how messages become scalars, and which points they go with.

Spec: The BBS Signature Scheme, "Utility Operations", "Ciphersuites".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Final

from py_arkworks_bls12381 import G1Point, Scalar

from sealwright.vc.proofs.bbs.curve import POINT_BYTES, Row, hash_to_curve, joined_points, row_of, wide_scalar
from sealwright.vc.proofs.bbs.expanding import Expand, expand_sha256, expand_shake256

_EXPANDED: Final = 48
_NUMBER: Final = 8
# Longer headers are hashed each time instead of being kept.
_LONGEST_KEPT_HEADER: Final = 256


@dataclass(frozen=True, slots=True)
class Ciphersuite:
    """A hash with the points and tags drawn from it.

    Args:
        name: What we call it.
        identifier: Its `ciphersuite_id`.
        expand: The hash's way to stretch bytes.
    """

    name: str
    identifier: bytes
    expand: Expand


SHA_256: Final = Ciphersuite("SHA-256", b"BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_", expand_sha256)
SHAKE_256: Final = Ciphersuite("SHAKE-256", b"BBS_BLS12381G1_XOF:SHAKE-256_SSWU_RO_", expand_shake256)


@dataclass(frozen=True, slots=True)
class Generators:
    """Points whose logarithms nobody knows.

    Args:
        points: Q1, then one for each message.
        rows: Their rows.
        joined: Their compressed forms, one behind the other.
    """

    points: tuple[G1Point, ...]
    rows: tuple[Row, ...]
    joined: bytes

    def followed_by(self, others: Generators) -> Generators:
        """These points and then those."""
        return Generators(self.points + others.points, self.rows + others.rows, self.joined + others.joined)


@dataclass(frozen=True, slots=True)
class Interface:
    """A ciphersuite as one kind of signature uses it; everything drawn through it carries its `api_id`.

    Args:
        suite: The ciphersuite.
        api_id: The interface's identifier.
    """

    suite: Ciphersuite
    api_id: bytes

    def hash_to_scalar(self, data: bytes) -> Scalar:
        """A scalar from bytes. Spec: "Hash to Scalar"."""
        return wide_scalar(self.suite.expand(data, self.api_id + b"H2S_", _EXPANDED))

    def message_scalars(self, messages: Sequence[bytes]) -> list[Scalar]:
        """A scalar for each message. Spec: "Messages to Scalars"."""
        expand, tag = self.suite.expand, self.api_id + b"MAP_MSG_TO_SCALAR_AS_HASH_"
        return [wide_scalar(expand(message, tag, _EXPANDED)) for message in messages]

    def generators(self, count: int) -> Generators:
        """The first `count` points of this interface. Spec: "Generators Calculation"."""
        return _first(self.suite, self.api_id, count)

    def hash_to_curve(self, data: bytes) -> G1Point:
        """A point from bytes, under this interface's own identifier as the tag."""
        return hash_to_curve(self.suite.expand, data, self.api_id)

    @property
    def base(self) -> Row:
        """The row of the ciphersuite's P1."""
        return _base(self.suite)


def plain_interface(suite: Ciphersuite) -> Interface:
    """The interface of plain BBS signatures. Spec: "BBS Signatures Interface"."""
    return Interface(suite, suite.identifier + b"H2G_HM2S_")


class _Series:
    """The points of one interface in order, drawn as far as anybody asked."""

    def __init__(self, suite: Ciphersuite, api_id: bytes, seed: bytes) -> None:
        self._expand = suite.expand
        self._seed_tag = api_id + b"SIG_GENERATOR_SEED_"
        self._point_tag = api_id + b"SIG_GENERATOR_DST_"
        self._state = suite.expand(api_id + seed, self._seed_tag, _EXPANDED)
        self._rows: list[Row] = []
        # Two threads that draw at once would take points from one state twice.
        self._drawing = Lock()

    def first(self, count: int) -> tuple[Row, ...]:
        with self._drawing:
            while len(self._rows) < count:
                number = (len(self._rows) + 1).to_bytes(_NUMBER, "big")
                self._state = self._expand(self._state + number, self._seed_tag, _EXPANDED)
                self._rows.append(row_of(hash_to_curve(self._expand, self._state, self._point_tag)))
            return tuple(self._rows[:count])


# Two ciphersuites with a handful of interfaces each: a closed set, which no caller from outside can widen.
@lru_cache(maxsize=32)
def _series(suite: Ciphersuite, api_id: bytes, seed: bytes) -> _Series:
    return _Series(suite, api_id, seed)


@lru_cache(maxsize=256)
def _first(suite: Ciphersuite, api_id: bytes, count: int) -> Generators:
    rows = _series(suite, api_id, b"MESSAGE_GENERATOR_SEED").first(count)
    points = tuple(row[0] for row in rows)
    return Generators(points, rows, joined_points(points))


@lru_cache(maxsize=8)
def _base(suite: Ciphersuite) -> Row:
    """P1, which is drawn as a message's point is, from a seed of its own. Spec: "Ciphersuites", P1."""
    return _series(suite, plain_interface(suite).api_id, b"BP_MESSAGE_GENERATOR_SEED").first(1)[0]


def domain(interface: Interface, public_key: bytes, generators: Generators, header: bytes) -> Scalar:
    """Binds a signature to key, header and points.

    Args:
        interface: What the signature is made under.
        public_key: 96 bytes.
        generators: Q1 and one point for each message.
        header: Bytes that every derived proof is bound to.

    Spec: "Domain Calculation".
    """
    if len(header) > _LONGEST_KEPT_HEADER:
        return _domain(interface, public_key, generators.joined, header)
    return _kept_domain(interface, public_key, generators.joined, header)


def _domain(interface: Interface, public_key: bytes, joined: bytes, header: bytes) -> Scalar:
    counted = (len(joined) // POINT_BYTES - 1).to_bytes(_NUMBER, "big")
    sized_header = len(header).to_bytes(_NUMBER, "big") + header
    return interface.hash_to_scalar(public_key + counted + joined + interface.api_id + sized_header)


# An act is followed by others over the same header: sign and check one's own work, check and derive.
_kept_domain = lru_cache(maxsize=1024)(_domain)
