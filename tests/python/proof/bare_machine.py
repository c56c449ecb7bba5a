"""A Debian with git, make and Python and nothing else, in which the README's commands have to be green.

    sudo python3 tests/python/proof/bare_machine.py --cache FOLDER

Makes the machine in a folder by debootstrap, clones the commit that is checked out into it, and runs the commands there
as an ordinary user, with an environment of their own. Mirror, proxies, certificates and the settings of pip are the
caller's. Every mount is made in a namespace that ends with the command, so none is left, whatever happens.

Exit codes: 0 all green, 1 something is red, 2 nothing was proven.
"""

import argparse
import configparser
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
PACKAGES = ("git", "make", "python3", "python3-venv", "ca-certificates")
# What the README asks for, and the packages that have it on Debian.
NEEDED = {"git": "git", "make": "make", "python3-venv": "python3*-venv"}
README = ("make demo", "make test")

_PROGRAMS = ("debootstrap", "unshare", "mount", "chroot", "tar", "git", "apt-get")
_SUITES = Path("/usr/share/debootstrap/scripts")
_USERS = {"user": (1000, "/home/somebody"), "root": (0, "/root")}
_SEARCHED = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
_NAMES_AND_TRUST = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
# OpenBLAS computes wrongly on some processors, where the caller says so.
_PROCESSOR = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
_TRIES_TO_REMOVE = 10


class NothingProvenError(Exception):
    """The machine could not be made, in one sentence."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and the time that it used."""

    command: str
    exit_code: int
    seconds: float
    cpu_seconds: float

    def __str__(self) -> str:
        end = "green" if self.exit_code == 0 else f"red (exit code {self.exit_code})"
        return f"{self.command}: {end}, {self.seconds:.0f} s of wall time, {self.cpu_seconds:.0f} s of CPU time"


