"""`python -m seed_generator`."""

import sys

from seed_generator.interruption import ends_at_once

with ends_at_once("interrupted; nothing was changed."):
    from seed_generator.cli.main import main

sys.exit(main())
