"""dbt's documentation as one file, and a small server for it: `python -m reporting.documentation`."""

import argparse
import functools
import os
from collections.abc import Sequence
from contextlib import nullcontext
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from reporting.files import write_whole
from seed_generator.errors import EnvironmentFailure, told_with
from seed_generator.interruption import ends_at_once
from seed_generator.profiles import profile_of_project, read_target
from seed_generator.program import OptionParser, ended, run, text

if TYPE_CHECKING:
    from reporting.project import Project

_PORT = 8080
_ONE_FILE = "static_index.html"
# dbt's page has templates in two attributes that a browser asks for before they are filled in, hundreds of times.
_MENDED = {
    'xlink:href="{{': 'ng-attr-xlink:href="{{',
    "href=\"${require('./assets/favicons/favicon.ico')}\"": 'href="data:,"',
}


class _Handler(SimpleHTTPRequestHandler):
    """Serves the decisions, which the overview links to, as text that can be read in the browser."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".md": "text/plain; charset=utf-8"}

    def log_message(self, *_: object) -> None:
        """Nothing: the terminal shows the address and stays so."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns the exit code: 0, 1 if dbt can't document or the port is taken, 2 for bad input, 130 for Ctrl-C before the
    page is served, which Ctrl-C ends as it should.
    """
    return ended(lambda _: _document(_parser().parse_args(arguments)))


def _parser() -> OptionParser:
    parser = OptionParser(
        prog="python -m reporting.documentation",
        description="Write dbt's documentation as one file, and serve it on 127.0.0.1 until Ctrl-C.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--target", metavar="NAME", type=text, help="a target of profiles.yml (default: the profile's own, DBT_TARGET)"
    )
    parser.add_argument("--port", metavar="N", type=int, default=_PORT, help=f"where it is served (default: {_PORT})")
    parser.add_argument("--no-serve", action="store_true", help="only write the file")
    return parser


def _document(options: argparse.Namespace) -> None:
    with told_with({"target": "--target"}.get):
        target = read_target(options.target, profile=profile_of_project())
    with nullcontext() if options.no_serve else _listening(options.port) as server:
        with ends_at_once("interrupted."):
            # Only here: it imports dbt, which takes a second or two.
            from reporting.project import Project, close_duckdb  # noqa: PLC0415 - see above
        page = write_documentation(Project(target, is_default=options.target is None))
        close_duckdb()  # while people read, others load and build
        print(f"One file with all of it: {page}")
        if server:
            _serve(server, page)


def write_documentation(project: "Project") -> Path:
    """Write the one-file version; returns its path.

    Raises
    ------
    EnvironmentFailure : dbt can't read the catalog, or the file can't be written.
    """
    project.document()
    page = _artifacts() / _ONE_FILE
    text = page.read_text(encoding="utf-8")
    for broken, mended in _MENDED.items():
        text = text.replace(broken, mended)
    write_whole(page, text)
    return page


def _artifacts() -> Path:
    return Path(os.environ.get("DBT_TARGET_PATH", "target")).resolve()


def _listening(port: int) -> ThreadingHTTPServer:
    """A server that has its port and does not answer yet."""
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), functools.partial(_Handler, directory=str(_artifacts())))
    except (OSError, OverflowError) as error:
        raise EnvironmentFailure(f"--port {port} can't be used: {error}.") from error


def _serve(server: ThreadingHTTPServer, page: Path) -> None:
    print(f"Served until Ctrl-C:     http://127.0.0.1:{server.server_port}/{page.name}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    run("reporting.documentation", "interrupted.")
