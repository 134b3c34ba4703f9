"""An office that issues under every suite, a holder and a stranger with keys of their own, and what they show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.dids import DIDKind
from sealwright.domain.formats import CredentialFormat
from sealwright.services.catalog_builtin import list_builtin
from sealwright.services.dids import ImportedDID
from sealwright.services.office import Office
from sealwright.services.schemas import NewSchema
from sealwright.services.verification import PresentationOptions, VerifyOptions
from sealwright.vc.dids.methods import did_key
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.proofs.sd_jwt_showing import bound, shown_part
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, with_suite_context
from sealwright.vc.proofs.suites.disclosure import Wish
from sealwright.vc.verification.presentation import PresentationReport
from sealwright.vc.verification.report import VerificationReport
from tests.support.copies import content_of, copies_for
from tests.support.desk import act
from tests.support.migrated import migrate_file
from tests.support.office import ISSUER, MovableClock, degree_request, open_office, the_operator
from tests.support.proving import Party

CHALLENGE: Final = "n-0S6_WzA2Mj"
DOMAIN: Final = "https://verifier.example"
NONCE: Final = bytes(range(16))
KEYS: Final = ("Ed25519Signature2020", "BbsBlsSignature2020", "ecdsa-rdfc-2019")
LEGACY, BBS, ECDSA_SD, ECDSA = "BbsBlsSignature2020", "bbs-2023", "ecdsa-sd-2023", "ecdsa-rdfc-2019"
PARTIAL: Final = (LEGACY, BBS, ECDSA_SD)
NAME, GRADE = "/credentialSubject/degree/name", "/credentialSubject/degree/gpa"
CLAIMS: Final[Mapping[str, Any]] = {
    "degree": {
        "type": "BachelorDegree",
        "name": "Bachelor of Science",
        "university": "MIT",
        "graduationYear": 2025,
        "gpa": 3.8,
    }
}


def a_party(number: int) -> Party:
    """Somebody whose DID is their key."""
    return Party(number, did_key(Party(number).key))


@dataclass
class DisclosureWorld:
    """The office, and what its holders do outside of it."""

    office: Office
    clock: MovableClock
    holder: Party
    stranger: Party

    def issue(self, suite: str, **changes: Any) -> CredentialRecord:
        """A degree of the holder's, from the office."""
        view = self.office.registry.current()
        asked = {"holder_did": self.holder.did, "claims": CLAIMS, "suspendable": True, "proof_type": suite, **changes}
        order = self.office.issuing.check(degree_request(**asked), the_operator(self.office), view)
        return self.office.issuing.issue(order).record

    def base(self, suite: str, **changes: Any) -> dict[str, Any]:
        """The same as the document that the holder got."""
        return document_of(self.issue(suite, **changes))

    def derive(
        self, base: Mapping[str, Any], pointers: Sequence[str] = (NAME,), nonce: bytes = NONCE
    ) -> dict[str, Any]:
        """What the holder shows of it."""
        shown = self.office.deriving.derive(base, Wish(tuple(pointers), None, b"" if _is_unbound(base) else nonce))
        assert isinstance(shown, dict)
        return shown

    def present(self, *credentials: Mapping[str, Any], by: Party | None = None, **changes: Any) -> dict[str, Any]:
        """A presentation by the holder, for `CHALLENGE` and `DOMAIN`."""
        holder = by or self.holder
        suite = changes.pop("suite", "Ed25519Signature2020" if _is_old(credentials[0]) else "eddsa-rdfc-2022")
        document = {
            "@context": [credentials[0]["@context"][0]],
            "type": ["VerifiablePresentation"],
            "holder": changes.pop("holder", holder.did),
            "verifiableCredential": list(credentials),
        }
        options = ProofOptions(
            suite,
            changes.pop("method", holder.method_id),
            self.clock.now(),
            **{"purpose": "authentication", "challenge": CHALLENGE, "domain": DOMAIN, **changes},
        )
        canon = self.office.verifier._canon
        prepared = prepare(with_suite_context(document, suite), options, canon)
        return attach(prepared, holder.signer.sign(prepared.data_to_sign))

    def sd_jwt(self) -> tuple[CredentialRecord, str]:
        """The degree as an SD-JWT, bound to the holder's key."""
        record = copies_for(self.office).make(self.issue(KEYS[0]), CredentialFormat.SD_JWT, self.holder.did)
        return record, str(content_of(record))

    def bind(self, text: str, pointers: Sequence[str] = ("/degree",), **changes: Any) -> str:
        """A part of it with the holder's key binding."""
        by: Party = changes.get("by", self.holder)
        return bound(
            shown_part(text, pointers),
            by.signer.sign,
            "EdDSA",
            nonce=changes.get("nonce", CHALLENGE),
            audience=changes.get("audience", DOMAIN),
            now=self.clock.now(),
        )

    def judge(self, document: object, **options: Any) -> VerificationReport:
        """What the office says of a credential to anybody who asks."""
        return self.office.verifier.verify(document, VerifyOptions(**options))

    def judge_bound(self, text: str, **options: Any) -> VerificationReport:
        """The same of an SD-JWT that a verifier has asked for."""
        return self.judge(text, **{"challenge": CHALLENGE, "domain": DOMAIN, **options})

    def judge_presentation(self, document: object, **options: Any) -> PresentationReport:
        """The same of a presentation."""
        asked = PresentationOptions(**{"challenge": CHALLENGE, "domain": DOMAIN, **options})
        return self.office.verifier.verify_presentation(document, asked)


def document_of(record: CredentialRecord) -> dict[str, Any]:
    """A stored credential's document."""
    value = parse_json(record.document or b"")
    assert isinstance(value, dict)
    return value


def _is_unbound(credential: Mapping[str, Any]) -> bool:
    """Whether its derived proofs have no room for a nonce."""
    return bool(credential["proof"].get("cryptosuite") == ECDSA_SD)


def _is_old(credential: Mapping[str, Any]) -> bool:
    return str(credential["@context"][0]).endswith("2018/credentials/v1")


@contextmanager
def disclosure_world(folder: Path) -> Iterator[DisclosureWorld]:
    """Opens the office in a folder of its own; it is closed at the end."""
    clock = MovableClock(datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
    database = f"sqlite:///{migrate_file(folder / 'office.sqlite')}"
    with open_office(database, folder / "home", clock=clock) as office:
        caller = the_operator(office)
        office.acts.run(caller, lambda uow, me: office.people.initialize(uow, me, "Office"), changes_registry=True)
        issuer = ImportedDID(did=ISSUER, kind=DIDKind.ORGANIZATION, name="MIT", generate=KEYS)
        act(office, the_operator(office), lambda uow, me: office.dids.import_did(uow, me, issuer))
        builtin = list_builtin()[0]
        schema = NewSchema(
            name=builtin.name,
            type=builtin.type,
            schema=builtin.schema,
            version=builtin.version,
            description=builtin.description,
            schema_id=builtin.schema_id,
            credential_type=builtin.credential_type,
        )
        office.schemas.prove(schema)
        act(office, the_operator(office), lambda uow, me: office.schemas.register(uow, me, schema))
        yield DisclosureWorld(office, clock, a_party(41), a_party(42))
