"""The public page of a credential: its address, and what its holder lets it show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivery_errors import ShareNotFound
from sealwright.domain.errors import CredentialErased, CredentialNotFound, MalformedBody
from sealwright.domain.formats import format_of
from sealwright.domain.people import Caller
from sealwright.domain.sharing import Share
from sealwright.services.office_secrets import OfficeSecrets, secret_digest
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.verify_content import content_of
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import Fault, UnreadableJSON

SHARE_PATH: Final = "/v/"
_SECRET: Final = "share"  # noqa: S105 - names a kind of secret
_SHORT: Final = re.compile(r"[A-Z2-7]{26}")
# People who copy from paper put blanks and hyphens in; the two digits that the alphabet lacks are letters misread.
_PASSED_OVER: Final = str.maketrans({" ": None, "-": None, "0": "O", "8": "B"})
_MOST_POINTERS: Final = 200


@dataclass(frozen=True, slots=True)
class SharedCredential:
    """What stands behind a public page.

    Args:
        record: The credential; its document is None once it is erased.
        share: What its holder lets the page show.
    """

    record: CredentialRecord
    share: Share

    def shows(self, claims: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
        """Those of the credential's (verified) claims that its holder chose to show; none while sharing is off."""
        return chosen(claims, self.share.shown) if self.share.is_on else {}


@dataclass(frozen=True, slots=True)
class OwnShare:
    """A public page as its holder sees and switches it.

    Args:
        address: The whole address of the page; it tells the verdict also while sharing is off.
        offered: JSON pointers of every claim that may be shown, in the order of the document.
    """

    record: CredentialRecord
    share: Share
    address: str
    offered: tuple[str, ...]


class Sharing:
    """Keeps the public pages of credentials. A further form of a credential has the page of its source."""

    def __init__(self, *, units: UnitOfWorkFactory, secrets: OfficeSecrets, clock: Clock, public_url: str) -> None:
        self._units = units
        self._secrets = secrets
        self._clock = clock
        self._public_url = public_url

    def address(self, uow: UnitOfWork, record: CredentialRecord) -> str:
        """The address of a credential's page; the page is made at need, in a unit of work that writes."""
        return self._address(self._share(uow, record))

    def known_address(self, share: Share) -> str:
        """The address of a page that is there already; for whoever may see the credential."""
        with self._units(write=False) as uow:
            self._secrets.ready(uow)
            return self._address(share)

    def own(self, uow: UnitOfWork, caller: Caller, credential_id: str) -> OwnShare:
        """The page of the caller's credential, and what it could show. The unit of work writes.

        Raises:
            CredentialNotFound: Missing, or not the caller's: the two look alike.
        """
        record = self._owned(uow, caller, credential_id)
        share = self._share(uow, record)
        return OwnShare(record, share, self._address(share), tuple(pointers_of(stored_claims(record))))

    def switch(
        self,
        uow: UnitOfWork,
        caller: Caller,
        credential_id: str,
        *,
        is_on: bool,
        shown: Iterable[str],
        is_listed: bool = False,
    ) -> Share:
        """Let the page show some claims, or none any more. Only the holder may.

        Args:
            is_on: False shows no claims, and keeps the choice.
            shown: JSON pointers into the claims.
            is_listed: Whether search engines may list the page; never while sharing is off.

        Raises:
            CredentialNotFound: Missing, or not the caller's.
            CredentialErased: There is nothing left to show.
            MalformedBody: A pointer to what is not among the claims.
        """
        record = self._owned(uow, caller, credential_id)
        if record.document is None:
            raise CredentialErased("The document is gone with its person's data.")
        offered = tuple(pointers_of(stored_claims(record)))
        wanted = frozenset(shown)
        if not wanted <= frozenset(offered):
            detail = "Only claims of this credential can be shown."
            raise MalformedBody(detail, faults=[Fault("/shown", "INVALID_VALUE", detail)])
        before = self._share(uow, record)
        after = replace(
            before,
            is_on=is_on,
            shown=tuple(pointer for pointer in offered if pointer in wanted),
            is_listed=is_on and is_listed,
            updated_at=self._clock.now(),
        )
        self._put(uow, caller, record, before, after)
        return after

    def renew(self, uow: UnitOfWork, caller: Caller, credential_id: str) -> str:
        """Give the page a new address, and let every older one die; codes on paper too. Only the holder may.

        Raises:
            CredentialNotFound: Missing, or not the caller's.
        """
        record = self._owned(uow, caller, credential_id)
        before = self._share(uow, record)
        after = replace(before, generation=before.generation + 1, updated_at=self._clock.now())
        after = replace(after, digest=secret_digest(self._short(after)))
        self._put(uow, caller, record, before, after)
        return self._address(after)

    def open(self, short: str) -> SharedCredential:
        """The credential behind a public page, whoever asks; upper and lower case are one.

        Raises:
            ShareNotFound: No page has this address, or none any more.
        """
        code = short.upper().translate(_PASSED_OVER)
        if _SHORT.fullmatch(code) is None:
            raise ShareNotFound("There is no such page.")
        with self._units(write=False) as uow:
            share = uow.shares.by_digest(secret_digest(code))
            record = uow.credentials.get(str(share.uid)) if share is not None else None
        if share is None or record is None:
            raise ShareNotFound("There is no such page.")
        return SharedCredential(record, share)

    def _owned(self, uow: UnitOfWork, caller: Caller, credential_id: str) -> CredentialRecord:
        """The caller's credential with its row locked, so that two who switch at once do so one after the other.

        Of a further form its source alone is locked: whoever locks both begins with the source.
        """
        person = caller.require_person()
        record = uow.credentials.get(credential_id)
        if record is None or person is None or not is_holder(uow, record, person.user_id, person.dids):
            raise CredentialNotFound("No such credential.")
        return uow.credentials.get_for_update(str(record.copy_of or record.uid)) or record

    def _share(self, uow: UnitOfWork, record: CredentialRecord) -> Share:
        self._secrets.ready(uow)
        uid = record.copy_of or record.uid
        if (found := uow.shares.get(uid)) is not None:
            return found
        # Looked at again behind the lock, or a page that somebody switches on right now would be put back.
        uow.credentials.get_for_update(str(uid))
        if (found := uow.shares.get(uid)) is not None:
            return found
        now = self._clock.now()
        share = Share(uid=uid, digest=b"", created_at=now, updated_at=now)
        share = replace(share, digest=secret_digest(self._short(share)))
        uow.shares.put(share)
        return share

    def _put(self, uow: UnitOfWork, caller: Caller, record: CredentialRecord, before: Share, after: Share) -> None:
        uow.shares.put(after)
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action="share.changed",
                object_type="credential",
                object_id=record.credential_id,
                at=self._clock.now(),
                before=_state(before),
                after=_state(after),
                data={"issuerDid": record.issuer_did, "grantId": record.grant_id},
            )
        )

    def _address(self, share: Share) -> str:
        return f"{self._public_url}{SHARE_PATH}{self._short(share)}"

    def _short(self, share: Share) -> str:
        return self._secrets.short(_SECRET, f"{share.uid}/{share.generation}")


