"""What anchoring needs of a chain, as a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Account:
    """The account that sends roots, and the terms on which the chain takes a transaction now.

    Args:
        nonce: The next one, counting what waits to be mined.
        fees: Gas and its price, as the chain's own transactions name them.
    """

    chain_id: int
    sender: str
    nonce: int
    fees: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction that carries a root as its data; whoever sends these bytes sends the same one."""

    transaction_hash: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Mined:
    """Where a transaction stands; `is_final` once enough blocks stand upon it."""

    block: int
    block_hash: str
    succeeded: bool
    is_final: bool


class Chain(Protocol):
    """An EVM chain. Every method but `sign` raises AnchorUnavailable where the node does not answer."""

    def account(self) -> Account:
        """Who sends, as the chain knows them now."""

    def sign(self, root: str, account: Account, nonce: int) -> SignedTransaction:
        """Sign a transaction whose data are the 32 bytes of a root; nothing is sent."""

    def send(self, transaction: SignedTransaction) -> None:
        """Hand a transaction to the node, unless it knows it; what the node thinks of it shows in `mined`."""

    def mined(self, transaction_hash: str) -> Mined | None:
        """Where a transaction was mined; None while it was not."""

    def has_passed(self, sender: str, nonce: int) -> bool:
        """Tell whether another transaction has taken this nonce, for good."""

    def holds(self, chain: Mapping[str, object], root: str) -> bool:
        """Tell whether a root stands where a receipt's `chain` says.

        Raises:
            ChainSilent: The node does not answer.
        """
