"""Runnable comparisons with peers: `make bench`, or `python -m benchmarks issue verify`."""
