"""A person's wallet addresses: proved by signing a message of ours (EIP-4361), or typed and shown as unproved."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from sealwright.domain.errors import AddressInUse, InvalidProof, NotFound, StateConflict
from sealwright.domain.people import Caller, Person, Wallet
from sealwright.domain.shown_text import require_name
from sealwright.domain.sign_in import ChallengePurpose
from sealwright.services.challenges import CHALLENGE_LIFE, keep_challenge
from sealwright.services.desk_ports import WalletProofs
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.profile import present_person, store_person
from sealwright.vc.encoding.timestamps import format_timestamp

WALLETS_MOST: Final = 20
LABEL_MAX: Final = 80
CHAIN_ID: Final = 1
_STATEMENT: Final = "Prove that this address is yours. This signs you in nowhere, moves nothing and costs nothing."
_NO_CHALLENGE: Final = "This message was not asked for, was answered already, or is too old; ask for another one."


@dataclass(frozen=True, slots=True)
class OwnChallenge:
    """A text to sign, exactly as it stands, and until when it counts."""

    text: str
    expires_at: datetime


class WalletDesk:
    """Adds and removes addresses of the caller's own account; methods with a unit of work need the registry lock."""

    def __init__(self, *, clock: Clock, proofs: WalletProofs, public_url: str) -> None:
        self._clock = clock
        self._proofs = proofs
        self._public_url = public_url

    def challenge(self, uow: UnitOfWork, caller: Caller, address: str) -> OwnChallenge:
        """Make the message that the wallet has to sign: it names this office, the address, a nonce and its own end.

        Raises:
            InvalidAddress: Not an address.
            AddressInUse: Somebody else proved it.

        Spec: EIP-4361, "Message Format".
        """
        person = present_person(uow, caller)
        checked = self._proofs.checksum(address)
        _require_free(uow, person, checked)
        now = self._clock.now()
        text = message_for(
            checked, self._public_url, secrets.token_hex(16), issued_at=now, expires_at=now + CHALLENGE_LIFE
        )
        kept = keep_challenge(uow, self._clock, ChallengePurpose.WALLET, person.user_id, text.encode("utf-8"))
        return OwnChallenge(text, kept.expires_at)

    def add(
        self, uow: UnitOfWork, caller: Caller, address: str, message: str, signature: str, *, label: str | None = None
    ) -> Person:
        """Add an address by its signature over exactly the message that was made for it; the message serves once.

        Raises:
            InvalidAddress: Not an address.
            InvalidProof: Another message, another person's, one that was used; or somebody else's signature.
            AddressInUse: Somebody else proved it.
        """
        person = present_person(uow, caller)
        checked = self._proofs.checksum(address)
        text = message.encode("utf-8", "surrogatepass")
        taken = uow.sign_ins.take_challenge(hashlib.sha256(text).digest(), ChallengePurpose.WALLET, self._clock.now())
        if taken is None or taken.user_id != person.user_id or taken.payload != text:
            raise InvalidProof(_NO_CHALLENGE)
        # The message is ours to the letter, so its second line is the address that it was made for.
        if message.split("\n")[1] != checked or self._proofs.signer_of(message, signature) != checked:
            raise InvalidProof("The signature was not made by this address.")
        _require_free(uow, person, checked)
        return self._put(uow, caller, person, Wallet(checked, verified=True, label=_label(label)), "wallet_proved")

    def add_typed(self, uow: UnitOfWork, caller: Caller, address: str, *, label: str | None = None) -> Person:
        """Add an address on the person's word; it is shown as unproved and finds nobody.

        Raises:
            InvalidAddress: Not an address.
            AddressInUse: Somebody else proved it.
        """
        person = present_person(uow, caller)
        checked = self._proofs.checksum(address)
        _require_free(uow, person, checked)
        if any(wallet.address == checked for wallet in person.wallets):
            return person
        return self._put(uow, caller, person, Wallet(checked, verified=False, label=_label(label)), "wallet_typed")

    def label(self, uow: UnitOfWork, caller: Caller, address: str, label: str | None) -> Person:
        """Name an address. Raises NotFound, MalformedBody."""
        person, wallet = self._own(uow, caller, address)
        return self._put(uow, caller, person, replace(wallet, label=_label(label)), "wallet_labeled")

    def make_primary(self, uow: UnitOfWork, caller: Caller, address: str) -> Person:
        """Put an address first. Raises NotFound."""
        person, wallet = self._own(uow, caller, address)
        others = tuple(one for one in person.wallets if one.address != wallet.address)
        changed = replace(person, wallets=(wallet, *others))
        return store_person(uow, caller, person, changed, change="wallet_primary", at=self._clock.now())

    def remove(self, uow: UnitOfWork, caller: Caller, address: str) -> Person:
        """Remove an address. Raises NotFound."""
        person, wallet = self._own(uow, caller, address)
        kept = tuple(one for one in person.wallets if one.address != wallet.address)
        return store_person(
            uow, caller, person, replace(person, wallets=kept), change="wallet_removed", at=self._clock.now()
        )

    @staticmethod
    def _own(uow: UnitOfWork, caller: Caller, address: str) -> tuple[Person, Wallet]:
        person = present_person(uow, caller)
        found = next((one for one in person.wallets if one.address.lower() == address.lower()), None)
        if found is None:
            raise NotFound("There is no such address of yours.")
        return person, found

    def _put(self, uow: UnitOfWork, caller: Caller, person: Person, wallet: Wallet, change: str) -> Person:
        known = [one.address for one in person.wallets]
        if wallet.address in known:
            wallets = tuple(wallet if one.address == wallet.address else one for one in person.wallets)
        elif len(known) >= WALLETS_MOST:
            raise StateConflict(f"There are {WALLETS_MOST} addresses already.")
        else:
            wallets = (*person.wallets, wallet)
        return store_person(uow, caller, person, replace(person, wallets=wallets), change=change, at=self._clock.now())


def message_for(address: str, public_url: str, nonce: str, *, issued_at: datetime, expires_at: datetime) -> str:
    """The text that a wallet shows and signs.

    Spec: EIP-4361, "Message Format".
    """
    return (
        f"{urlsplit(public_url).netloc} wants you to sign in with your Ethereum account:\n"
        f"{address}\n"
        f"\n"
        f"{_STATEMENT}\n"
        f"\n"
        f"URI: {public_url}\n"
        f"Version: 1\n"
        f"Chain ID: {CHAIN_ID}\n"
        f"Nonce: {nonce}\n"
        f"Issued At: {format_timestamp(issued_at)}\n"
        f"Expiration Time: {format_timestamp(expires_at)}"
    )


def _require_free(uow: UnitOfWork, person: Person, address: str) -> None:
    other = uow.people.by_wallet(address)
    if other is not None and other.user_id != person.user_id:
        raise AddressInUse("Another person proved this address.")


def _label(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    return require_name(text.strip(), "/label", LABEL_MAX)
