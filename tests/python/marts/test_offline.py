"""Nothing is fetched when the project runs, and it needs no dbt package."""

import socket
from typing import Any

import pytest

from warehouses import PROJECT, WITHOUT_TESTS, Warehouse

LOCAL = {"127.0.0.1", "::1", "localhost"}


def test_a_load_and_a_build_ask_no_other_machine(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    find, connect = socket.getaddrinfo, socket.socket.connect

    def finding(host: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(host)
        return find(host, *arguments, **options)

    def connecting(connection: socket.socket, address: Any) -> None:
        asked.append(address[0] if isinstance(address, tuple) else "localhost")
        connect(connection, address)

    monkeypatch.setattr(socket, "getaddrinfo", finding)
    monkeypatch.setattr(socket.socket, "connect", connecting)
    assert warehouse.seed("--companies", "5").returncode == 0
    assert warehouse.build(*WITHOUT_TESTS)
    assert set(asked) <= LOCAL


def test_the_project_names_no_dbt_package() -> None:
    assert [name for name in ("packages.yml", "dependencies.yml") if (PROJECT / name).exists()] == []
