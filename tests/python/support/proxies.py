"""Between a client and a PostgreSQL server: a real connection that ends, or waits, at the commit."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from postgres_server import Database

_COMMIT = b"Q\0\0\0\x0bCOMMIT\0"  # a query of eleven bytes, its own length among them


@dataclass
class Connection:
    """The two halves of a connection, and whether the server's next answer is to be lost."""

    client: socket.socket
    server: socket.socket
    loses_answer: bool = False

    def lose(self) -> None:
        """End both."""
        for half in (self.server, self.client):  # a close would wait for the thread that reads from it
            with suppress(OSError):
                half.shutdown(socket.SHUT_RDWR)

    def commit(self) -> None:
        """Hand the COMMIT on."""
        self.server.sendall(_COMMIT)


AtCommit = Callable[[Connection], None]


def lost_before_the_commit(connection: Connection) -> None:
    """The server never hears of it."""
    connection.lose()


def lost_after_the_commit(connection: Connection) -> None:
    """The server has done it, and its answer gets lost."""
    connection.loses_answer = True
    connection.commit()


@contextmanager
def proxied(database: Database, at_commit: AtCommit) -> Iterator[Database]:
    """The same database by another port, where `at_commit` stands in for handing on a COMMIT."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                connection = Connection(client, socket.create_connection((database.host, database.port)))
                for work in (_to_server, _to_client):
                    threading.Thread(target=work, args=(connection, at_commit), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield Database("127.0.0.1", listener.getsockname()[1], database.user, database.password, database.name)
    finally:
        listener.close()


def _to_server(connection: Connection, at_commit: AtCommit) -> None:
    with suppress(OSError):
        while data := connection.client.recv(65_536):
            if data == _COMMIT:
                at_commit(connection)
            else:
                connection.server.sendall(data)
    connection.lose()


def _to_client(connection: Connection, _: AtCommit) -> None:
    with suppress(OSError):
        while (data := connection.server.recv(65_536)) and not connection.loses_answer:
            connection.client.sendall(data)
    connection.lose()
