"""A credential as words on paper: what it claims, how it was signed, and where to check it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from babel.dates import format_date

from sealwright.domain.catalog import CredentialType
from sealwright.domain.credentials import CredentialRecord, CredentialStatus
from sealwright.locales import LANGUAGES, N_, Texts, texts_for
from sealwright.services.claim_words import spelled_claims
from sealwright.services.download_ports import BadgeFace, Paper, PaperFile
from sealwright.services.sharing import stored_claims
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.errors import UnreadableJSON

FILE_NAME: Final = "credential.json"
_CLAIMS_MOST: Final = 24
_VALUE_MOST: Final = 300
_ID_MOST: Final = 72
_TONES: Final = 6
_STATES: Final[Mapping[CredentialStatus, str]] = {
    CredentialStatus.VALID: N_("Valid"),
    CredentialStatus.SUSPENDED: N_("Suspended"),
    CredentialStatus.REVOKED: N_("Revoked"),
    CredentialStatus.EXPIRED: N_("Expired"),
}


@dataclass(frozen=True, slots=True)
class PaperSource:
    """What a paper is made from.

    Args:
        type: The catalog's entry; None for a credential without a grant.
        holder: The name of whom it was granted to; None where no name is told.
        address: Of the credential's public page.
    """

    record: CredentialRecord
    document: bytes
    type: CredentialType | None
    holder: str | None
    address: str


def paper_of(source: PaperSource, language: str, organization: str, now: datetime) -> Paper:
    """Lay out a credential's certificate.

    Args:
        language: One that is offered.
        organization: Signs where the document names nobody.
    """
    texts = texts_for(language)
    record = source.record
    return Paper(
        language=language,
        title=title_of(record, source.type, language),
        issuer=issuer_name(source.document) or organization,
        holder_word=texts.gettext("Held by"),
        holder=source.holder or _cut(record.holder_did),
        facts=(*_claims(record, texts), *_signature(source, texts, now)),
        address=source.address,
        scan_word=texts.gettext("Scan this code to check that the credential holds now."),
        notes=(
            texts.gettext(
                "The signed credential is inside this file as %(name)s. The paper alone proves nothing: whoever reads "
                "it can check the credential at the address above.",
                name=FILE_NAME,
            ),
        ),
        unprintable=texts.gettext(
            "Letters that no font here can print stand as their code points, [U+…]; the credential inside has them."
        ),
        tone=tone_of(record, source.type),
        at=now,
        file=PaperFile(FILE_NAME, "application/ld+json", source.document, texts.gettext("The signed credential")),
    )


def face_of(record: CredentialRecord, kind: CredentialType | None, language: str, organization: str) -> BadgeFace:
    """What is seen of a credential's badge."""
    issuer = issuer_name(record.document) if record.document is not None else None
    return BadgeFace(title_of(record, kind, language), issuer or organization, tone_of(record, kind))


def title_of(record: CredentialRecord, kind: CredentialType | None, language: str) -> str:
    """What a credential is called: by the catalog, else by its own type."""
    if kind is not None:
        return kind.label_in(language)
    return next((one for one in record.types if one != "VerifiableCredential"), "VerifiableCredential")


def tone_of(record: CredentialRecord, kind: CredentialType | None) -> int:
    """The color of a credential's emblem, by its type."""
    return emblem_tone(kind.value if kind is not None else title_of(record, None, LANGUAGES[0]))


def emblem_tone(value: str) -> int:
    """The color of a credential type's emblem, 1 to 6: the same on every page and paper, for everybody."""
    return sum(value.encode("utf-8")) % _TONES + 1


def issuer_name(document: bytes) -> str | None:
    """The issuer's name in a signed document; None where it has none, or the document is no JSON."""
    try:
        parsed = parse_json(document)
    except UnreadableJSON:
        return None
    issuer = parsed.get("issuer") if isinstance(parsed, dict) else None
    name = issuer.get("name") if isinstance(issuer, dict) else None
    return name if isinstance(name, str) and name.strip() else None


def _claims(record: CredentialRecord, texts: Texts) -> Iterator[tuple[str, str]]:
    claims = list(spelled_claims(stored_claims(record)))
    for label, value in claims[:_CLAIMS_MOST]:
        yield label, value if len(value) <= _VALUE_MOST else f"{value[: _VALUE_MOST - 1]}…"
    left = len(claims) - _CLAIMS_MOST
    if left > 0:
        yield "…", texts.ngettext("%(num)s more in the credential", "%(num)s more in the credential", left)


def _signature(source: PaperSource, texts: Texts, now: datetime) -> Iterator[tuple[str, str]]:
    record = source.record
    yield texts.gettext("Signed"), _moment(record.issued_at, texts)
    yield (
        texts.gettext("Valid until"),
        _moment(record.expires_at, texts) if record.expires_at is not None else texts.gettext("No end"),
    )
    yield (
        texts.gettext("State"),
        texts.gettext(
            "%(state)s when this was printed, %(moment)s",
            state=texts.gettext(_STATES[record.status_at(now)]),
            moment=_moment(now, texts),
        ),
    )
    yield texts.gettext("Issuer DID"), _cut(record.issuer_did)
    yield texts.gettext("Holder DID"), _cut(record.holder_did)
    yield texts.gettext("Credential id"), _cut(record.credential_id)
    yield texts.gettext("Proof"), record.proof_type


def _moment(moment: datetime, texts: Texts) -> str:
    utc = moment.astimezone(UTC)
    return f"{format_date(utc.date(), 'd MMM y', locale=texts.locale)}, {utc:%H:%M:%S} UTC"


def _cut(identifier: str) -> str:
    """An id that fits on a line; a longer one stands whole in the credential inside."""
    if len(identifier) <= _ID_MOST:
        return identifier
    return f"{identifier[: _ID_MOST - 13]}…{identifier[-12:]}"
