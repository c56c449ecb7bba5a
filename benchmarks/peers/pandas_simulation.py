"""The usual way to make such data: Python lists for each company, exploded by pandas and loaded with `to_sql`.

Runs in the peers' environment: `pandas_simulation.py generate COMPANIES` or `… load COMPANIES`, the latter with the
server in libpq's variables. Prints the number of sessions and the seconds it took after the imports.
"""

import os
import random
import sys
import time
import uuid
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import sqlalchemy
from faker import Faker

BASE_SESSIONS = {"small": 5, "large": 10}
MONTHS = pd.date_range("2021-01-01", "2022-01-01", freq="MS").to_pydatetime()
ROWS_PER_STATEMENT = 10_000  # all in one, as is often done, takes 3 KB of memory a session
TABLES = (
    "drop table if exists sessions, companies",
    "create table companies (company_id bigint primary key, company_name text not null, company_size text not null)",
    "create table sessions (session_id text primary key, company_id bigint not null, created_at timestamp not null)",
    "alter table sessions add foreign key (company_id) references companies (company_id)",
    "create index on sessions (company_id)",
)


def simulate_companies(companies: int) -> pd.DataFrame:
    """One row per company, without its name."""
    sizes = np.random.default_rng(1).choice(list(BASE_SESSIONS), size=companies, p=[0.7, 0.3])
    return pd.DataFrame({"company_id": range(1, companies + 1), "company_size": sizes})


def simulate_sessions(companies: pd.DataFrame) -> pd.DataFrame:
    """One row per session: every month a list of times for each company, exploded."""
    months = []
    customers = companies
    for start, end in pairwise(MONTHS):
        seconds = int((end - start).total_seconds())
        customers = customers.assign(sessions=customers["company_size"].apply(count_sessions))
        customers = customers[customers["sessions"] > 0]
        times = customers["sessions"].apply(draw_times, args=(start, seconds))
        months.append(customers[["company_id"]].assign(created_at=times).explode("created_at"))
    sessions = pd.concat(months, ignore_index=True)
    sessions["created_at"] = pd.to_datetime(sessions["created_at"])
    sessions.insert(0, "session_id", [uuid.uuid4().hex for _ in range(len(sessions))])
    return sessions


def count_sessions(company_size: str) -> int:
    """Sessions of a company in a month."""
    base = BASE_SESSIONS[company_size]
    return base + random.choice((1, -1)) * random.randint(0, base)


def draw_times(count: int, start: datetime, seconds: int) -> list[datetime]:
    """The times of a company's sessions in a month of so many seconds."""
    return [start + timedelta(seconds=random.randint(0, seconds - 1)) for _ in range(count)]


def load(companies: pd.DataFrame, sessions: pd.DataFrame) -> None:
    """Into tables that have their keys and an index already."""
    fake = Faker()
    companies.insert(1, "company_name", [fake.company() for _ in range(len(companies))])
    variables = [os.environ[name] for name in ("PGUSER", "PGPASSWORD", "PGHOST", "PGPORT", "PGDATABASE")]
    engine = sqlalchemy.create_engine("postgresql+psycopg2://{}:{}@{}:{}/{}".format(*variables))
    with engine.begin() as connection:
        for statement in TABLES:
            connection.execute(sqlalchemy.text(statement))
        for name, frame in (("companies", companies), ("sessions", sessions)):
            frame.to_sql(
                name, connection, if_exists="append", index=False, method="multi", chunksize=ROWS_PER_STATEMENT
            )
    engine.dispose()


def main() -> None:
    """Run what the command line says."""
    command, companies = sys.argv[1], int(sys.argv[2])
    began = time.perf_counter()
    random.seed(1)
    made = simulate_companies(companies)
    sessions = simulate_sessions(made)
    if command == "load":
        load(made, sessions)
    print(len(sessions), time.perf_counter() - began)


if __name__ == "__main__":
    main()
