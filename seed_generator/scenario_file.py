"""Scenarios as a user writes them: TOML files, and the JSON that a simulation keeps of its own."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from seed_generator.errors import InputError, InvalidValueError
from seed_generator.life import PlanChange, PriceChange
from seed_generator.scenario import LIFE_TABLES, SIZE_KEYS, CompanySize, Scenario
from seed_generator.toml_file import read_toml


def scenario_from_json(text: str) -> Scenario:
    """The scenario that `Scenario.to_json` wrote."""
    return Scenario(**_of_tables(json.loads(text), "the scenario"))


def read_scenario(path: Path) -> dict[str, Any]:
    """The values of a TOML scenario file, to be given to `Scenario`; a key that is left out is not in the result.

    Raises
    ------
    InputError : the file can't be read, is not TOML, or has a key that no scenario has; its key is `scenario`.
    """
    values = read_toml(path, "scenario")
    return _of_tables(values, str(path))


def _of_tables(values: dict[str, Any], where: str) -> dict[str, Any]:
    """The tables of a scenario, as a file has them, as what a `Scenario` is made of."""
    _only_keys(values, {item.name for item in fields(Scenario)}, f"the scenario {where}")
    made = dict(values)
    if "sizes" in values:
        made["sizes"] = tuple(
            CompanySize(name, **_filled(size, SIZE_KEYS, f"[sizes.{name}] in {where}", "a size"))
            for name, size in _tables("sizes", values["sizes"], "sizes, such as [sizes.small]").items()
        )
    for key in LIFE_TABLES.keys() & values.keys():
        kind, table = type(LIFE_TABLES[key]), values[key]
        if not isinstance(table, Mapping):
            raise InvalidValueError(key, table, f"a table, [{key}]")
        made[key] = kind(**_filled(table, _keys_of(kind), f"[{key}] in {where}", key))
    if "plan_changes" in values:
        tables = _tables("plan_changes", values["plan_changes"], "tables by size, such as [plan_changes.small]")
        made["plan_changes"] = tuple(
            PlanChange(name, other, chance) for name, table in tables.items() for other, chance in table.items()
        )
    if "price_changes" in values:
        changes, allowed = values["price_changes"], "a list of tables, each [[price_changes]]"
        if not isinstance(changes, list) or not all(isinstance(change, Mapping) for change in changes):
            raise InvalidValueError("price_changes", changes, allowed)
        keys, place = _keys_of(PriceChange), f"[[price_changes]] in {where}"
        made["price_changes"] = tuple(PriceChange(**_filled(change, keys, place, "it")) for change in changes)
    return made


def _tables(key: str, value: object, allowed: str) -> Mapping[str, Mapping[str, Any]]:
    """The tables of a table, by name."""
    if not isinstance(value, Mapping) or not all(isinstance(values, Mapping) for values in value.values()):
        raise InvalidValueError(key, value, f"a table of {allowed}")
    return value


def _keys_of(kind: type) -> dict[str, Any]:
    return {item.name: item.default for item in fields(kind)}


def _filled(values: Mapping[str, Any], keys: Mapping[str, Any], place: str, what: str) -> Mapping[str, Any]:
    """The values of a table, which has all keys that have no default and no other."""
    _only_keys(values, set(keys), place)
    for key, default in keys.items():
        if default is MISSING and key not in values:
            raise InputError(f"{place} lacks {key}; {what} has {', '.join(keys)}.")
    return values


def _only_keys(values: Mapping[str, Any], allowed: set[str], place: str) -> None:
    for key in values:
        if key not in allowed:
            raise InputError(f"{place} has the unknown key {key!r}; allowed are {', '.join(sorted(allowed))}.")
