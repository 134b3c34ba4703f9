"""Tools for agents over the Model Context Protocol: a program of its own that speaks to an office with an agent's key.

It decides nothing. Every tool is a call of the office's HTTP interface, authorized and put on record there.
"""
