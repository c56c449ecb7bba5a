"""`python -m seed_generator`."""

from seed_generator.interruption import ends_at_once

_INTERRUPTED = "interrupted; nothing was changed."

with ends_at_once(_INTERRUPTED):
    from seed_generator.program import run

run("seed_generator.cli.main", _INTERRUPTED)
