"""Simulate ABC Enterprises, a B2B SaaS company, into raw tables with a known right answer."""

__version__ = "0.1.0"
