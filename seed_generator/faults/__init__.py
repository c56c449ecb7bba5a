"""Dirty data on purpose: the kinds of faults, and how they come into the tables."""
