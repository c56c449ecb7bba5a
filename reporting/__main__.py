"""`python -m reporting`: print the three KPIs of a target."""

import sys

from reporting.cli import main

sys.exit(main())
