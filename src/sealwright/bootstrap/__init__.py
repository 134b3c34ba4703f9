"""The one place where things are built and joined."""

from sealwright.bootstrap.opening import build

__all__ = ["build"]
