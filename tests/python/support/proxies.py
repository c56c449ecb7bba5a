"""Between a client and a PostgreSQL server: a real connection that ends, or waits, at the commit."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from postgres_server import Database

_COMMIT = b"Q\0\0\0\x0bCOMMIT\0"  # a query of eleven bytes, its own length among them

AtCommit = Callable[[socket.socket, socket.socket], None]


def lost_before_the_commit(client: socket.socket, server: socket.socket) -> None:
    """The server never hears of it."""
    for connection in (server, client):  # a close would wait for the thread that reads from it
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def lost_after_the_commit(client: socket.socket, server: socket.socket) -> None:
    """The server has done it, and its answer gets lost."""
    server.sendall(_COMMIT)
    server.recv(65_536)
    lost_before_the_commit(client, server)


@contextmanager
def proxied(database: Database, at_commit: AtCommit) -> Iterator[Database]:
    """The same database by another port, where `at_commit` stands in for handing on a COMMIT."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection((database.host, database.port))
                for work in (_to_server, _to_client):
                    threading.Thread(target=work, args=(client, server, at_commit), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield Database("127.0.0.1", listener.getsockname()[1], database.user, database.password, database.name)
    finally:
        listener.close()


def _to_server(client: socket.socket, server: socket.socket, at_commit: AtCommit) -> None:
    with suppress(OSError):
        while data := client.recv(65_536):
            if data == _COMMIT:
                at_commit(client, server)
            else:
                server.sendall(data)
    lost_before_the_commit(client, server)


def _to_client(client: socket.socket, server: socket.socket, _: AtCommit) -> None:
    with suppress(OSError):
        while data := server.recv(65_536):
            client.sendall(data)
    lost_before_the_commit(client, server)
