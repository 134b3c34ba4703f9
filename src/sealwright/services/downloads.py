"""Credentials as files: the document as it was signed, the same in other forms, on paper, and as a badge.

Whoever was let in to a credential may have it in every form. What is stored is given out always; what would have to be
signed anew only while the credential is valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.domain.catalog import CredentialType
from sealwright.domain.credentials import CredentialRecord, CredentialStatus
from sealwright.domain.errors import CredentialErased
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.ids import credential_urn
from sealwright.locales import LANGUAGES
from sealwright.protocols.baking import bake
from sealwright.services.copies import Copies, form_of, has_further_forms
from sealwright.services.deriving import Deriving
from sealwright.services.download_ports import Typesetter
from sealwright.services.papers import PaperSource, face_of, paper_of
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.sharing import Sharing

PDF: Final = "application/pdf"
PNG: Final = "image/png"


@dataclass(frozen=True, slots=True)
class Download:
    """A file for whoever asked.

    Args:
        name: For the browser: letters, digits, hyphens and an ending.
    """

    content: bytes
    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a form's file is called, and its media type."""

    ending: str
    media_type: str


_KINDS: Final[Mapping[CredentialFormat, _Kind]] = {
    CredentialFormat.LDP_VC: _Kind(".json", "application/ld+json"),
    CredentialFormat.JWT_VC_JSON: _Kind(".jwt", "application/jwt"),
    CredentialFormat.SD_JWT: _Kind(".sd-jwt", "application/dc+sd-jwt"),
    CredentialFormat.OPEN_BADGE: _Kind(".badge.json", "application/ld+json"),
}


class Downloads:
    """Gives out credentials as files; for callers who were let in to the credential already."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        copies: Copies,
        sharing: Sharing,
        deriving: Deriving,
        typesetter: Typesetter,
        clock: Clock,
        organization: str,
    ) -> None:
        self._units = units
        self._copies = copies
        self._sharing = sharing
        self._deriving = deriving
        self._typesetter = typesetter
        self._clock = clock
        self._organization = organization

    def is_signable(self, record: CredentialRecord) -> bool:
        """Tell whether further forms can be had, as far as the record tells."""
        is_open = record.status_at(self._clock.now()) is CredentialStatus.VALID and record.document is not None
        return is_open and has_further_forms(record)

    def document(self, record: CredentialRecord) -> Download:
        """The signed document, byte for byte; raises CredentialErased."""
        return _file(record, form_of(record))

    def signed(self, record: CredentialRecord, form: CredentialFormat) -> Download:
        """The credential in a form of its own; it is signed at the first call, and given out again at later ones.

        Raises:
            NotDeliverable: It, or its grant, is not valid now, or there is no such form of it.
            CredentialErased: The document is gone.
            IdempotencyInProgress, SigningFailed, StoreUnavailable, IssuingHalted, Sealed, ClockBehind: Not now.
        """
        return _file(self._copies.for_download(record, form), form)

    def pdf(self, record: CredentialRecord, language: str, *, names_holder: bool) -> Download:
        """The certificate, with the signed document inside and a code for the credential's public page.

        Where verifiers refuse the proof that the holder has, the document inside is derived from it: it shows what
        stands on the paper, and its holder's means to derive others stay out of it.

        Args:
            language: One that is offered, else English.
            names_holder: Whether the caller may read the name of whom it was granted to.

        Raises:
            CredentialErased: The document is gone.
            ProofRefused: What is stored does not hold any more, so nothing can be derived from it.
            StoreUnavailable: The page's address could not be kept.
        """
        language = language if language in LANGUAGES else LANGUAGES[0]
        with self._units(write=False) as uow:
            record = _primary(uow, record)
            kind, holder = _around(uow, record)
            share = uow.shares.get(record.uid)
        if record.document is None:
            raise CredentialErased("The document is gone with its person's data.")
        source = PaperSource(
            record=record,
            document=self._deriving.handed(record),
            type=kind,
            holder=holder if names_holder else None,
            address=self._sharing.known_address(share) if share is not None else self._new_address(record),
        )
        paper = paper_of(source, language, self._organization, self._clock.now())
        return Download(self._typesetter.pdf(paper), f"{record.uid}.pdf", PDF)

    def _new_address(self, record: CredentialRecord) -> str:
        """The address of a public page that is made for a paper's code; it shows no claims."""
        with self._units() as uow:
            address = self._sharing.address(uow, record)
            uow.commit()
        return address

    def badge(self, record: CredentialRecord, language: str) -> Download:
        """The Open Badge baked into its image.

        Raises:
            As `signed`.
        """
        badge = self._copies.for_download(record, CredentialFormat.OPEN_BADGE)
        if badge.document is None:
            raise CredentialErased("The document is gone with its person's data.")
        with self._units(write=False) as uow:
            source = _primary(uow, record)
            kind, _ = _around(uow, source)
        language = language if language in LANGUAGES else LANGUAGES[0]
        image = self._typesetter.badge(face_of(source, kind, language, self._organization))
        return Download(bake(image, badge.document.decode("utf-8")), f"{record.uid}.png", PNG)


def _file(record: CredentialRecord, form: CredentialFormat) -> Download:
    if record.document is None:
        raise CredentialErased("The document is gone with its person's data.")
    kind = _KINDS[form]
    return Download(record.document, f"{record.uid}{kind.ending}", kind.media_type)


def _primary(uow: UnitOfWork, record: CredentialRecord) -> CredentialRecord:
    """The credential itself; of a wallet's own form, the one that it was made from."""
    source = uow.credentials.get(credential_urn(record.copy_of)) if record.copy_of is not None else None
    return source or record


def _around(uow: UnitOfWork, record: CredentialRecord) -> tuple[CredentialType | None, str | None]:
    """The catalog's entry and the holder's name, where the credential has a grant."""
    grant = uow.grants.get(record.grant_id) if record.grant_id is not None else None
    if grant is None:
        grant = uow.grants.by_credential(record.credential_id)
    if grant is None:
        return None, None
    person = uow.people.get(grant.user_id)
    name = person.display_name if person is not None and not person.erased else None
    return uow.types.get(grant.credential_type), name
