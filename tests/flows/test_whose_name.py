"""In whose name SD-JWT VCs are signed: the office's address stands for nobody who might take a key away."""

from __future__ import annotations

from dataclasses import replace

from sealwright.domain.dids import DIDKind
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.people import AccountRole, Caller
from sealwright.services.dids import NewDID
from sealwright.services.office import Office
from sealwright.services.orders import signs_for_office
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt
from tests.support.copies import checks_of, content_of, copies_for
from tests.support.desk import act, join
from tests.support.office import PUBLIC_URL, issue, the_operator

WALLET = "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"


def organization(office: Office, caller: Caller) -> str:
    wish = NewDID(kind=DIDKind.ORGANIZATION, name="Test Office")
    return act(office, caller, lambda uow, me: office.dids.create(uow, me, wish)).did


def test_an_organization_of_somebodys_own_never_signs_as_the_office(office: Office) -> None:
    walt = join(office, "walt", AccountRole.IMPROVER)
    theirs, ours = organization(office, walt), organization(office, the_operator(office))
    copies = copies_for(office)
    for did, name in ((theirs, theirs), (ours, PUBLIC_URL)):
        caller = office.access.refresh(walt, office.registry.current()) if did == theirs else None
        record = issue(office, caller, issuer_did=did, holder_did=WALLET).record
        made = copies.make(record, CredentialFormat.SD_JWT, WALLET)
        assert open_sd_jwt(content_of(made)).claims["iss"] == name
        checks = checks_of(office, made, expected_holder=WALLET)
        assert checks["verified"] == "True", checks


def test_keys_that_somebody_may_export_are_not_published_as_the_offices(office: Office) -> None:
    walt = join(office, "walt", AccountRole.IMPROVER)
    theirs, ours = organization(office, walt), organization(office, the_operator(office))
    for did, caller in ((theirs, office.access.refresh(walt, office.registry.current())), (ours, None)):
        issue(office, caller, issuer_did=did, holder_did=WALLET)
    named = {str(key["kid"]).partition("#")[0] for key in office.wallet.metadata.jwks()["keys"]}  # type: ignore[union-attr,index,call-overload]
    assert ours in named
    assert theirs not in named
    kept = office.dids.get(ours)
    assert signs_for_office(kept)
    assert not signs_for_office(replace(kept, owner_user_id=walt.user_id))  # type: ignore[arg-type]
