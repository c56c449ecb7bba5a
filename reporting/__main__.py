"""`python -m reporting`: print the KPIs of a target."""

import sys

from seed_generator.interruption import ends_at_once

with ends_at_once("interrupted."):
    from reporting.cli import main

sys.exit(main())
