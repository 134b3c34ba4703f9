"""Who gets in at the door of every route of the API document, written down by hand."""

from __future__ import annotations

from typing import Final

# Written down route by route, as the contract has it: a route that is missing here fails.
# D anyone, credentials are not looked at · P anyone · K keys and people · U people · M improvers
# R reviewers · Pr proposers · V voters · PrV proposers and voters · A admins
GATES: Final = {
    "D": """
        /agents/{did}/.well-known/agent-card.json GET
        /.well-known/did.json GET
        /.well-known/jwt-vc-issuer GET
        /.well-known/oauth-authorization-server GET
        /.well-known/openid-credential-issuer GET
        /1.0/identifiers/{did} GET
        /api/v1/didcomm/receive POST
        /api/v1/dids/resolve/{did} GET
        /api/v1/schemas/{schemaId}/schema.json GET
        /contexts/{name}/{version} GET
        /didcomm POST
        /didcomm/receive POST
        /dids/{name}/did.json GET
        /docs GET
        /healthz GET
        /log/checkpoint GET
        /log/consistency/{first}/{second} GET
        /log/key GET
        /log/tile/entries/{number} GET
        /log/tile/entries/{number}/{second} GET
        /log/tile/entries/{number}/{second}/{third} GET
        /log/tile/entries/{number}/{second}/{third}/{fourth} GET
        /log/tile/{level}/{number} GET
        /log/tile/{level}/{number}/{second} GET
        /log/tile/{level}/{number}/{second}/{third} GET
        /log/tile/{level}/{number}/{second}/{third}/{fourth} GET
        /metrics GET
        /oid4vci/credential POST
        /oid4vci/deferred POST
        /oid4vci/jwks GET
        /oid4vci/nonce POST
        /oid4vci/notification POST
        /oid4vci/offers/{reference} GET
        /oid4vci/par POST
        /oid4vci/token POST
        /oid4vp/answers/{reference} POST
        /oid4vp/requests/{reference} GET
        /openapi.json GET
        /problems/{code} GET
        /readyz GET
        /status/{listId}/bitstring/{purpose} GET
        /status/{listId}/{purpose} GET
        /vct/{name} GET
    """,
    "P": """
        /api/v1/agents/{did} GET
        /api/v1/anchors/verify POST
        /api/v1/anchors/{transactionHash} GET
        /api/v1/anchors/{transactionHash}/proofs/{credentialId} GET
        /api/v1/capability-tokens/verify POST
        /api/v1/credentials/derive POST
        /api/v1/credentials/redeem POST
        /api/v1/credentials/verify POST
        /api/v1/credentials/{id}/status GET
        /api/v1/delegations/verify-chain POST
        /api/v1/dids/{did} GET
        /api/v1/dids/{did}/history GET
        /api/v1/presentations/verify POST
        /api/v1/schemas GET
        /api/v1/schemas/{schemaId} GET
        /api/v1/schemas/{schemaId}/template.csv GET
        /api/v1/schemas/{schemaId}/validate POST
        /credentials/derive POST
        /credentials/verify POST
        /presentations/verify POST
    """,
    "K": """
        /api/v1/access/check POST
        /api/v1/agents GET
        /api/v1/agents/{did}/authority GET
        /api/v1/agents/{did}/issue POST
        /api/v1/agents/{did}/presentations POST
        /api/v1/agents/{did}/requests POST
        /api/v1/agents/{did}/tokens POST
        /api/v1/approvals GET POST
        /api/v1/approvals/{id} GET
        /api/v1/approvals/{id}/approve POST
        /api/v1/approvals/{id}/decline POST
        /api/v1/batches GET POST
        /api/v1/batches/{id} GET
        /api/v1/batches/{id}/cancel POST
        /api/v1/batches/{id}/errors.csv GET
        /api/v1/batches/{id}/events GET
        /api/v1/batches/{id}/pause POST
        /api/v1/batches/{id}/results GET
        /api/v1/batches/{id}/resume POST
        /api/v1/batches/{id}/retry-failed POST
        /api/v1/batches/{id}/revoke POST
        /api/v1/batches/{id}/rows GET PUT
        /api/v1/batches/{id}/rows/{row} PATCH
        /api/v1/batches/{id}/start POST
        /api/v1/credentials GET
        /api/v1/credentials/batch-revoke POST
        /api/v1/credentials/issue POST
        /api/v1/credentials/issue/batch POST
        /api/v1/credentials/reinstate POST
        /api/v1/credentials/reissue POST
        /api/v1/credentials/revoke POST
        /api/v1/credentials/suspend POST
        /api/v1/credentials/{id} GET
        /api/v1/credentials/{id}/document GET
        /api/v1/credentials/{id}/pdf GET
        /api/v1/credentials/{id}/forms POST
        /api/v1/credentials/{id}/badge POST
        /api/v1/credentials/{id}/offers POST
        /api/v1/credentials/{id}/reinstate POST
        /api/v1/credentials/{id}/revoke POST
        /api/v1/credentials/{id}/suspend POST
        /api/v1/didcomm/send POST
        /api/v1/didcomm/threads/{threadId} GET
        /api/v1/dids POST
        /api/v1/dids/{did} DELETE PATCH PUT
        /api/v1/dids/{did}/deactivate POST
        /api/v1/dids/{did}/keys/rotate POST
        /api/v1/dids/{did}/rotate-key POST
        /api/v1/delegations GET POST
        /api/v1/delegations/authorize POST
        /api/v1/delegations/{id} GET
        /api/v1/delegations/{id}/calls GET
        /api/v1/delegations/{id}/narrow POST
        /api/v1/delegations/{id}/reinstate POST
        /api/v1/delegations/{id}/revoke POST
        /api/v1/delegations/{id}/suspend POST
        /api/v1/deliveries/{id}/resend POST
        /api/v1/events GET
        /api/v1/events/stream GET
        /api/v1/presentations/requests POST
        /api/v1/presentations/requests/{id} GET
        /api/v1/offers GET
        /api/v1/offers/{id} GET
        /api/v1/offers/{id}/cancel POST
        /api/v1/offers/{id}/qr.png GET
        /api/v1/offers/{id}/qr.svg GET
        /api/v1/schemas POST
        /api/v1/schemas/{schemaId} PATCH
        /api/v1/schemas/{schemaId}/deactivate POST
        /api/v1/schemas/{schemaId}/reactivate POST
        /api/v1/webhooks GET POST
        /api/v1/webhooks/{id} DELETE GET PATCH
        /api/v1/webhooks/{id}/deliveries GET
        /api/v1/webhooks/{id}/rotate-secret POST
        /api/v1/webhooks/{id}/test POST
        /credentials/issue POST
        /credentials/status POST
        /credentials/{id} GET
        /didcomm/send POST
    """,
    "U": """
        /api/v1/agents POST
        /api/v1/agents/{did} PATCH
        /api/v1/agents/{did}/decommission POST
        /api/v1/api-keys GET POST
        /api/v1/api-keys/{id} DELETE
        /api/v1/api-keys/{id}/revoke POST
        /api/v1/api-keys/{id}/rotate POST
        /api/v1/credentials/{id}/share GET PUT
        /api/v1/credentials/{id}/share/renew POST
        /api/v1/me/credentials/{id}/disclosures GET POST
        /api/v1/me/credentials/{id}/disclosures/{disclosureId} DELETE
        /api/v1/dids GET
        /api/v1/presentations/answers POST
        /api/v1/presentations/answers/preview POST
        /api/v1/presentations/create POST
        /attachments POST
        /attachments/{id} GET
        /credentials/types GET
        /improvers/credential-requests/{request_id} GET
        /improvers/credential-requests/{request_id}/offer POST
        /improvers/credential-requests/{request_id}/reply POST
        /improvers/credential-requests/{request_id}/withdraw POST
        /improvers/credentials/{grant_id}/offers POST
        /improvers/leave POST
        /improvers/request POST
        /issuers/leave POST
        /issuers/request POST
        /me DELETE GET PATCH
        /me/appearance GET
        /me/dids POST
        /me/dids/challenge POST
        /me/dids/{did} DELETE
        /me/dids/{did}/export POST
        /me/emails POST
        /me/emails/primary POST
        /me/emails/remove POST
        /me/emails/verify POST
        /me/export GET
        /me/notifications GET
        /me/notifications/modes GET PUT
        /me/notifications/read POST
        /me/passkeys/{id} DELETE
        /me/password PUT
        /me/recovery-codes POST
        /me/sessions GET
        /me/sessions/end-others POST
        /me/sessions/{id} DELETE
        /me/sign-in GET
        /me/tokens GET POST
        /me/tokens/{id} DELETE
        /me/wallets GET POST
        /me/wallets/challenge POST
        /me/wallets/label POST
        /me/wallets/primary POST
        /me/wallets/remove POST
        /me/wallets/typed POST
        /proposers/leave POST
        /proposers/request POST
        /voters/leave POST
        /voters/request POST
    """,
    "M": """
        /improvers/credential-requests GET POST
        /improvers/credentials GET
        /improvers/feed GET
        /improvers/payouts GET
        /improvers/workflow-series GET
        /improvers/workflow-series/unclaim POST
        /improvers/workflows GET
        /improvers/workflows/absence-periods DELETE GET POST PUT
        /improvers/workflows/done GET
        /improvers/workflows/{workflow_id} GET
        /improvers/workflows/{workflow_id}/steps/{step_id}/claim POST
        /improvers/workflows/{workflow_id}/steps/{step_id}/complete POST
        /improvers/workflows/{workflow_id}/steps/{step_id}/payout-request POST
        /improvers/workflows/{workflow_id}/steps/{step_id}/release POST
        /improvers/workflows/{workflow_id}/steps/{step_id}/start POST
    """,
    "R": """
        /issuer/credentials/issue POST
        /issuer/credentials/revoke POST
        /issuer/users/{user_id}/credentials GET
        /issuers/analytics GET
        /issuers/analytics/{table} GET
        /issuers/credential-requests GET
        /issuers/credential-requests/ask POST
        /issuers/credential-requests/assign POST
        /issuers/credential-requests/counts GET
        /issuers/credential-requests/decisions POST
        /issuers/credential-requests/export GET
        /issuers/credential-requests/{request_id} GET
        /issuers/credential-requests/{request_id}/ask POST
        /issuers/credential-requests/{request_id}/assign POST
        /issuers/credential-requests/{request_id}/decision POST
        /issuers/credential-requests/{request_id}/issue-now POST
        /issuers/credential-requests/{request_id}/reviewers GET
        /issuers/credential-requests/{request_id}/undo POST
        /issuers/credentials DELETE POST
        /issuers/credentials/{grant_id}/reinstate POST
        /issuers/credentials/{grant_id}/retry-issuance POST
        /issuers/credentials/{grant_id}/revoke POST
        /issuers/credentials/{grant_id}/suspend POST
        /issuers/credentials/{user_id} GET
        /issuers/metrics GET
        /issuers/metrics/report GET PUT
        /issuers/metrics/report/send POST
        /issuers/scopes GET
        /issuers/scopes/request POST
        /issuers/users GET
        /issuers/users/by-address/{address} GET
        /issuers/users/{user_id} GET
        /issuers/views GET POST
        /issuers/views/{view_id} DELETE PUT
    """,
    "Pr": """
        /proposers/workflow-proposals GET
        /proposers/workflows GET POST
        /proposers/workflows/qualified GET
        /proposers/workflows/{id} DELETE GET
        /proposers/workflows/{id}/edit-proposals POST
    """,
    "V": """
        /voters/proposals GET
        /voters/workflow-deletion-proposals/{id}/votes POST
        /voters/workflow-edit-proposals/{id}/votes POST
        /voters/workflows GET
        /voters/workflows/{id} GET
        /voters/workflows/{id}/votes POST
    """,
    "PrV": """
        /proposers/workflow-deletion-proposals POST
        /voters/workflow-deletion-proposals POST
    """,
    "A": """
        /admin/credential-types GET POST
        /admin/credential-types/{value} DELETE GET PUT
        /admin/credential-types/{value}/reactivate POST
        /admin/credential-types/{value}/retire POST
        /admin/credential-types/{value}/usage GET
        /admin/halt POST
        /admin/improver-requests GET PUT
        /admin/invitations POST
        /admin/issuer-requests GET PUT
        /admin/issuers GET PUT
        /admin/issuers/{user_id} GET
        /admin/outbox GET
        /admin/outbox/test POST
        /admin/payouts GET
        /admin/payouts/{id}/fail POST
        /admin/payouts/{id}/settle POST
        /admin/payouts/{id}/void POST
        /admin/proposer-requests GET PUT
        /admin/resume POST
        /admin/status GET
        /admin/users GET POST PUT
        /admin/users/{user_id} GET
        /admin/users/{user_id}/activate POST
        /admin/users/{user_id}/deactivate POST
        /admin/voter-requests GET PUT
        /admin/workflow-deletion-proposals/{id}/force-approve POST
        /admin/workflow-edit-proposals/{id}/force-approve POST
        /admin/workflow-proposals GET
        /admin/workflow-series/{id}/claimants GET
        /admin/workflow-series/{id}/revoke-claim POST
        /admin/workflows GET
        /admin/workflows/{id} GET
        /admin/workflows/{id}/fail POST
        /admin/workflows/{id}/force-approve POST
        /api/v1/audit GET
        /api/v1/audit/checkpoint GET
        /api/v1/audit/export GET
        /api/v1/audit/verify POST
        /api/v1/dids/import POST
    """,
}
