"""What dbt and a load compute again and again, though it is the same each time: in a test run once, to save minutes."""

import functools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import jinja2
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients import agate_helper
from dbt_common.tests import disable_test_caching, enable_test_caching

from seed_generator.expectations.kpis import expected_kpis


@contextmanager
def computed_once() -> Iterator[None]:
    """Keep what has been computed, as long as this lasts."""
    testers = functools.cache(agate_helper.build_type_tester)

    def tester(text_columns: Iterable[str], string_null_values: Iterable[str] = ("null", "")) -> Any:
        return testers(tuple(sorted(text_columns)), tuple(string_null_values))

    compiled = jinja2.Environment.compile
    codes: dict[tuple[type[jinja2.Environment], str], Any] = {}

    def code(environment: jinja2.Environment, source: Any, *names: Any) -> Any:
        if names or not isinstance(source, str):
            return compiled(environment, source, *names)
        key = (type(environment), source)
        if key not in codes:
            codes[key] = compiled(environment, source)
        return codes[key]

    with (
        # For each command the compiled templates of the macros that it calls.
        mock.patch.object(jinja2.Environment, "compile", code),
        # For each query the object that guesses the types of texts.
        mock.patch.object(agate_helper, "build_type_tester", tester),
        # For each behaviour flag of a command the module that it comes from, which dbt looks for in its whole stack.
        mock.patch.object(BehaviorFlagRendered, "_default_source", staticmethod(lambda: "dbt")),
        # For each load the exact law of every figure.
        mock.patch("seed_generator.tables.expected_kpis", functools.lru_cache(maxsize=16)(expected_kpis)),
    ):
        enable_test_caching()  # dbt's own: plugins that are installed, and parsed macros
        try:
            yield
        finally:
            disable_test_caching()
