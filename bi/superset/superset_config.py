"""Superset's settings. What is secret or depends on the place comes from the environment, see `env.example`."""

import os

from sqlalchemy.engine import URL
from superset.config import TALISMAN_CONFIG

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]

# What Superset knows: people, charts, dashboards. The marts are in another database of the same server, which it reads
# as bi_reader and finds by libpq's own variables, PGHOST, PGPORT and PGPASSWORD.
SQLALCHEMY_DATABASE_URI = URL.create(
    "postgresql+psycopg2",
    username="superset",
    password=os.environ["SUPERSET_DATABASE_PASSWORD"],
    host=os.environ["PGHOST"],
    port=int(os.environ.get("PGPORT", "5432")),
    database="superset",
).render_as_string(hide_password=False)

# The page would tell its maker of every visit: a browser that asks nobody else can't.
TALISMAN_CONFIG["content_security_policy"] |= {
    "connect-src": ["'self'"],
    "img-src": ["'self'", "blob:", "data:"],
}

# SQL Lab would check each query with a program of PostgreSQL's that is not installed, and show that it can't.
SQL_VALIDATORS_BY_ENGINE: dict[str, str] = {}
