"""Marts that dbt has built in a target, read as Arrow tables: a module an engine."""

from collections.abc import Callable

import pyarrow as pa

# Reads all rows of a table, by its schema and its name; None where there is no such table.
Read = Callable[[str, str], pa.Table | None]
