"""How figures that a person reads are rounded and written."""

from decimal import Decimal

import pytest

from seed_generator.rounding import rounded, share, written


@pytest.mark.parametrize(
    ("figure", "digits", "expected"),
    [
        ("2.5", 0, "3"),
        ("-2.5", 0, "-3"),
        ("0.125", 2, "0.13"),
        ("-0.125", 2, "-0.13"),
        ("0.1249", 2, "0.12"),
        ("7", 2, "7.00"),
        ("-0.004", 2, "0.00"),
        ("-0", 0, "0"),
    ],
)
def test_a_half_goes_away_from_zero_and_there_is_no_minus_zero(figure: str, digits: int, expected: str) -> None:
    assert str(rounded(Decimal(figure), digits)) == expected


def test_a_float_is_rounded_as_the_number_that_it_is() -> None:
    assert rounded(2.675, 2) == Decimal("2.67")  # it is 2.67499999999999982...


def test_no_digit_of_a_long_figure_gets_lost() -> None:
    figure = Decimal("9" * 28)
    assert rounded(figure, 2) == figure
    assert written(figure, 2) == f"{int(figure):,}.00"


@pytest.mark.parametrize(
    ("figure", "digits", "expected"),
    [
        ("0", 1, "0.0%"),
        ("0.000001", 1, "<0.1%"),
        ("0.000499", 1, "<0.1%"),
        ("0.0005", 1, "0.1%"),
        ("0.12345", 0, "12%"),
        ("0.12345", 2, "12.35%"),
        ("0.9994", 1, "99.9%"),
        ("0.9995", 1, ">99.9%"),
        ("0.999", 0, ">99%"),
        ("1", 1, "100.0%"),
    ],
)
def test_a_share_that_is_nearly_all_or_nearly_none_is_not_written_as_all_or_none(
    figure: str, digits: int, expected: str
) -> None:
    assert share(Decimal(figure), digits) == expected


def test_what_stands_before_a_share_near_an_end_may_be_given() -> None:
    assert share(0.99999, 1, over="over ", under="under ") == "over 99.9%"
    assert share(0.00001, 1, over="over ", under="under ") == "under 0.1%"


def test_a_figure_is_written_with_commas_and_all_its_digits() -> None:
    assert written(1234.5, 2) == "1,234.50"
    assert written(Decimal("-1234567.5"), 0) == "-1,234,568"
    assert written(Decimal("-0.2"), 0) == "0"