@dataclass(frozen=True)
class Machine:
    """A root folder, who works in it, and what it borrows of the caller's machine."""

    root: Path
    user: str
    environment: Mapping[str, str]
    lent: Sequence[Path]

    def run(self, command: str, folder: str = "/", *, is_administrator: bool = False) -> Outcome:
        """A command of a shell, with the machine's own processes, temporary files and terminals."""
        number, home = _USERS["root" if is_administrator else self.user]
        settings = {"HOME": home, "PATH": _SEARCHED, **self.environment}
        inside = [
            *("chroot", f"--userspec={number}:{number}", f"--groups={number}", self.root),
            *("env", "--ignore-environment", *(f"{name}={value}" for name, value in settings.items())),
            *("sh", "-c", f"cd {folder} && {command}"),
        ]
        began, cpu_before = time.monotonic(), _cpu_seconds()
        done = _in_a_namespace([*self._mounts(), shlex.join(map(str, inside))])
        return Outcome(command, done.returncode, time.monotonic() - began, _cpu_seconds() - cpu_before)

    def _mounts(self) -> Iterator[str]:
        systems = {"proc": "proc", "sys": "sysfs", "dev/shm": "tmpfs", "dev/pts": "devpts"}
        for place, system in systems.items():
            options = ["-o", "newinstance,ptmxmode=0666,mode=0620"] if system == "devpts" else []
            yield shlex.join(["mount", "-t", system, *options, system, str(self.root / place)])
        for path in self.lent:
            yield shlex.join(["mount", "--bind", "-o", "ro", str(path), f"{self.root}{path}"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    try:
        _refuse_without_means()
        with _folder_of_our_own() as folder:
            base = _base(options.cache or folder)
            if options.self_check:
                return _self_check(base, options.user)
            commands = options.run or README
            outcomes = _outcomes(base, options.user, commands, options.without)
    except NothingProvenError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted.", file=sys.stderr)
        return 130
    print(f"\nOn a bare machine{f' without {options.without}' if options.without else ''}, as {options.user}:")
    print(*outcomes, sep="\n")
    return 0 if all(outcome.exit_code == 0 for outcome in outcomes) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--as", dest="user", choices=_USERS, default="user", help="who runs them (default: user)")
    parser.add_argument(
        "--run", metavar="COMMAND", action="append", help=f"instead of {' and '.join(README)}; repeatable"
    )
    parser.add_argument("--cache", metavar="FOLDER", type=Path, help="keep the bare Debian here, and take it from here")
    parser.add_argument("--without", choices=NEEDED, help="take one needed thing away: then it has to be red")
    parser.add_argument(
        "--self-check", action="store_true", help="take each needed thing away in turn, and look that it is red"
    )
    return parser


def _refuse_without_means() -> None:
    if os.geteuid() != 0:
        raise NothingProvenError("only root can make a machine in a folder; run this with sudo.")
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing:
        raise NothingProvenError(f"there is no {missing[0]} here; Debian and Ubuntu have it, so try apt-get install.")


@contextmanager
def _folder_of_our_own() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="saas_kpis_bare_"))
    try:
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """All of a folder, and never what is mounted in it."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    if mounted := [place for place in places if place.startswith(f"{folder}/")]:
        print(f"{folder} was not removed, because {mounted[0]} is still mounted.", file=sys.stderr)
        return
    for _ in range(_TRIES_TO_REMOVE):
        remove = ["rm", "-rf", "--one-file-system", str(folder)]
        if subprocess.run(remove, check=False, stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.5)  # what was killed still writes there as it ends
    print(f"{folder} could not be removed.", file=sys.stderr)


def _base(cache: Path) -> Path:
    """The bare Debian as an archive, made if it is not there; its release and its mirror are those of the caller."""
    release, mirror = _release_and_mirror()
    archive = cache.resolve() / f"{'+'.join((release, *PACKAGES))}.tar"
    if archive.exists():
        return archive
    cache.mkdir(parents=True, exist_ok=True)
    print(f"Making a bare {release}, which takes a minute or two.", flush=True)
    with _folder_of_our_own() as folder:
        root, log = folder / "root", folder / "log"
        make = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", release, str(root), mirror]
        pack = ["tar", "--create", "--one-file-system", "--file", f"{archive}.new", "--directory", str(root), "."]
        done = _in_a_namespace([f"{shlex.join(make)} > {shlex.quote(str(log))} 2>&1", shlex.join(pack)])
        if done.returncode != 0:
            last = log.read_text().splitlines()[-1:] or ["it said nothing"]
            raise NothingProvenError(f"debootstrap could not make a bare {release}: {last[0]}.")
    Path(f"{archive}.new").rename(archive)
    return archive


def _release_and_mirror() -> tuple[str, str]:
    """Where apt has this machine's own packages from."""
    asked = ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI) $(COMPONENT)"]
    listed = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    for release, mirror, component in map(str.split, listed.splitlines()):
        if component == "main" and (_SUITES / release).exists():
            return release, mirror
    raise NothingProvenError("apt's sources name no mirror of a Debian that debootstrap knows.")


def _outcomes(base: Path, user: str, commands: Sequence[str], without: str | None) -> list[Outcome]:
    """Of a clone, and of each command in it up to the first that is red."""
    with _folder_of_our_own() as folder:
        machine = _machine(base, folder / "root", user)
        if without:
            _take_away(machine, without)
        home = _USERS[user][1]
        clone = machine.run("git -c advice.detachedHead=false clone --quiet /srv/commit saas-kpis", home)
        outcomes = [clone]
        for command in commands:
            if outcomes[-1].exit_code != 0:
                break
            outcomes.append(machine.run(command, f"{home}/saas-kpis"))
    return outcomes


