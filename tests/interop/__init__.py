"""Exchanges with independent implementations, both ways."""
