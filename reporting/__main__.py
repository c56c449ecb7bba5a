"""`python -m reporting`: print the KPIs of a target."""

from seed_generator.interruption import ends_at_once

_INTERRUPTED = "interrupted."

with ends_at_once(_INTERRUPTED):
    from seed_generator.program import run

run("reporting.cli", _INTERRUPTED)
