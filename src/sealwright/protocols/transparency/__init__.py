"""Merkle trees, tiles and signed notes of a transparency log: build, parse, check; no I/O."""
