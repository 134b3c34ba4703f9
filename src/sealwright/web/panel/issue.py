"""Issuing one credential by hand, under a credential schema that belongs to no type (S8)."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.credentials import IdempotencyScope, IssuanceRequest
from sealwright.domain.errors import DomainError, IdempotencyKeyReused
from sealwright.locales import N_
from sealwright.services.mandatory_pointers import takes_pointers
from sealwright.services.stored_credentials import readable
from sealwright.vc.encoding.strict_json import JSONValue, dump_json
from sealwright.vc.errors import VcError
from sealwright.web.panel.batches_words import schema_words
from sealwright.web.panel.claims_form import ClaimField, claim_fields, read_claims
from sealwright.web.panel.json_text import spread
from sealwright.web.panel.own_forms import answer, form_of
from sealwright.web.panel.page_form import Field, Form, FormData, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.proof_words import FIRST, KNOWN, NO_KEY, absent_hint, proof_options, signable_by
from sealwright.web.panel.refusal_words import fault_words, refusal_words
from sealwright.web.panel.request_view import schema_of
from sealwright.web.panel.requests import CLAIMS, fault_lines
from sealwright.web.panel.toasts import Toast
from sealwright.web.problems import faults_of, problem_for
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.batch_drafts import DraftChoices
    from sealwright.services.orders import IssuanceOrder
    from sealwright.web.panel.page_call import PageCall

ISSUE: Final = "/issue"
_FORM: Final = "issue/issue.html"
_DONE: Final = "issue/issued.html"
_SUBJECT: Final = "/credentialSubject"
CHOOSE_QUERY: Final = Form(Field("schema", max_length=1000))
ISSUE_FORM: Final = Form(
    Field("schema", required=True, max_length=1000),
    Field("key", required=True, max_length=64),
    Field("holder", required=True, max_length=2048),
    Field("issuer", required=True, max_length=2048),
    Field("proof", Kind.CHOICE, required=True, choices=KNOWN),
    Field("until", Kind.DATE),
    Field("revocable", Kind.FLAG),
    Field("always", many=True, max_length=2048),
    Field("act", max_length=16),
    Field(f"{CLAIMS}*", max_length=20_000),
)
_ISSUED_ALREADY: Final = N_(
    "This form has issued a credential already. Press Issue again for another one, as it stands here now."
)
# Members of a refusal by the names that the form gives them.
_NAMES: Final = {
    "issuerDid": "issuer",
    "holderDid": "holder",
    "proofType": "proof",
    "expirationDate": "until",
    "mandatoryPointers": "always",
}
# Refusals that name no member, by the field that they are about.
_FIELDS: Final = {
    "HOLDER_NOT_FOUND": "holder",
    "HOLDER_DEACTIVATED": "holder",
    "INVALID_DID": "holder",
    "ISSUER_NOT_FOUND": "issuer",
    "ISSUER_DEACTIVATED": "issuer",
    "ISSUER_KEY_MISSING": "proof",
    "UNSUPPORTED_PROOF_TYPE": "proof",
    "DERIVATION_INVALID": "always",
    "EXPIRATION_IN_PAST": "until",
}


def show(page: PageCall) -> Reply:
    """GET /issue: first under which credential schema, then everything else."""
    return _page(page, FormData.blank(ISSUE_FORM), page.query.text("schema"))


def issue(page: PageCall) -> Reply:
    """POST /issue: sign it, or show what would be signed; a form that is sent twice signs once."""
    form = page.form
    again = partial(_again, page)
    request = None if form.errors else _request(page)
    if form.errors or request is None:
        return again(422)

    def act() -> Reply:
        try:
            order = page.office.issuing.check(request, page.caller, page.view())
        except (DomainError, VcError) as error:
            return _refused(page, error)
        if form.text("act") == "preview":
            return _page(page, form, form.text("schema"), preview=page.office.issuing.preview(order))
        try:
            record = page.office.issuing.carry_out(order, _scope(page, order)).record
        except IdempotencyKeyReused:
            # It was changed since: whoever means it sends it once more, under a key of its own.
            form.fail("", _ISSUED_ALREADY)
            return _page(page, form, form.text("schema"), 409, key=_new_key())
        return page.done(f"{ISSUE}/{record.credential_id}", Toast(page._("The credential is issued.")))

    return answer(page, again, act)


def issued(page: PageCall) -> Reply:
    """GET /issue/{id}: what was signed."""
    record = page.office.shelf.get(page.params["id"], page.caller, page.view())
    document = readable(record.document) if record.document is not None else None
    return page.render(_DONE, record=record, code=spread(document) if document is not None else None)


def _refused(page: PageCall, error: Exception) -> Reply:
    """The form again with every fault at its field; what is no fault of the form is raised again."""
    problem = problem_for(error)
    if problem.status not in {400, 404, 409, 422}:
        raise error
    tied = [
        (_NAMES[fault["pointer"].split("/")[1]], fault_words(page.texts, error, fault))
        for fault in faults_of(error)
        if fault["pointer"].split("/")[1:2] and fault["pointer"].split("/")[1] in _NAMES
    ]
    if not tied and problem.code in _FIELDS:
        tied = [(_FIELDS[problem.code], refusal_words(page.texts, error))]
    for name, sentence in tied or fault_lines(page, error):
        page.form.fail_in_words(name, sentence)
    return _page(page, page.form, page.form.text("schema"), problem.status if problem.status != 404 else 422)


def _request(page: PageCall) -> IssuanceRequest | None:
    form = page.form
    claims, faults = read_claims(schema_of(page, form.text("schema")), form.under(CLAIMS))
    for fault in faults:
        form.fail(f"{CLAIMS}{fault.pointer}", fault.text)
    proof = form.choice("proof", FIRST)
    signer = page.view().did(form.text("issuer"))
    if signer is not None and signer.signing_method(proof) is None:
        form.fail("proof", NO_KEY)
    if form.errors:
        return None
    day = form.date("until")
    return IssuanceRequest(
        schema_id=form.text("schema"),
        issuer_did=form.text("issuer"),
        holder_did=form.text("holder"),
        claims=claims,
        # The day itself still counts.
        expiration=datetime.combine(day, time(23, 59, 59), UTC) if day is not None else None,
        proof_type=proof,
        revocable=form.flag("revocable"),
        suspendable=False,
        # Under a proof that is shown whole the list means nothing.
        mandatory_pointers=tuple(f"{_SUBJECT}{one}" for one in form.many("always")) if takes_pointers(proof) else (),
    )


def _scope(page: PageCall, order: IssuanceOrder) -> IdempotencyScope:
    """The form's own key: whoever sends it again is shown what it issued."""
    body = dump_json(
        {
            "holder": order.holder_did,
            "schema": page.form.text("schema"),
            "issuer": page.form.text("issuer"),
            "pairs": [[name, value] for name, value in page.form.pairs()],
        }
    )
    return IdempotencyScope(page.caller.bucket, "page issue", page.form.text("key"), hashlib.sha256(body).digest())


