"""Showing a part of a signed document: selecting by pointers, naming blank nodes, and grouping statements.

Spec: Data Integrity ECDSA Cryptosuites 1.0, "Selective Disclosure Functions"; Data Integrity BBS Cryptosuites 1.0.
"""
