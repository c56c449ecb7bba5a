"""How figures and their changes are written, figure by figure."""

from dataclasses import replace
from decimal import Decimal

import pytest

from reporting.units import COUNT, MEAN, MONEY, SHARE, Change, Unit, change, compact, money

TINY = Change("up", "under 0.1%", is_slight=True, is_tiny=True, is_hidden=True)


@pytest.mark.parametrize(
    ("unit", "now", "before", "found", "signed"),
    [
        (MONEY, "105", "100", Change("up", "5.0%", is_slight=False), "+5.0%"),
        (MONEY, "101", "100", Change("up", "1.0%", is_slight=False), "+1.0%"),
        (MONEY, "98.5", "100", Change("down", "1.5%", is_slight=False), "\N{MINUS SIGN}1.5%"),
        (MONEY, "100.99", "100", Change("up", "1.0%", is_slight=True), "+1.0%"),
        (MONEY, "5", "0", Change("up", "", is_slight=False), "from nothing"),
        (MONEY, "5", "5", Change("level", "0.0%", is_slight=True), "0.0%"),
        (MONEY, "9000", "9000.40", replace(TINY, direction="down"), "under 0.1%"),
        (SHARE, "0.06", "0.05", Change("up", "1.0 points", is_slight=False), "+1.0 points"),
        (SHARE, "0.05", "0", Change("up", "5.0 points", is_slight=False), "+5.0 points"),
        # A change follows from what is written of both: 10.6% less 10.1%, 1.01 of 1.00, 11 of 10.
        (SHARE, "0.10649", "0.10051", Change("up", "0.5 points", is_slight=True), "+0.5 points"),
        (MEAN, "1.006", "1", Change("up", "1.0%", is_slight=False), "+1.0%"),
        (MONEY, "1.006", "1", Change("up", "1.0%", is_slight=False), "+1.0%"),
        (COUNT, "10.6", "10", Change("up", "10.0%", is_slight=False), "+10.0%"),
    ],
)
def test_a_change_has_a_direction_an_amount_and_a_sign(
    unit: Unit, now: str, before: str, found: Change, signed: str
) -> None:
    assert change(unit, Decimal(now), Decimal(before)) == found
    assert found.signed == signed


@pytest.mark.parametrize(
    ("number", "written"),
    [
        *((0, "0"), (0.2, "0.2"), (800, "800"), (999, "999"), (1e3, "1k"), (1500, "1.5k"), (-2000, "-2k")),
        *((999_000, "999k"), (1e6, "1m"), (2.5e8, "250m"), (1e9, "1bn"), (1e12, "1tn"), (5e13, "50tn")),
    ],
)
def test_a_number_on_an_axis_is_short(number: float, written: str) -> None:
    assert compact(number) == COUNT.tick(number) == written


@pytest.mark.parametrize(
    ("unit", "figure", "full", "brief"),
    [
        *((MONEY, "0", "$0.00", "$0"), (MONEY, "0.001", "<$0.01", "<$0.01"), (MONEY, "0.5", "$0.50", "$0.50")),
        *(
            (MONEY, "5.001", "$5.00", "$5"),
            (MONEY, "999.99", "$999.99", "$999.99"),
            (MONEY, "1000", "$1,000.00", "$1,000"),
        ),
        (MONEY, "1000.99", "$1,000.99", "$1,001"),
        *((MEAN, "0", "0.00", "0.00"), (MEAN, "0.001", "<0.01", "<0.01"), (MEAN, "0.01", "0.01", "0.01")),
        *((SHARE, "0.0001", "<0.1%", "under 0.1%"), (SHARE, "0.9999", ">99.9%", "over 99.9%")),
        (COUNT, "1234.5", "1,235", "1,235"),
        # A word has room between it and its amount, and a sign that ends in a letter too.
        *((money("R"), "5", "R\N{NO-BREAK SPACE}5.00", "R\N{NO-BREAK SPACE}5"), (money("R$"), "5", "R$5.00", "R$5")),
        (money("$U"), "5", "$U\N{NO-BREAK SPACE}5.00", "$U\N{NO-BREAK SPACE}5"),
    ],
)
def test_a_figure_is_written_in_full_and_where_there_is_little_room(
    unit: Unit, figure: str, full: str, brief: str
) -> None:
    assert (unit.full(Decimal(figure)), unit.brief(Decimal(figure))) == (full, brief)
