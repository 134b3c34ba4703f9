"""Message shapes of other people's protocols: build, parse, check; no I/O, no persons, no tables."""
