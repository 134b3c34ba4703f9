"""Canonical N-Quads: the compiled plans and the reference processor, behind one door."""

from sealwright.vc.canon.canonicalizer import Canonicalizer, CanonStats, PlanHandle
from sealwright.vc.canon.rechecking import PlanMismatch

__all__ = ["CanonStats", "Canonicalizer", "PlanHandle", "PlanMismatch"]
