"""A connection to the database of a target, as dbt makes it, and a transaction that no setting of a role can spoil."""

import os
import shlex
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2 import errors, extensions

from seed_generator.errors import EnvironmentFailure, InputError, SeedError
from seed_generator.sinks.postgres.locks import TABLES_TIMEOUT_SECONDS

_OPTIONAL = ("host", "port", "user", "sslmode", "sslcert", "sslkey", "sslrootcert")

# What a role or a database may set for its sessions, and would end a load or change what it reads. Nothing limits how
# long a load may take; the server process of a load that is killed notices, even while it builds a key.
_SETTINGS = {
    "client_connection_check_interval": "1s",
    "datestyle": "ISO, YMD",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": f"{TABLES_TIMEOUT_SECONDS}s",
    "quote_all_identifiers": "off",
    "search_path": "pg_catalog",
    "statement_timeout": "0",
    "transaction_timeout": "0",
}


@dataclass(frozen=True)
class Address:
    """Where a database is, as it is told to people, and how dbt finds it."""

    database: str
    server: str
    variables: str = ""

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> "Address":
        """As far as a target says it; the rest is for libpq to find."""
        host, database = settings.get("host"), settings.get("dbname") or settings.get("database")
        if service := not host and os.environ.get("PGSERVICE"):
            return cls(str(database or f"of PGSERVICE {service}"), f"of PGSERVICE {service}")
        return cls(str(database or "that libpq finds"), f"{host or 'that libpq finds'}:{settings.get('port')}")

    @classmethod
    def of_connection(cls, connection: extensions.connection) -> "Address":
        """As libpq has found it. dbt does not follow PGSERVICE, so it needs what the service says."""
        info = connection.info
        found = {"PGHOST": info.host, "PGPORT": info.port, "PGUSER": info.user, "PGDATABASE": info.dbname}
        said = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in found.items())
        is_of_service = bool(os.environ.get("PGSERVICE"))
        return cls(info.dbname, f"{info.host}:{info.port}", f"env -u PGSERVICE {said} " if is_of_service else "")


def connect(settings: Mapping[str, Any], address: Address) -> extensions.connection:
    """Connect with the settings of a target; libpq looks for what they leave out or leave empty.

    Raises
    ------
    EnvironmentFailure : the server is not there, or does not let us in.
    """
    wanted = {key: settings.get(key) for key in _OPTIONAL}
    wanted["password"] = settings.get("password") or settings.get("pass")
    wanted["dbname"] = settings.get("dbname") or settings.get("database")
    try:
        connection: extensions.connection = psycopg2.connect(
            **{key: value for key, value in wanted.items() if value not in (None, "", "0", 0)},
            connect_timeout=settings.get("connect_timeout", 10),
            client_encoding="UTF8",
            application_name=f"seed_generator, process {os.getpid()} on {socket.gethostname()}"[:63],
        )
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0].removeprefix("connection to server ").strip()
        raise EnvironmentFailure(
            f"can't connect to database {address.database} on {address.server} as {settings.get('user')}: {reason}."
        ) from error
    if role := settings.get("role"):
        _take_role(connection, str(role))
    return connection


def refuse_database(connection: extensions.connection) -> None:
    """Fill no database that can't hold all texts, or that dbt can't build in afterwards.

    Raises
    ------
    InputError : it has another encoding than UTF8, or a name that dbt can't put into quotes.
    """
    name, encoding = connection.info.dbname, connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise InputError(
            f"the database {name} has the encoding {encoding}, and a simulation needs UTF8; choose another, or make"
            " one: create database … encoding 'UTF8' template template0."
        )
    if {"'", '"'} & set(name):
        raise InputError(f"dbt can't build in a database with a quote in its name, such as {name}; choose another.")


def begin(connection: extensions.connection, cursor: extensions.cursor, *, changes: bool) -> None:
    """Begin a transaction that changes tables, or sees them as they are now."""
    # A change waits for the one before it, and must see what that has left.
    connection.set_session(isolation_level="READ COMMITTED" if changes else "REPEATABLE READ")
    if not changes:
        connection.set_session(readonly=True)
    cursor.execute(
        "select set_config(name, value, true) from pg_settings"
        " join unnest(%s, %s) as wanted (wanted_name, value) on wanted_name = lower(name)",
        (list(_SETTINGS), list(_SETTINGS.values())),
    )


def told(error: psycopg2.Error, address: Address) -> SeedError:
    """An error of the server's as one sentence: by its SQLSTATE, because its text may be in any language."""
    reason = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
    what = f"the server {address.server} said no"
    for kinds, sentence in _SENTENCES.items():
        if isinstance(error, kinds):
            what = sentence.format(server=address.server)
    return EnvironmentFailure(f"{what}; nothing was changed. ({reason})")


_SENTENCES: dict[type[psycopg2.Error], str] = {
    errors.AdminShutdown: "the server {server} ended the connection (a shutdown, or pg_terminate_backend)",
    errors.DiskFull: "the server {server} has no room left",
    # The time limits of the role and the database are switched off, so this is no limit.
    errors.QueryCanceled: "this was cancelled on the server {server} (pg_cancel_backend)",
}


def _take_role(connection: extensions.connection, role: str) -> None:
    """As dbt does, which takes the text as it is."""
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"set role {role}")
    except psycopg2.Error as error:
        user = connection.info.user
        connection.close()
        reason = error.diag.message_primary or " ".join(str(error).split())
        raise EnvironmentFailure(
            f"the role {role}, which profiles.yml names, can't be taken by {user}: {reason}."
        ) from error
