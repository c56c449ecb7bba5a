"""Connections: the one `profiles.yml` that dbt reads, read the way dbt reads it, so that the two can never disagree."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import jinja2
import yaml

from seed_generator.errors import InputError, InvalidValueError

PROFILE = "saas_kpis"
_PROJECT_FILE = "dbt_project.yml"
SCHEMA_PREFIX = "SCHEMA_PREFIX"
_PROFILES_FILE = "profiles.yml"

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Target:
    """An output of the profile: its name, the type of its engine and its settings."""

    name: str
    type: str
    settings: Mapping[str, Any]

    def chosen_by_type(self, choices: Mapping[str, Choice]) -> Choice:
        """What there is for its type.

        Raises
        ------
        InputError : there is nothing for it.
        """
        if self.type not in choices:
            raise InputError(f"the target {self.name} is of type {self.type}; allowed are {', '.join(choices)}.")
        return choices[self.type]


def read_target(name: str | None = None, profiles_dir: Path | None = None, *, profile: str = PROFILE) -> Target:
    """The target of that name, or the profile's default.

    Raises
    ------
    InputError : there is no `profiles.yml`, it can't be read, or it has no such target; its key is `target` or
        `profiles_dir` where one of these was given.
    """
    path = _find_profiles(profiles_dir)
    found = _profile(profile, path)
    outputs = found.get("outputs")
    if not isinstance(outputs, Mapping):
        raise InputError(f"{path}: the profile {profile} has no outputs.")
    # dbt takes the variable for its option, whatever a profile says.
    chosen = name or os.environ.get("DBT_TARGET") or str(_rendered(found.get("target", "default"), path))
    if chosen not in outputs:
        key = "target" if name else "the default target, which DBT_TARGET sets,"
        allowed = f"one of {', '.join(map(str, outputs))} (profile {profile} in {path})"
        raise InvalidValueError(key, chosen, allowed)
    settings = _rendered(outputs[chosen], path)
    if not isinstance(settings, Mapping) or "type" not in settings:
        raise InputError(f"{path}: the target {chosen} has no type.")
    return Target(chosen, str(settings["type"]), settings)


def profile_of_project() -> str:
    """The profile of the dbt project here, in DBT_PROJECT_DIR or a folder above; ours where there is no project.

    Raises
    ------
    InputError : its `dbt_project.yml` can't be read, or names no profile.
    """
    chosen = os.environ.get("DBT_PROFILE")
    folder = os.environ.get("DBT_PROJECT_DIR")
    folders = [Path(folder)] if folder else [Path.cwd(), *Path.cwd().parents]
    path = next(filter(Path.is_file, (folder.resolve() / _PROJECT_FILE for folder in folders)), None)
    if chosen or path is None:
        return chosen or PROFILE
    project = _yaml(path)
    profile = project.get("profile") if isinstance(project, Mapping) else None
    if not isinstance(profile, str):
        raise InputError(f"{path} names no profile.")
    return str(_rendered(profile, path))


def schema_prefix() -> str:
    """What the environment puts before every schema name to keep sandboxes apart; mostly nothing."""
    prefix = os.environ.get(SCHEMA_PREFIX, "")
    if not re.fullmatch(
        r"((?!pg_)[a-z_][a-z0-9_]{0,31})?", prefix
    ):  # dbt holds to it by macros/generate_schema_name.sql
        raise InvalidValueError(
            f"the environment variable {SCHEMA_PREFIX}",
            prefix,
            "lower-case letters, digits and underscores, not a digit or pg_ first, at most 32",
        )
    return prefix


def _find_profiles(profiles_dir: Path | None) -> Path:
    """The first place that dbt would look in: the option, the variable, the current folder, the home folder."""
    from_environment = os.environ.get("DBT_PROFILES_DIR")
    if profiles_dir is not None:
        folders, said = [profiles_dir], str(profiles_dir)
    elif from_environment:
        folders, said = [Path(from_environment)], f"DBT_PROFILES_DIR {from_environment}"
    else:
        folders = [Path.cwd()]
        with suppress(RuntimeError):  # a user can have no home folder
            folders.append(Path.home() / ".dbt")
        said = " or ".join(map(str, folders))
    for folder in folders:
        path = folder.resolve() / _PROFILES_FILE
        if path.is_file():
            return path
    raise InputError(
        f"there is no {_PROFILES_FILE} in {said}; run in the project's folder, or name the folder that has it.",
        key="profiles_dir" if profiles_dir is not None else "",
    )


def _profile(name: str, path: Path) -> Mapping[str, Any]:
    profiles = _yaml(path)
    profile = profiles.get(name) if isinstance(profiles, Mapping) else None
    if not isinstance(profile, Mapping):
        raise InputError(f"{path} has no profile {name}.")
    return profile


def _yaml(path: Path) -> Any:  # noqa: ANN401 - whatever YAML holds
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error


def _rendered(value: Any, path: Path) -> Any:  # noqa: ANN401 - whatever YAML holds
    """`value` with the Jinja of all its texts rendered; a rendered text stays a text."""
    if isinstance(value, Mapping):
        return {key: _rendered(item, path) for key, item in value.items()}
    if isinstance(value, list):
        return [_rendered(item, path) for item in value]
    if not isinstance(value, str):
        return value
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701 - not HTML
    # dbt's own names for "make this text a number, a bool, …", which here stays the text it is.
    environment.filters.update(dict.fromkeys(("as_number", "as_bool", "as_native", "as_text"), lambda text: text))
    try:
        return environment.from_string(value).render(env_var=_env_var)
    except (jinja2.TemplateError, ValueError, TypeError) as error:
        raise InputError(f"{path}: {value!r} can't be rendered: {error}.") from error


def _env_var(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise jinja2.TemplateError(f"the environment variable {name} is not set")
    return value
