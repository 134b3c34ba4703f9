"""The shapes of bodies, as JSON Schema: what the server checks is what the API document shows."""
