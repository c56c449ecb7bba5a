"""Marts that dbt has built in a target, read as Arrow tables: a module an engine."""
