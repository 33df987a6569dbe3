"""Which readers these are, so that what older ones gave is never served where these would give something else."""

READERS_VERSION = 9
"""Raise it with every change of what any reader gives: turns, speakers, times, metadata, or whether a file is a
transcript. What was read before is then read anew, which costs time and no money. A test holds it.
"""
