"""Making presentations: a holder shows credentials to one verifier, signed by a key that is kept here for them.

What is shown is looked at before the key signs: a credential about somebody else, one that does not hold, or one whose
base proof is for its holder alone, would be refused by the verifier, where nobody can mend it any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.delivery_errors import HolderMismatch
from sealwright.domain.dids import DIDRecord
from sealwright.domain.errors import MalformedBody
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.ids import credential_urn, new_credential_uid
from sealwright.domain.people import Caller
from sealwright.services.deriving import Deriving, Places, Source, source_of
from sealwright.services.holder_signing import (
    Contents,
    HolderSigning,
    Occasion,
    Signatory,
    bound_method,
    own_did,
    signatory,
)
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.registry import RegistryView
from sealwright.services.shelf import CredentialShelf
from sealwright.services.verification import Verifier, VerifyOptions
from sealwright.vc.credentials.model import CREDENTIALS_V1, DataModel
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DerivationInvalid, Fault, ProofInvalid, UnsupportedProofType
from sealwright.vc.proofs.registry import disclosure_suite, suite_name_of
from sealwright.vc.proofs.sd_jwt_reading import is_sd_jwt
from sealwright.vc.proofs.suites.disclosure import Wish
from sealwright.vc.proofs.unsecured import proofs_of
from sealwright.vc.verification.report import PROOF_CHECKS

CREDENTIALS_MOST: Final = 64
DEFAULT_LIFE: Final = timedelta(minutes=5)
LONGEST_LIFE: Final = timedelta(hours=1)
_NAMED: Final = PROOF_CHECKS | {"holder"}
_ENVELOPE: Final = "EnvelopedVerifiableCredential"


@dataclass(frozen=True, slots=True)
class PresentationWish:
    """What a holder wants to present, and to whom.

    Args:
        credentials: Documents, or tokens as text; in the order in which they are presented.
        credential_ids: Stored credentials in their place; one of the two is empty.
        challenge: The verifier's nonce.
        domain: The verifier.
        proof_type: The suite of the presentation's proof; None takes what suits the credentials and the keys.
        life: How long it may be taken.
        reveals: For each credential, JSON pointers of what is shown of it; empty tuple of tuples where nothing is to
            be derived.
    """

    holder_did: str
    challenge: str
    domain: str
    credentials: tuple[Source, ...] = ()
    credential_ids: tuple[str, ...] = ()
    proof_type: str | None = None
    life: timedelta = DEFAULT_LIFE
    reveals: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """A presentation that was looked at and lacks its signature only.

    Args:
        credentials: What is going to be shown, in order.
        model: Its data model.
    """

    wish: PresentationWish
    holder: DIDRecord
    credentials: tuple[Source, ...]
    model: DataModel

    @property
    def is_sd_jwt(self) -> bool:
        """Whether it is an SD-JWT with key binding, which stands for itself."""
        return isinstance(self.credentials[0], str) and is_sd_jwt(self.credentials[0])


class PresentationMaking:
    """Makes presentations for people whose keys are kept here."""

    def __init__(
        self,
        *,
        shelf: CredentialShelf,
        deriving: Deriving,
        verifier: Verifier,
        signing: HolderSigning,
        clock: Clock,
    ) -> None:
        self._shelf = shelf
        self._deriving = deriving
        self._verifier = verifier
        self._signing = signing
        self._clock = clock

    def ready(self, caller: Caller, wish: PresentationWish, view: RegistryView) -> Ready:
        """Look at everything that is going to be presented; outside of any transaction, as it may look DIDs up.

        Raises:
            HolderNotFound, HolderDeactivated: It is no DID that is kept here for the caller, or it signs no such thing.
            CredentialNotFound, CredentialErased: Of a stored credential.
            HolderMismatch: A credential is not about this DID.
            ProofInvalid: One does not hold, or an SD-JWT is bound to another key.
            DerivationInvalid: One is for its holder alone, or cannot be shown as asked.
            UnsupportedProofType, ProofTypeUnavailable: Of the presentation, or of what is to be shown in part.
            MalformedBody: An SD-JWT among others.
        """
        holder = own_did(caller, view.did(wish.holder_did))
        given, at = wish.credentials, "/credentials"
        if wish.credential_ids:
            at = "/credentialIds"
            given = tuple(source_of(self._shelf.get(one, caller, view)) for one in wish.credential_ids)
        shown = self.look(wish, holder.did, given, at)
        ready = Ready(wish, holder, shown, model_of(shown))
        self._require_signable(ready)
        return ready

    def look(self, wish: PresentationWish, holder: str, given: tuple[Source, ...], at: str) -> tuple[Source, ...]:
        """What is going to be shown of the credentials given, after a look at each as its verifier will take.

        Args:
            holder: The DID that presents them.
            at: Where in the call they stand.

        Raises:
            HolderMismatch, ProofInvalid, DerivationInvalid, UnsupportedProofType, ProofTypeUnavailable: As `ready`.
            MalformedBody: As `ready`.
        """
        _require_alone(given, at)
        shown = tuple(self._shown(one, number, wish) for number, one in enumerate(given))
        for number, one in enumerate(shown):
            self._judge(one, holder, child(at, number))
        return shown

    def create(self, uow: UnitOfWork, caller: Caller, ready: Ready) -> dict[str, JSONValue] | str:
        """Sign what is ready, and put on record that it was signed.

        Returns:
            The presentation: a document, or an SD-JWT with its key binding as text.

        Raises:
            HolderNotFound, HolderDeactivated: The DID is not what it was.
            SigningFailed, Sealed: The key does not sign now.
        """
        wish, now = ready.wish, self._clock.now()
        # The registry may have moved on since it was looked at; the key that signs is today's.
        holder = own_did(caller, uow.dids.get(ready.holder.did))
        occasion = Occasion(wish.challenge, wish.domain, now, now + wish.life)
        made: dict[str, JSONValue] | str
        first = ready.credentials[0]
        if ready.is_sd_jwt and isinstance(first, str):
            how = CredentialFormat.SD_JWT.value
            made = self._signing.key_binding(uow, bound_method(holder, first), first, occasion)
        else:
            signer = self._signatory(holder, ready)
            presentation_id, how = credential_urn(new_credential_uid()), signer.proof_type
            listed = tuple(inside(one) for one in ready.credentials)
            contents = Contents(presentation_id, ready.model.base_context, listed)
            made = self._signing.presentation(uow, signer, contents, occasion)
        uow.audit.append(presented(caller, holder.did, how, len(ready.credentials), now))
        return made

    def _shown(self, source: Source, number: int, wish: PresentationWish) -> Source:
        """The credential as it is going to be shown: derived where its holder said what of it."""
        if not wish.reveals:
            return source
        pointers = wish.reveals[number]
        is_text = isinstance(source, str) and is_sd_jwt(source)
        suite = None if isinstance(source, str) else _disclosing(source)
        if not (is_text or suite) and not pointers:
            return source
        # What a derived proof is bound to beside the presentation's own challenge, where its suite has room for that.
        is_bound = suite is not None and suite not in _UNBOUND
        nonce = wish.challenge.encode() if is_bound else b""
        return self._deriving.derive(
            source, Wish(pointers=pointers, nonce=nonce), places=Places(pointers=child("/reveal", number))
        )

    def _judge(self, source: Source, holder: str, at: str) -> None:
        """Refuse what the verifier would refuse because of who shows it, or how.

        Whether it was revoked, or has ended, is not for its holder to hide: the verifier finds it out.
        """
        options = VerifyOptions(expected_holder=holder, checks=_NAMED)
        report = self._verifier.verify(source, options)
        if report:
            return
        is_base = not (isinstance(source, str) or report.check("proof").is_met) and _disclosing(source) is not None
        if is_base and self._verifier.verify(source, replace(options, is_own_work=True)).check("proof").is_met:
            raise DerivationInvalid("A base proof is for the holder alone; say what is to be shown.", pointer=at)
        first = report.failures[0]
        if first.name == "holder":
            raise HolderMismatch("A credential that is presented must be about the DID that presents it.")
        raise ProofInvalid(first.detail, pointer=at)

    def _require_signable(self, ready: Ready) -> None:
        if ready.is_sd_jwt:
            if ready.wish.proof_type is not None:
                raise UnsupportedProofType("An SD-JWT is bound by its holder's key, and takes no other proof.")
            first = ready.credentials[0]
            assert isinstance(first, str)
            bound_method(ready.holder, first)
        else:
            self._signatory(ready.holder, ready)

    @staticmethod
    def _signatory(holder: DIDRecord, ready: Ready) -> Signatory:
        return signatory(holder, ready.wish.proof_type, ready.model.value)


def _require_alone(given: tuple[Source, ...], at: str) -> None:
    """Refuse an SD-JWT among others: it is bound by itself, and inside a presentation nobody could read it."""
    for number, one in enumerate(given if len(given) > 1 else ()):
        if isinstance(one, str) and is_sd_jwt(one):
            detail = "is an SD-JWT, and is presented by itself"
            fault = Fault(child(at, number), "CONFLICTING_FIELDS", detail)
            raise MalformedBody("The credentials cannot be presented together.", faults=[fault])


_UNBOUND: Final = frozenset({"ecdsa-sd-2023"})


def _disclosing(document: Mapping[str, JSONValue]) -> str | None:
    """The name of the suite under which a part of this could be shown, None where it has no such proof."""
    for proof in proofs_of(document):
        suite = disclosure_suite(suite_name_of(proof))
        if suite is not None:
            return suite.name
    return None


def model_of(credentials: tuple[Source, ...]) -> DataModel:
    """The data model of a presentation: the old one where everything in it is old, as it cannot hold the newer."""
    is_old = all(not isinstance(one, str) and _base_of(one) == CREDENTIALS_V1 for one in credentials)
    return DataModel.V1_1 if is_old else DataModel.V2_0


def _base_of(document: Mapping[str, JSONValue]) -> JSONValue:
    contexts = document.get("@context")
    return contexts[0] if isinstance(contexts, list) and contexts else None


def inside(source: Source) -> JSONValue:
    """A credential as it stands inside a presentation: a token goes into an envelope."""
    if not isinstance(source, str):
        return dict(source)
    return {"@context": DataModel.V2_0.base_context, "id": f"data:application/vc+jwt,{source}", "type": [_ENVELOPE]}


def presented(caller: Caller, holder_did: str, how: str, credentials: int, now: datetime) -> AuditEntry:
    """The audit row of a presentation; `how` is its proof type, or its form."""
    return AuditEntry(
        actor=caller.actor,
        request_id=caller.request_id,
        action="presentation.created",
        object_type="did",
        object_id=holder_did,
        at=now,
        data={"proofType": how, "credentials": credentials},
    )