def is_holder(uow: UnitOfWork, record: CredentialRecord, user_id: str, dids: tuple[str, ...]) -> bool:
    """Whose grant it is; without one, who controls the DID that it is about."""
    grant = uow.grants.get(record.grant_id) if record.grant_id is not None else None
    if grant is None:
        grant = uow.grants.by_credential(record.credential_id)
    return grant.user_id == user_id if grant is not None else record.holder_did in dids


def _state(share: Share) -> dict[str, object]:
    """What an audit row says of a page: how much is shown, not what."""
    return {
        "isOn": share.is_on,
        "isListed": share.is_listed,
        "shown": len(share.shown),
        "generation": share.generation,
    }


def stored_claims(record: CredentialRecord) -> Mapping[str, JSONValue]:
    """The claims in a stored document of any form, without the subject's id; none of an erased one."""
    if record.document is None:
        return {}
    if format_of(record.proof_type).is_text:
        return content_of(record.document.decode("ascii", "replace")).claims
    try:
        return content_of(parse_json(record.document)).claims
    except UnreadableJSON:
        return {}


def pointers_of(claims: Mapping[str, JSONValue], *, below: str = "") -> Iterator[str]:
    """JSON pointers of the claims that can be shown or hidden one by one: members of objects, whole lists."""
    for number, (name, value) in enumerate(claims.items()):
        if number >= _MOST_POINTERS:
            return
        pointer = child(below, name)
        if isinstance(value, dict) and value:
            yield from pointers_of(value, below=pointer)
        else:
            yield pointer


def chosen(claims: Mapping[str, JSONValue], shown: Iterable[str], *, below: str = "") -> dict[str, JSONValue]:
    """Those claims that pointers name, in the shape they have in the document."""
    wanted = frozenset(shown)
    kept: dict[str, JSONValue] = {}
    for name, value in claims.items():
        pointer = child(below, name)
        if pointer in wanted:
            kept[name] = value
        elif isinstance(value, dict) and (inside := chosen(value, wanted, below=pointer)):
            kept[name] = inside
    return kept
