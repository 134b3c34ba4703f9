"""Delegations as strangers check them: what a hop allows, what narrows it, whether a chain holds, what an act needs."""