def _again(page: PageCall, status: int) -> Reply:
    return _page(page, form_of(page, ISSUE_FORM), page.form.text("schema"), status)


def _page(
    page: PageCall,
    form: FormData,
    schema_id: str,
    status: int = 200,
    *,
    preview: dict[str, JSONValue] | None = None,
    key: str = "",
) -> Reply:
    choices = page.office.bulk.drafts.choices(page.caller)
    chosen = next((one for one in choices.schemas if one.schema_id == schema_id), None)
    return page.render(
        _FORM,
        status=status,
        issue_form=form,
        schemas=[(one.schema_id, schema_words(one)) for one in choices.schemas],
        schema_id=chosen.schema_id if chosen is not None else "",
        label=schema_words(chosen) if chosen is not None else "",
        preview=spread(preview) if preview is not None else None,
        key=key or page.form.text("key") or _new_key(),
        **(_values(page, choices, schema_id) if chosen is not None else {}),
    )


def _values(page: PageCall, choices: DraftChoices, schema_id: str) -> dict[str, Any]:
    offered = signable_by(choices.issuers)
    fields = [one for one in claim_fields(schema_of(page, schema_id), None) if one.is_asked]
    return {
        "issuers": [(one.did, f"{one.name} ({one.did})" if one.name else one.did) for one in choices.issuers],
        "proofs": proof_options(page, offered),
        "first": FIRST,
        "no_proofs": absent_hint(page, offered),
        "claim_inputs": fields,
        "always": [(one.pointer, _label(one)) for one in fields],
        "today": page.now.date().isoformat(),
    }


def _new_key() -> str:
    return secrets.token_urlsafe(24)


def _label(one: ClaimField) -> str:
    return f"{one.group}, {one.label[:1].lower()}{one.label[1:]}" if one.group else one.label


PAGES: Final = (
    PageRoute("GET", ISSUE, PageAudience.ISSUER, show, query=CHOOSE_QUERY),
    PageRoute("POST", ISSUE, PageAudience.ISSUER, issue, form=ISSUE_FORM),
    PageRoute("GET", f"{ISSUE}/{{id}}", PageAudience.ISSUER, issued),
)
