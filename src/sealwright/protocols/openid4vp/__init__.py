"""OpenID for Verifiable Presentations 1.0, the verifier's side, for questions that are shown as a code."""
