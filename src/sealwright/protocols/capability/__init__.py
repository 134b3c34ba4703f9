"""Capability tokens: one act of an agent at one place, signed by the agent, with the chain of delegations behind it."""
