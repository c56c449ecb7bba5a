"""Months and companies added to what is loaded: the same rows as those of one run, and nothing else touched."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import few_or_more
from places import Checksums, Place, checksums_of, everywhere
from postgres_server import Database
from seed_generator.errors import InputError
from seed_generator.extension import Extension
from seed_generator.faults.injection import Faults
from seed_generator.life import Reactivation
from seed_generator.scenario import MAX_SESSIONS_PER_COMPANY, MAX_SESSIONS_PER_MONTH, CompanySize, Scenario
from seed_generator.schemas import LOADED_MONTHS
from seed_generator.simulation.portion import BLOCK_COMPANIES, Extent
from seed_generator.simulation.sessions import Manner
from seed_generator.simulation.streams import STREAM_VERSION
from warehouses import THREE_SIZES, seeded

in_duckdb = pytest.mark.parametrize("place", ["duckdb"], indirect=True)

SMALL = Scenario(companies=30, months=3)
steps = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 150)).filter(any), max_size=3)
manners = st.builds(Manner, st.integers(1, 3_000), st.integers(1, 4), st.integers(1, 3))


def loaded_in_one_run(place: Place, scenario: Scenario) -> Checksums:
    place.load(scenario)
    return checksums_of(place)


@everywhere
@few_or_more(2, 12)
def test_any_split_of_months_and_companies_by_any_workers_gives_the_rows_of_one_run(
    place: Place, examples: int
) -> None:
    @settings(max_examples=examples)
    @given(st.integers(1, 200), st.integers(1, 4), st.integers(0, 2**63 - 1), steps, manners)
    def holds(companies: int, months: int, seed: int, steps: list[tuple[int, int]], manner: Manner) -> None:
        first = Scenario(companies=companies, months=months, seed=seed)
        last = replace(first, companies=companies + sum(c for _, c in steps), months=months + sum(m for m, _ in steps))
        expected = loaded_in_one_run(place, last)
        place.load(first, manner=manner)
        for more_months, more_companies in steps:
            place.extend(more_months, more_companies, manner)
        assert checksums_of(place) == expected

    holds()


@everywhere
def test_growth_across_the_edge_of_a_block_gives_the_rows_of_one_run(place: Place) -> None:
    few_sessions = CompanySize("any", 1, Decimal(10), base_sessions=1, spread=1)
    first = Scenario(companies=BLOCK_COMPANIES - 10, months=1, sizes=(few_sessions,))
    expected = loaded_in_one_run(place, replace(first, companies=BLOCK_COMPANIES + 10, months=2))
    place.load(first)
    place.extend(1, 0, Manner(workers=2, months_at_a_time=2))
    place.extend(0, 10, Manner(workers=2, months_at_a_time=2))
    place.extend(0, 10, Manner(workers=2, months_at_a_time=2))
    assert checksums_of(place) == expected


def test_the_same_rows_have_the_same_checksums_in_every_place(places: list[Place]) -> None:
    scenario = Scenario(companies=400, months=14, seed=3)
    found = [loaded_in_one_run(place, scenario) for place in places]
    assert found == found[:1] * len(places)


@everywhere
def test_the_command_line_appends_grows_and_prints_checksums(place: Place) -> None:
    assert place.seed("--companies", "350", "--months", "4", "--seed", "8", "--quiet").returncode == 0
    expected = place.checksums()
    assert place.seed("--companies", "300", "--months", "2", "--seed", "8", "--quiet").returncode == 0
    assert place.checksums() != expected
    appended = place.seed("--append", "2", "--seed", "8")
    assert appended.returncode == 0, appended.stderr
    assert "Added 2 months to what is now ABC Enterprises, 4 months from 2021-01, seed 8" in appended.stdout
    grown = place.seed("--grow", "50", "--workers", "3", "--quiet")
    assert (grown.returncode, grown.stdout, grown.stderr) == (0, "", "")
    assert place.checksums() == expected


def stamps(place: Place) -> dict[date, datetime]:
    rows: list[Any] = place.rows_of(LOADED_MONTHS)
    found: dict[date, datetime] = dict(rows)
    assert len(found) == len(rows)
    return found


@everywhere
def test_each_load_stamps_the_months_that_it_wrote_and_no_other(place: Place) -> None:
    scenario = Scenario(companies=20, months=3)
    place.load(scenario)
    first = stamps(place)
    assert sorted(first) == scenario.periods
    assert len(set(first.values())) == 1
    place.extend(2, 0, Manner())
    appended = stamps(place)
    assert {period: appended[period] for period in first} == first
    assert sorted(appended)[3:] == [date(2021, 4, 1), date(2021, 5, 1)]
    assert {appended[period] for period in sorted(appended)[3:]}.isdisjoint(first.values())
    place.extend(0, 5, Manner())
    grown = stamps(place)
    assert sorted(grown) == sorted(appended)
    assert set(grown.values()).isdisjoint(appended.values())
    place.load(scenario)
    again = stamps(place)
    assert sorted(again) == sorted(first)
    assert set(again.values()).isdisjoint({*grown.values(), *first.values()})


@everywhere
def test_nothing_can_be_added_to_or_read_where_nothing_is(place: Place) -> None:
    for option in (["--append", "1"], ["--grow", "1"], ["--checksum"]):
        result = place.seed(*option)
        assert result.returncode == 2
        assert "load" in result.stderr
        assert result.stderr.count("\n") == 1
    assert place.is_empty() if place.kind != "duckdb" else not place.file.exists()


@everywhere
def test_what_differs_from_what_is_loaded_is_refused_in_one_sentence(place: Place) -> None:
    place.load(SMALL)
    _assert_refused(place, ["--append", "1", "--seed", "7"], ["--seed", "42", "7"])


@pytest.fixture(scope="module")
def loaded_place(tmp_path_factory: pytest.TempPathFactory, database: Database) -> Place:
    place = Place("duckdb", tmp_path_factory.mktemp("loaded"), database)
    place.load(SMALL)
    return place


# What is read of a place and what is said of it then do not depend on the place.
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--append", "1", "--first-month", "2021-02"], ["--first-month", "2021-01", "2021-02"]),
        (["--grow", "1", "--companies", "31"], ["--companies", "30", "31"]),
        (["--append", "1", "--months", "4"], ["--months", "3", "4"]),
        (["--append", "1", "--scenario", str(THREE_SIZES)], ["first_month in", "loaded, 2021-01", "2019-11"]),
        (["--append", "1198"], ["1,200", "1201", "months"]),
        (["--append", "0"], ["--append", "0", "1 to 1,200"]),
        (["--grow", "some"], ["--grow", "some"]),
        (["--append", "1", "--fault", "duplicate_sessions=0.1"], ["faults", "--append"]),
        (["--append", "1", "--dry-run"], ["--append", "--dry-run"]),
        (["--append", "1", "--workers", "0"], ["--workers", "0", "1 to 256"]),
    ],
)
def test_what_does_not_belong_to_what_is_loaded_is_refused_in_one_sentence(
    loaded_place: Place, options: list[str], words: list[str]
) -> None:
    _assert_refused(loaded_place, options, words)


@in_duckdb
def test_to_grow_beyond_the_sessions_that_a_month_may_have_is_refused_in_one_sentence(place: Place) -> None:
    busiest = CompanySize("busiest", 1.0, Decimal(0), MAX_SESSIONS_PER_COMPANY, 0)
    most = (MAX_SESSIONS_PER_MONTH - 1) // MAX_SESSIONS_PER_COMPANY
    words = ["with what is loaded, 1 months of 30 companies", "1,000,000,000,", "below 1,000,000,000,000"]
    place.load(Scenario(companies=30, months=1, sizes=(busiest,)))
    _assert_refused(place, ["--grow", f"{most - 29}"], words)


def loaded(scenario: Scenario, **values: object) -> list[dict[str, object]]:
    """The rows of `raw.simulation`, as far as they are looked at."""
    row = {"stream_version": STREAM_VERSION, "faults": Faults().to_json(), "scenario": scenario.to_json()}
    return [{**row, **values}]


def test_what_is_added_comes_to_what_is_loaded() -> None:
    for months, companies in ((2, None), (None, 20), (2, 20)):
        portion = Extension(months, companies).applied(loaded(SMALL))
        assert portion.loaded == Extent(companies=30, months=3)
        assert portion.scenario == replace(SMALL, months=3 + (months or 0), companies=30 + (companies or 0))


def test_what_is_added_is_told_in_words() -> None:
    assert str(Extension(1)) == "1 month"
    assert str(Extension(None, 1)) == "1 company"
    assert str(Extension(1_000, 20_000)) == "1,000 months and 20,000 companies"


@pytest.mark.parametrize(
    ("months", "companies", "words"),
    [
        (0, None, ["more_months", "0", "from 1 to 1,200"]),
        (1_201, None, ["more_months", "1201"]),
        (None, 0, ["more_companies", "0", "from 1 to 10,000,000,000"]),
    ],
)
def test_nothing_can_not_be_added(months: int | None, companies: int | None, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        Extension(months, companies)
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], ["has 0 rows", "load anew"]),
        (loaded(SMALL) * 2, ["has 2 rows"]),
        (loaded(SMALL, stream_version=0), ["stream version 0", f"makes {STREAM_VERSION}"]),
        (loaded(SMALL, faults='{"duplicate_sessions": 0.5}'), ["faults"]),
    ],
)
def test_to_what_can_not_be_extended_nothing_is_added(rows: list[dict[str, object]], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        Extension(1).applied(rows)
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_value_that_is_not_the_loaded_one_is_told_beside_it() -> None:
    Extension(1, expected={"seed": 42, "first_month": "2021-01"}).applied(loaded(SMALL))
    sentences = {
        "seed": (7, "seed must be what is loaded, 42, or left out, not 7."),
        "first_month": ("2020-02", "first_month must be what is loaded, 2021-01, or left out, not 2020-02."),
        "reactivation": (
            Reactivation(Decimal("0.1")),
            'reactivation must be what is loaded, none, or left out, not {"probability": "0.1"}.',
        ),
    }
    for name, (value, sentence) in sentences.items():
        with pytest.raises(InputError) as caught:
            Extension(1, expected={name: value}).applied(loaded(SMALL))
        assert str(caught.value) == sentence


def _assert_refused(place: Place, options: list[str], words: list[str]) -> None:
    before = (checksums_of(place), stamps(place))
    result = place.seed(*options)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr
    assert (checksums_of(place), stamps(place)) == before


@in_duckdb
def test_other_sizes_than_those_loaded_are_refused_and_both_are_shown(place: Place, tmp_path: Path) -> None:
    place.load(Scenario(companies=30, months=3))
    (tmp_path / "other.toml").write_text(
        "[sizes.tiny]\nshare = 1.0\nmonthly_price = 3.50\nbase_sessions = 2\nspread = 1\n"
    )
    result = place.seed("--grow", "1", "--scenario", str(tmp_path / "other.toml"))
    assert result.returncode == 2
    for word in ("sizes in", '"small": {"share": 0.7', '"tiny": {"share": 1.0, "monthly_price": "3.50"'):
        assert word in result.stderr


@everywhere
def test_what_is_said_of_the_loaded_scenario_and_is_so_is_no_error(place: Place) -> None:
    assert place.seed("--scenario", str(THREE_SIZES), "--quiet").returncode == 0
    for _ in range(2):  # the file still says how many months there were at first
        result = place.seed("--scenario", str(THREE_SIZES), "--append", "1", "--quiet")
        assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("place", ["duckdb", "postgres"], indirect=True)
def test_another_stream_version_is_not_added_to(place: Place) -> None:
    place.load(Scenario(companies=30, months=3))
    place.execute("update {raw}.simulation set stream_version = 0")
    result = place.seed("--append", "1")
    assert result.returncode == 2
    assert "stream version 0" in result.stderr


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("duckdb", "delete from {raw}.loaded_months where period = date '2021-02-01'"),
        ("postgres", "delete from {raw}.loaded_months where period = date '2021-02-01'"),
        ("postgres", "insert into {raw}.loaded_months values (date '2021-04-01', now()::timestamp)"),
        # On PostgreSQL a primary key is against it.
        ("duckdb", "insert into {raw}.loaded_months from {raw}.loaded_months limit 1"),
    ],
    indirect=["place"],
)
def test_a_simulation_of_which_a_month_is_not_loaded_is_not_added_to(place: Place, change: str) -> None:
    place.load(Scenario(companies=30, months=3))
    place.execute(change)
    before = checksums_of(place)
    for options in (("--append", "1"), ("--grow", "1")):
        result = place.seed(*options)
        assert result.returncode == 2
        assert "raw.loaded_months" in result.stderr
        assert result.stderr.endswith("; load a simulation anew.\n")
    assert checksums_of(place) == before
    assert place.seed("--companies", "30", "--months", "3").returncode == 0
    assert place.seed("--append", "1").returncode == 0


@everywhere
def test_a_load_with_faults_is_not_added_to(place: Place) -> None:
    assert place.seed("--companies", "30", "--fault", "duplicate_sessions=0.5", "--quiet").returncode == 0
    result = place.seed("--append", "1")
    assert result.returncode == 2
    assert "faults" in result.stderr


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_an_append_of_postgres_keeps_its_keys_and_its_index_knows_the_rows(place: Place) -> None:
    place.load(Scenario(companies=3_000, months=3))
    catalog = "select conname from pg_constraint join pg_namespace on pg_namespace.oid = connamespace"
    catalog += " where nspname in ('{raw}', '{truth}') order by conname"
    before = place.execute(catalog)
    place.extend(2, 20, Manner())
    assert place.execute(catalog) == before
    # An index that does not know of rows summarizes them now, and says how many ranges of pages that were.
    assert place.execute("select brin_summarize_new_values('{raw}.sessions_created_at_brin')") == [(0,)]


def test_dirty_rows_have_the_same_checksums_in_every_place(places: list[Place]) -> None:
    faults = (
        "--fault",
        "sessions_without_time=0.5",
        "--fault",
        "duplicate_companies=0.3",
        "--fault",
        "companies_without_size=0.3",
    )
    found = []
    for place in places:
        assert place.seed("--companies", "30", *faults, "--quiet").returncode == 0
        found.append(place.checksums())
    assert found == found[:1] * len(places)


def test_workers_are_the_same_number_of_rows_whatever_their_number(tmp_path: Path) -> None:
    places = [str(tmp_path / name) for name in "abc"]
    for folder, workers in zip(places, ("1", "2", "5"), strict=True):
        result = seeded("--parquet", folder, "--companies", "9000", "--workers", workers, "--quiet")
        assert (result.returncode, result.stderr) == (0, "")
    found = [seeded("--parquet", folder, "--checksum", "--quiet").stdout for folder in places]
    assert found[0].count("\n") == 10
    assert found == found[:1] * len(places)
