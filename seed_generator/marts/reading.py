"""The marts of a target, whatever its engine. An engine's library is imported only when it is used."""

# ruff: noqa: PLC0415 - each engine's library costs a noticeable part of a run

from collections.abc import Sequence
from contextlib import AbstractContextManager

import pyarrow as pa

from seed_generator.errors import InputError
from seed_generator.marts import Read
from seed_generator.profiles import Target, schema_prefix

SCHEMA = "marts"

# The columns by which a mart is sorted; those of a month and size each come by these.
_BY_MONTH = ("period", "company_size")
_KEYS = {
    "fct_cohorts": ("cohort_period", "company_size", "period"),
    "fct_survival": ("company_size", "age_months"),
}


def read_marts(target: Target, names: Sequence[str]) -> list[pa.Table]:
    """The marts of these names, each sorted: by month, and by size within a month, where it has these.

    Raises
    ------
    InputError : the target is not one that can hold marts, or lacks one of them.
    EnvironmentFailure : the surroundings say no: a server, a lock.
    """
    schema = schema_prefix() + SCHEMA
    with target.chosen_by_type(_READERS)(target) as read:
        marts = []
        for name in names:
            mart = read(schema, name)
            if mart is None:
                raise InputError(
                    f"the target {target.name} has no {schema}.{name} yet; run dbt build --target {target.name}."
                )
            marts.append(mart.sort_by([(column, "ascending") for column in _KEYS.get(name, _BY_MONTH)]))
    return marts


def _duckdb(target: Target) -> AbstractContextManager[Read]:
    from seed_generator.marts.duckdb import reader

    return reader(target)


def _postgres(target: Target) -> AbstractContextManager[Read]:
    from seed_generator.marts.postgres import reader

    return reader(target)


def _spark(target: Target) -> AbstractContextManager[Read]:
    from seed_generator.marts.spark import reader

    return reader(target)


# By the target's type.
_READERS = {"duckdb": _duckdb, "postgres": _postgres, "spark": _spark}
