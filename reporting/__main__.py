"""`python -m reporting`: print the KPIs of a target."""

import sys

from reporting.cli import main

sys.exit(main())
