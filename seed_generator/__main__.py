"""`python -m seed_generator`."""

import sys

from seed_generator.cli.main import main

sys.exit(main())
