"""Whether a DID can hold a credential: those kept here first, then those that carry their key, then what resolves."""

from __future__ import annotations

from sealwright.domain.errors import HolderNotFound
from sealwright.services.registry import RegistryView
from sealwright.vc.dids.methods import check_did_key
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.errors import DIDNotResolved, UnsupportedDIDMethod


class Holders:
    """Judges holders, one by one."""

    def __init__(self, resolver: DIDResolver) -> None:
        self._resolver = resolver

    def standing(self, reference: str, view: RegistryView) -> tuple[str, bool]:
        """The holder's DID, and whether it is active; raises as `elsewhere`."""
        record = view.did(reference)
        return (record.did, record.is_active) if record is not None else self.elsewhere(reference)

    def elsewhere(self, reference: str) -> tuple[str, bool]:
        """The same of a DID that is not kept here.

        Raises:
            InvalidDID, InvalidKey, UnsupportedDIDMethod, HolderNotFound: It cannot hold a credential.
        """
        did = parse_did(reference)
        if did.method == "key":
            check_did_key(reference)
            return reference, True
        if did.method == "jwk":
            self._resolver.resolve(reference)
            return reference, True
        if did.method not in ("adi", "web", "peer"):
            raise UnsupportedDIDMethod(f"Holders of method did:{did.method} are not supported.")
        try:
            resolved = self._resolver.resolve(reference)
        except (DIDNotResolved, UnsupportedDIDMethod) as error:
            raise HolderNotFound(f"{reference} does not resolve.") from error
        return reference, not resolved.deactivated
