"""Links to a part of a credential: a holder derives it, a verifier opens it, and it ends by itself.

What is kept is the derived credential alone, until the link's time is over or its holder takes it back. The address
follows from the link's id and a key of the office, so that its holder can be shown it again; the row has its digest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivery_errors import DisclosureNotFound
from sealwright.domain.disclosures import (
    DEFAULT_LIFE,
    LONGEST_LIFE,
    OPEN_MOST,
    SHORTEST_LIFE,
    DisclosureLink,
)
from sealwright.domain.errors import CredentialErased, CredentialNotFound, MalformedBody, StateConflict
from sealwright.domain.ids import new_id
from sealwright.domain.people import Caller
from sealwright.services.office_secrets import OfficeSecrets, secret_digest
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.sharing import SHARE_PATH, is_holder, pointers_of
from sealwright.services.verify_content import content_of
from sealwright.vc.encoding.strict_json import JSONValue, dump_json, parse_json
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import Fault

DISCLOSURE_PATH: Final = f"{SHARE_PATH}d/"
_SECRET: Final = "disclosure"  # noqa: S105 - names a kind of secret
_TOKEN: Final = re.compile(r"[A-Z2-7]{26}")

Derived = dict[str, JSONValue] | str


class ShowsParts(Protocol):
    """Derives what a stored credential is to show."""

    def shown(self, record: CredentialRecord, pointers: Sequence[str]) -> Derived:
        """The derived credential; raises CredentialErased, DerivationInvalid, UnsupportedProofType."""
        ...


@dataclass(frozen=True, slots=True)
class MadeDisclosure:
    """A link as its holder sees it: with its address."""

    link: DisclosureLink
    credential_id: str
    address: str


@dataclass(frozen=True, slots=True)
class OpenedDisclosure:
    """What stands behind a link.

    Args:
        source: The derived credential: JSON, or the text of an SD-JWT.
        text: The same as it is handed over.
    """

    link: DisclosureLink
    source: Mapping[str, JSONValue] | str
    text: str


class Disclosing:
    """Keeps links to parts of credentials; only the holder makes, lists and ends them."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        secrets: OfficeSecrets,
        deriving: ShowsParts,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._units = units
        self._secrets = secrets
        self._deriving = deriving
        self._clock = clock
        self._public_url = public_url

    def derive(self, caller: Caller, credential_id: str, pointers: Sequence[str]) -> Derived:
        """What a verifier would be given; outside any transaction, for it takes some work.

        Raises:
            CredentialNotFound: Missing, or not the caller's: the two look alike.
            CredentialErased: Its document is gone.
            DerivationInvalid: A pointer that leads nowhere, or nothing to show.
            UnsupportedProofType: It can be shown only whole.
        """
        with self._units(write=False) as uow:
            record = self._owned(uow, caller, credential_id)
        return self._deriving.shown(record, pointers)

    def make(
        self, uow: UnitOfWork, caller: Caller, credential_id: str, derived: Derived, *, life: timedelta = DEFAULT_LIFE
    ) -> MadeDisclosure:
        """Keep what was derived behind a new link.

        Args:
            derived: From `derive`, for this caller and credential.
            life: Until it ends by itself.

        Raises:
            CredentialNotFound, CredentialErased: As `derive`.
            MalformedBody: Too short or too long a life.
            StateConflict: Too many links are open.
        """
        if not SHORTEST_LIFE <= life <= LONGEST_LIFE:
            detail = "A link lives between one minute and one day."
            raise MalformedBody(detail, faults=[Fault("/expiresInSeconds", "INVALID_VALUE", detail)])
        record = self._owned(uow, caller, credential_id)
        if record.document is None:
            raise CredentialErased("The document is gone with its person's data.")
        now = self._clock.now()
        # The lock of the credential's row is held, so that of two who come at once the second sees the first one's.
        uow.credentials.get_for_update(str(record.copy_of or record.uid))
        if len(uow.disclosures.of_credential(record.uid, now)) >= OPEN_MOST:
            raise StateConflict(f"{OPEN_MOST} links to this credential are open; take one back first.")
        self._secrets.ready(uow)
        disclosure_id = new_id("dsc")
        link = DisclosureLink(
            disclosure_id=disclosure_id,
            uid=record.uid,
            user_id=caller.user_id,
            digest=secret_digest(self._token(disclosure_id)),
            document=derived.encode("ascii") if isinstance(derived, str) else dump_json(derived),
            is_text=isinstance(derived, str),
            shown=sum(1 for _ in pointers_of(content_of(derived).claims)),
            created_at=now,
            expires_at=now + life,
        )
        uow.disclosures.add(link)
        self._record(uow, caller, "disclosure.created", record, link)
        return self._made(link, record)

    def own(self, caller: Caller, credential_id: str) -> tuple[MadeDisclosure, ...]:
        """The open links of the caller's credential, oldest first.

        Raises:
            CredentialNotFound: Missing, or not the caller's.
        """
        with self._units(write=False) as uow:
            record = self._owned(uow, caller, credential_id)
            links = uow.disclosures.of_credential(record.uid, self._clock.now())
            if not links:
                return ()
            self._secrets.ready(uow)
            return tuple(self._made(one, record) for one in links)

    def take_back(self, uow: UnitOfWork, caller: Caller, credential_id: str, disclosure_id: str) -> None:
        """End a link, and forget what it shows.

        Raises:
            CredentialNotFound: Missing, or not the caller's.
            DisclosureNotFound: No open link of this credential has this id.
        """
        record = self._owned(uow, caller, credential_id)
        link = uow.disclosures.get(disclosure_id)
        if link is None or link.uid != record.uid or not link.is_open(self._clock.now()):
            raise DisclosureNotFound("There is no such link.")
        if not uow.disclosures.drop(disclosure_id):
            raise DisclosureNotFound("There is no such link.")
        self._record(uow, caller, "disclosure.taken_back", record, link)

    def open(self, token: str, *, counts: bool) -> OpenedDisclosure:
        """What stands behind an address, whoever asks; upper and lower case are one.

        Args:
            counts: Whether this is an opening of the page.

        Raises:
            DisclosureNotFound: Never made, taken back, over, or of somebody whose account was closed, or whose
                credential it is not any more: they look alike.
        """
        code = token.upper()
        now = self._clock.now()
        link = None
        if _TOKEN.fullmatch(code) is not None:
            with self._units(write=False) as uow:
                link = uow.disclosures.by_digest(secret_digest(code))
                if link is not None and not _is_makers_still(uow, link):
                    link = None
        if link is None or not link.is_open(now):
            raise DisclosureNotFound("There is no such link, or not any more.")
        if counts:
            with self._units() as uow:
                uow.disclosures.count_opening(link.disclosure_id, now)
                uow.commit()
            link = replace(link, opened=link.opened + 1, opened_at=now)
        text = link.document.decode("utf-8")
        if link.is_text:
            return OpenedDisclosure(link, text, text)
        value = parse_json(link.document)
        if not isinstance(value, dict):
            raise TypeError(f"{link.disclosure_id}: what is kept is no object")
        return OpenedDisclosure(link, value, text)

    def _owned(self, uow: UnitOfWork, caller: Caller, credential_id: str) -> CredentialRecord:
        person = caller.require_person()
        record = uow.credentials.get(credential_id)
        if record is None or person is None or not is_holder(uow, record, person.user_id, person.dids):
            raise CredentialNotFound("No such credential.")
        return record

    def _record(
        self, uow: UnitOfWork, caller: Caller, action: str, record: CredentialRecord, link: DisclosureLink
    ) -> None:
        """Put on record that a link was made or ended: how much it shows, not what."""
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action=action,
                object_type="credential",
                object_id=record.credential_id,
                at=self._clock.now(),
                data={
                    "disclosureId": link.disclosure_id,
                    "shown": link.shown,
                    "opened": link.opened,
                    "expiresAt": format_timestamp(link.expires_at),
                    "issuerDid": record.issuer_did,
                    "grantId": record.grant_id,
                },
            )
        )

    def _made(self, link: DisclosureLink, record: CredentialRecord) -> MadeDisclosure:
        address = f"{self._public_url}{DISCLOSURE_PATH}{self._token(link.disclosure_id)}"
        return MadeDisclosure(link, record.credential_id, address)

    def _token(self, disclosure_id: str) -> str:
        return self._secrets.short(_SECRET, disclosure_id)


def _is_makers_still(uow: UnitOfWork, link: DisclosureLink) -> bool:
    """Tell whether whoever made a link could make it today: nobody else could take it back for them."""
    person, record = uow.people.get(link.user_id), uow.credentials.get(str(link.uid))
    if person is None or not person.active or record is None or record.document is None:
        return False
    return is_holder(uow, record, person.user_id, person.dids)
