"""`python -m seed_generator`."""

import sys

from seed_generator.cli import main

sys.exit(main())
