"""The page of faults in a user's own tables: which data tests see each kind, and that no identity breaks."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from fault_page import LIFE_FILE
from seed_generator.faults.kinds import FAULT_KINDS
from warehouses import PROJECT

PAGE = PROJECT / "docs" / "proof" / "own-data-faults.md"
_SOME = "rowid % 3 = 0"


@dataclass(frozen=True)
class OwnFault:
    """A kind of fault in a table of which a simulation has none.

    Parameters
    ----------
    rule : of who is a customer, under which it is tried.
    meaning : what becomes of the tables, for people.
    statement : what does it.
    """

    rule: str
    meaning: str
    statement: str


def _subscriptions(meaning: str, change: str, condition: str = _SOME) -> OwnFault:
    return OwnFault("subscribed", f"a row {meaning}", f"update app.subscriptions set {change} where {condition}")


def _calendar(meaning: str, statement: str) -> OwnFault:
    return OwnFault("active", f"the calendar {meaning}", statement)


def _stamps(meaning: str, statement: str) -> OwnFault:
    return OwnFault("active", meaning, statement)


OWN_FAULTS = {
    "`stg_subscriptions`, under the rule `subscribed`": {
        "subscriptions_of_unknown_company": _subscriptions("is of a company that is not there", "company_id = 'x'"),
        "subscriptions_without_company": _subscriptions("has no company", "company_id = null"),
        "subscriptions_without_first_day": _subscriptions("has no first day", "valid_from = null"),
        "subscriptions_without_last_day": _subscriptions(
            "has lost its last day", "valid_to = null", "valid_to > '0001-01-01'"
        ),
        "subscriptions_that_end_before_they_begin": _subscriptions(
            "ends before it begins", "valid_to = valid_from - 1"
        ),
        "negative_amounts": _subscriptions(
            "has its amount with a minus", "monthly_amount = -monthly_amount", "monthly_amount > 0"
        ),
        "subscriptions_without_amount": _subscriptions("has no amount", "monthly_amount = null"),
        "subscriptions_before_acquisition": _subscriptions("begins 400 days earlier", "valid_from = valid_from - 400"),
        "duplicate_subscriptions": OwnFault(
            *("subscribed", "a row stands twice"),
            f"insert into app.subscriptions select * from app.subscriptions where {_SOME}",
        ),
    },
    "`stg_calendar`": {
        "calendar_of_two_rows": _calendar("has two rows", "insert into app.calendar values ('2021-03-01', 20)"),
        "calendar_without_a_row": _calendar("has no row", "delete from app.calendar"),
        "calendar_without_a_first_month": _calendar(
            "has no first month", "update app.calendar set first_period = null"
        ),
        "calendar_without_a_length": _calendar("does not say how many months", "update app.calendar set months = null"),
        "calendar_of_no_month": _calendar("has 0 months", "update app.calendar set months = 0"),
        "calendar_in_mid_month": _calendar(
            "begins in mid-month", "update app.calendar set first_period = first_period + 14"
        ),
        "calendar_that_begins_too_late": _calendar(
            *("begins after the first acquisition", "update app.calendar set first_period = '2021-03-01', months = 10"),
        ),
        "calendar_that_ends_too_late": _calendar(
            "goes on for two months too many", "update app.calendar set months = 14"
        ),
    },
    "`stg_loaded_months`, with `has_loaded_months: true`": {
        "duplicate_stamps": _stamps(
            *(
                "a month has a second, later stamp",
                f"insert into app.loaded_months select period, '2030-01-01' from app.loaded_months where {_SOME}",
            ),
        ),
        "months_without_stamp": _stamps("a month has no row", f"delete from app.loaded_months where {_SOME}"),
        "null_stamps": _stamps(
            "a month has a row without a time", f"update app.loaded_months set loaded_at = null where {_SOME}"
        ),
        "stamps_without_month": _stamps(
            "a row has no month", f"update app.loaded_months set period = null where {_SOME}"
        ),
        "stamps_in_mid_month": _stamps(
            "a row has another day of the month", f"update app.loaded_months set period = period + 9 where {_SOME}"
        ),
        "stamps_beyond_the_calendar": _stamps(
            *(
                "a month beyond the calendar has a stamp",
                "insert into app.loaded_months values ('2030-01-01', '2030-01-02')",
            ),
        ),
    },
}
NAMES = [*FAULT_KINDS, *(name for kinds in OWN_FAULTS.values() for name in kinds)]


def own_fault(name: str) -> OwnFault:
    """The kind of that name."""
    return next(kinds[name] for kinds in OWN_FAULTS.values() if name in kinds)


def render(seen_by: Mapping[str, Collection[str]]) -> str:
    """The page, from the tests that see each kind."""
    lines = INTRODUCTION.splitlines()
    lines += ["", *OF_THE_SIMULATOR.format(life=f"../../{LIFE_FILE.relative_to(PROJECT)}").splitlines(), ""]
    simulated = {name: f"of `{kind.table.full_name}` {kind.meaning}" for name, kind in FAULT_KINDS.items()}
    lines += _table("a row …", simulated, seen_by)
    for heading, kinds in OWN_FAULTS.items():
        lines += ["", f"## Faults of {heading}", ""]
        lines += _table("what is wrong", {name: kind.meaning for name, kind in kinds.items()}, seen_by)
    return "\n".join(lines) + "\n"


def _table(meaning: str, kinds: Mapping[str, str], seen_by: Mapping[str, Collection[str]]) -> Iterator[str]:
    yield from (f"| kind | {meaning} | seen by |", "| --- | --- | --- |")
    for name, told in kinds.items():
        tests = "<br>".join(f"`{test}`" for test in sorted(seen_by[name])) or "*invisible*"
        yield f"| `{name}` | {told} | {tests} |"


INTRODUCTION = """\
# Faults in tables of your own

The marts run on [tables of your own](../use/own-data.md) too. No books say there what is right, so data tests are of
two kinds. A test with the tag `input` looks at your tables, and its name says what to do. A test with the tag
`identity` holds for any rows: if it fails, that is a bug of ours. Rows that break the contract are left out of the
marts.

Here every kind of fault is put into such tables, one at a time. **No identity fails on any of them.** The tables below
say which `input` tests see a kind. One that is *invisible* leaves rows that could be right: to see it, you have to know
more than the tables say.

This page is made by `tests/python/proof/test_faults_in_own_data.py`. Make it again with

```console
$ UPDATE_PAGES=1 .venv/bin/python -m pytest tests/python/proof/test_faults_in_own_data.py
```"""
OF_THE_SIMULATOR = """\
## Faults of the simulator

The tables are those of [a life]({life}), read as a user's own under the rule
`active`, with one of the kinds of [`--fault`](faults.md) at a time. What there only the simulator's books show is
invisible here."""
