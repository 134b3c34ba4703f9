"""The audit trail in the reader's language: words of ours for what rows tell. Ids, codes, values stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealwright.domain.audit_check import AuditVerdict, Finding
from sealwright.locales import N_, Texts
from sealwright.locales.catalogs import SOURCE_LANGUAGE

EVENT_WORDS: Final[Mapping[str, str]] = {
    "request.created": N_("Request made"),
    "request.info_requested": N_("Information asked for"),
    "request.replied": N_("Requester answered"),
    "request.assigned": N_("Request assigned or put back"),
    "request.endorsed": N_("First of two approvals"),
    "request.approved": N_("Request approved"),
    "request.rejected": N_("Request rejected"),
    "request.reopened": N_("Request pending again"),
    "request.withdrawn": N_("Request withdrawn"),
    "grant.created": N_("Grant made"),
    "grant.suspended": N_("Grant suspended"),
    "grant.reinstated": N_("Grant reinstated"),
    "grant.reissued": N_("Credential of a grant issued anew"),
    "grant.revoked": N_("Grant revoked"),
    "grant.expired": N_("Grant expired"),
    "grant.issuance_failed": N_("Credential of a grant could not be signed"),
    "credential_type.created": N_("Credential type made"),
    "credential_type.updated": N_("Credential type changed"),
    "credential_type.retired": N_("Credential type retired or brought back"),
    "credential_type.deleted": N_("Credential type deleted"),
    "role.requested": N_("Account role asked for"),
    "role.approved": N_("Account role given"),
    "role.rejected": N_("Account role refused"),
    "role.ended": N_("Account role ended"),
    "issuer.requested": N_("Issuer status asked for"),
    "issuer.approved": N_("Issuer approved"),
    "issuer.rejected": N_("Issuer refused"),
    "issuer.scope_changed": N_("Issuer scope changed"),
    "issuer.suspended": N_("Issuer suspended"),
    "issuer.ended": N_("Issuer status ended"),
    "user.erased": N_("Data of a person erased"),
    "auth.signed_in": N_("Signed in"),
    "auth.failed": N_("Locked after failed sign-ins"),
    "auth.changed": N_("Means of signing in changed"),
    "credential.issued": N_("Credential signed"),
    "credential.suspended": N_("Credential suspended"),
    "credential.reinstated": N_("Credential reinstated"),
    "credential.revoked": N_("Credential revoked"),
    "credential.expired": N_("Credential expired"),
    "batch.created": N_("Batch made"),
    "batch.started": N_("Batch started"),
    "batch.paused": N_("Batch paused"),
    "batch.resumed": N_("Batch resumed"),
    "batch.canceled": N_("Rest of a batch canceled"),
    "batch.completed": N_("Every row of a batch done"),
    "batch.anchored": N_("Batch anchored"),
    "anchor.written": N_("Root written to the log"),
    "workflow.proposed": N_("Workflow proposed"),
    "workflow.approved": N_("Workflow approved"),
    "workflow.rejected": N_("Workflow rejected"),
    "workflow.expired": N_("Workflow expired without enough votes"),
    "workflow.started": N_("Workflow begun"),
    "workflow.completed": N_("Workflow completed"),
    "workflow.paid_out": N_("Workflow paid out"),
    "workflow.skipped": N_("Workflow skipped"),
    "workflow.failed": N_("Workflow ended by an admin"),
    "workflow.deleted": N_("Workflow deleted"),
    "proposal.created": N_("Proposal opened"),
    "proposal.voted": N_("Vote cast or changed"),
    "proposal.quorum_reached": N_("Enough votes for the countdown"),
    "proposal.closed": N_("Proposal closed"),
    "proposal.force_approved": N_("Proposal approved without the voters"),
    "step.available": N_("Step open to be begun"),
    "step.claimed": N_("Workflow role claimed"),
    "step.claim_overridden": N_("Workflow role claimed without its credentials"),
    "step.started": N_("Step begun"),
    "step.completed": N_("Step completed"),
    "step.released": N_("Step released"),
    "series.claimed": N_("Series claimed"),
    "series.released": N_("Claim on a series ended"),
    "series.assignment_refused": N_("Step of a series not assigned: requirements not met"),
    "absence.changed": N_("Absence changed"),
    "payout.owed": N_("Payout owed"),
    "payout.requested": N_("Payout asked for"),
    "payout.exported": N_("Payout exported"),
    "payout.settled": N_("Payout settled"),
    "payout.failed": N_("Payout failed"),
    "payout.voided": N_("Payout given up"),
    "did.created": N_("DID made"),
    "did.imported": N_("DID taken over"),
    "did.updated": N_("DID changed"),
    "did.key_rotated": N_("Keys of a DID renewed"),
    "did.key_compromised": N_("Keys of a DID known to be out"),
    "did.deactivated": N_("DID deactivated"),
    "schema.registered": N_("Credential schema registered"),
    "schema.updated": N_("Credential schema changed"),
    "schema.deactivated": N_("Credential schema deactivated"),
    "schema.reactivated": N_("Credential schema active again"),
    "user.created": N_("Account made"),
    "user.updated": N_("Account changed"),
    "user.deactivated": N_("Account deactivated"),
    "user.activated": N_("Account open again"),
    "token.created": N_("Personal token made"),
    "token.revoked": N_("Personal token ended"),
    "api_key.created": N_("API key made"),
    "api_key.rotated": N_("API key replaced"),
    "api_key.revoked": N_("API key ended"),
    "offer.created": N_("Offer made"),
    "offer.sent": N_("Offer sent"),
    "offer.opened": N_("Offer opened"),
    "offer.accepted": N_("Offer accepted"),
    "offer.delivered": N_("Credential delivered"),
    "offer.declined": N_("Offer declined"),
    "offer.expired": N_("Offer expired"),
    "offer.canceled": N_("Offer canceled"),
    "offer.locked": N_("Offer locked after wrong codes"),
    "offer.notified": N_("Wallet told what became of an offer"),
    "didcomm.sent": N_("DIDComm message sent"),
    "didcomm.received": N_("DIDComm message received"),
    "share.changed": N_("Public page of a credential changed"),
    "webhook.created": N_("Webhook added"),
    "webhook.updated": N_("Webhook changed"),
    "webhook.deleted": N_("Webhook deleted"),
    "data.opened": N_("Details opened"),
    "data.exported": N_("List taken along"),
    "report.changed": N_("Reports by mail changed"),
    "key.exported": N_("Keys of a DID taken along"),
    "key.rotated": N_("Key of the office renewed"),
    "system.initialized": N_("Office set up"),
    "system.halted": N_("Issuing halted"),
    "system.resumed": N_("Issuing resumed"),
    "system.recounted": N_("Kept totals set right"),
    "audit.checkpointed": N_("Checkpoint signed"),
    "security.refused": N_("Refusal worth remembering"),
}
ACTOR_WORDS: Final[Mapping[str, str]] = {
    "user": N_("Person"),
    "api_key": N_("API key"),
    "operator": N_("Operator"),
    "system": N_("System"),
    "agent": N_("Agent"),
}
# The members of a row that tell what changed.
PART_WORDS: Final[Mapping[str, str]] = {
    "before": N_("Before"),
    "after": N_("After"),
    "data": N_("With it"),
}
_HOLDS: Final = N_("%(rows)s rows and %(checkpoints)s checkpoints hold.")
_BROKEN: Final = N_("The first row that does not hold is number %(row)s of %(rows)s.")
_FAULTY: Final = N_("Something beside the rows does not hold; %(rows)s rows were read.")
_OPEN: Final = N_("The trail could not be checked to its end; %(rows)s rows were read.")


def verdict_words(texts: Texts, verdict: AuditVerdict) -> str:
    """What a check of the chain found: the checker's own sentence, or in another language what it comes to."""
    if texts.language == SOURCE_LANGUAGE:
        return verdict.detail
    said = {Finding.SOUND: _HOLDS, Finding.UNCHECKED: _OPEN}.get(verdict.finding)
    if said is None:
        said = _FAULTY if verdict.first_bad is None else _BROKEN
    return texts.gettext(said, rows=verdict.records, checkpoints=verdict.checkpoints, row=verdict.first_bad)
