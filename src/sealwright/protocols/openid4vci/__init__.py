"""OpenID for Verifiable Credential Issuance 1.0, as its issuer speaks it."""