def _machine(base: Path, root: Path, user: str) -> Machine:
    """A new machine with the caller's settings, and with the commit that is checked out to be cloned."""
    root.mkdir()
    _checked("tar", "--extract", "--numeric-owner", "--file", base, "--directory", root)
    files = _pip_files()
    pip = configparser.RawConfigParser()
    pip.read(files)
    with (root / "etc" / "pip.conf").open("w") as merged:
        pip.write(merged)
    environment = _taken_along(os.environ)
    named = [*environment.values(), *(value for section in pip.values() for value in section.values())]
    lent = _lent([*_NAMES_AND_TRUST, *named])
    for path in lent:
        _make_room(path, Path(f"{root}{path}"))
    machine = Machine(root, user, environment, lent)
    number, home = _USERS[user]
    if number:
        made = machine.run(f"useradd --create-home --home-dir {home} --uid {number} somebody", is_administrator=True)
        if made.exit_code != 0:
            raise NothingProvenError(f"useradd ended with {made.exit_code} in the bare machine.")
    git = ("git", "-c", f"safe.directory={PROJECT}", "-C", PROJECT)  # sudo leaves the checkout to its owner
    _checked(*git, "bundle", "create", "--quiet", root / "srv" / "commit", "HEAD")
    return machine


def _take_away(machine: Machine, needed: str) -> None:
    packages = f"$(dpkg-query --show --showformat '${{Package}} ' '{NEEDED[needed]}')"
    away = machine.run(f"dpkg --purge --force-depends {packages} > /dev/null", is_administrator=True)
    if away.exit_code != 0:
        raise NothingProvenError(f"{needed} could not be taken away.")


def _self_check(base: Path, user: str) -> int:
    """Whether each sabotage is red."""
    is_blind = False
    for needed in NEEDED:
        *_, last = _outcomes(base, user, README[:1], needed)
        is_red = last.exit_code != 0
        is_blind |= not is_red
        print(f"without {needed}: {'red, as it must be' if is_red else 'green, which it must not be'} ({last})")
    return int(is_blind)


def _pip_files() -> list[Path]:
    """Those of pip, in its own order; a later one goes before an earlier one."""
    home = Path.home()
    shared = os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")
    own = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = [*(Path(folder) / "pip" / "pip.conf" for folder in shared), Path("/etc/pip.conf")]
    files += [home / ".pip" / "pip.conf", own / "pip" / "pip.conf"]
    return [*files, Path(os.environ.get("PIP_CONFIG_FILE", os.devnull))]


def _taken_along(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's variables that say how to reach the registries."""
    names = {*_CERTIFICATES, *_PROXIES, *map(str.upper, _PROXIES), *_PROCESSOR}
    names |= {name for name in environment if name.startswith("PIP_")} - {"PIP_CONFIG_FILE"}
    return {name: environment[name] for name in sorted(names & environment.keys())}


def _lent(values: Sequence[str]) -> list[Path]:
    """The files and folders that settings name, none inside another."""
    paths = {_path(word) for value in values for word in value.split()}
    there = {path for path in paths if path.is_absolute() and path.exists() and path != Path("/")}
    return sorted(path for path in there if there.isdisjoint(path.parents))


def _path(word: str) -> Path:
    """What a setting names; an index in a folder leads to files beside it."""
    return Path(word.removeprefix("file://")).parent if word.startswith("file://") else Path(word)


def _make_room(path: Path, place: Path) -> None:
    """Something of the same kind to mount a file or a folder on."""
    if path.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()


def _in_a_namespace(commands: Sequence[str]) -> "subprocess.CompletedProcess[bytes]":
    """Commands of a shell whose mounts and processes are seen by nobody else, and end with it.

    The shell stays there to the end: who takes another user's rights is no longer killed with `unshare`.
    """
    script = "\n".join(["set -e", *commands, "exit 0"])
    namespace = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    return subprocess.run([*namespace, "sh", "-c", script], stdin=subprocess.DEVNULL, check=False)


def _checked(*command: str | Path) -> None:
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise NothingProvenError(f"{command[0]} ended with {done.returncode}: {' '.join(done.stderr.split())}")


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
