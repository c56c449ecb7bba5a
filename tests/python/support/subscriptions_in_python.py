"""The marts of subscriptions once more, in plain Python: what each company pays in each month, and what follows.

Nothing here is shared with the models, the macros or the simulator's books.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
# What a company pays in a month, and for which size; months and companies that pay nothing are not there.
Payments = Mapping[date, Mapping[Any, tuple[str, Decimal]]]

AMOUNTS = (
    *("opening_mrr", "new_mrr", "reactivation_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr"),
    *("moved_in_mrr", "moved_out_mrr", "closing_mrr"),
)
COUNTS = {
    "new": "new_paying_companies",
    "reactivation": "reactivated_companies",
    "expansion": "expanded_companies",
    "contraction": "contracted_companies",
    "churned": "lost_paying_companies",
}
RATES = {
    *(f"{kind}_revenue_retention_{ago}m" for kind in ("net", "gross") for ago in (1, 12)),
    *("quick_ratio", "avg_revenue_per_company", "revenue_churn_rate", "lifetime_value"),
}
_NOTHING = Decimal("0.00")


def subscription_marts(
    payments: Payments, periods: Sequence[date], sizes: Sequence[str]
) -> dict[str, dict[tuple[Any, ...], Row]]:
    """`fct_mrr_movements`, `fct_revenue_retention` and `rpt_subscription_metrics`, as rows by month and size."""
    movements, retention, report = {}, {}, {}
    for number, period in enumerate(periods):
        of_month = _movements(payments, periods[: number + 1], sizes)
        kept = {ago: _kept(payments, periods, number, ago, sizes) for ago in (1, 12)}
        for size in [*sizes, "all"]:
            own = sizes if size == "all" else [size]
            moved = {name: sum(of_month[one][name] for one in own) for name in of_month[own[0]]}
            since = {ago: _total(kept[ago], own) for ago in (1, 12)}
            rates = {name: value for ago in (1, 12) for name, value in _retention(since[ago], ago).items()}
            paying = _paying(payments, periods, number, own)
            before = _paying(payments, periods, number - 1, own) if number else None
            if size != "all":
                movements[period, size] = moved
                retention[period, size] = rates
            report[period, size] = moved | rates | _metrics(moved, paying, before)
    return {
        "fct_mrr_movements": movements,
        "fct_revenue_retention": retention,
        "rpt_subscription_metrics": report,
    }


def _movements(payments: Payments, periods: Sequence[date], sizes: Sequence[str]) -> dict[str, Row]:
    """Of the last of the months, from the first one on."""
    rows = {size: dict.fromkeys(AMOUNTS, _NOTHING) | dict.fromkeys(COUNTS.values(), 0) for size in sizes}
    now = payments[periods[-1]]
    before = payments[periods[-2]] if len(periods) > 1 else {}
    ever = {company for period in periods[:-1] for company in payments[period]}
    for company in now.keys() | before.keys():
        size, pays = now.get(company, ("", _NOTHING))
        old_size, paid = before.get(company, ("", _NOTHING))
        if not paid:
            movement, change = "reactivation" if company in ever else "new", pays
        elif not pays:
            movement, change = "churned", -paid
        else:
            movement, change = "expansion" if pays > paid else "contraction", pays - paid
            if size != old_size:
                rows[old_size]["moved_out_mrr"] -= paid
                rows[size]["moved_in_mrr"] += paid
        if paid:
            rows[old_size]["opening_mrr"] += paid
        if pays:
            rows[size]["closing_mrr"] += pays
        if change:
            of_size = rows[size or old_size]
            of_size[f"{movement}_mrr"] += change
            of_size[COUNTS[movement]] += 1
    return rows


def _kept(
    payments: Payments, periods: Sequence[date], number: int, months_ago: int, sizes: Sequence[str]
) -> dict[str, tuple[Decimal, Decimal, Decimal]] | None:
    """What was paid then, what of it is paid now, and that with a cap, by the size of then."""
    if number < months_ago:
        return None
    now, then = payments[periods[number]], payments[periods[number - months_ago]]
    found = {}
    for size in sizes:
        pairs = [(paid, now.get(company, ("", _NOTHING))[1]) for company, (of, paid) in then.items() if of == size]
        opening, kept = (sum(column, _NOTHING) for column in zip(*pairs, (_NOTHING, _NOTHING), strict=True))
        found[size] = opening, kept, sum(map(min, pairs), _NOTHING)
    return found


def _total(
    kept: dict[str, tuple[Decimal, Decimal, Decimal]] | None, sizes: Sequence[str]
) -> tuple[Decimal, ...] | None:
    if kept is None:
        return None
    return tuple(sum(column, _NOTHING) for column in zip(*(kept[size] for size in sizes), strict=True))


def _retention(since: tuple[Decimal, ...] | None, months_ago: int) -> Row:
    opening, kept, capped = since or (None, None, None)
    return {
        f"opening_mrr_{months_ago}m": opening,
        f"kept_mrr_{months_ago}m": kept,
        f"capped_mrr_{months_ago}m": capped,
        f"net_revenue_retention_{months_ago}m": _ratio(kept, opening),
        f"gross_revenue_retention_{months_ago}m": _ratio(capped, opening),
    }


def _paying(payments: Payments, periods: Sequence[date], number: int, sizes: Sequence[str]) -> int:
    return sum(size in sizes for size, _ in payments[periods[number]].values())


def _metrics(moved: Row, paying: int, paying_before: int | None) -> Row:
    lost = -moved["contraction_mrr"] - moved["churned_mrr"]
    average = _ratio(moved["closing_mrr"], paying)
    churn = _ratio(moved["lost_paying_companies"], paying_before)
    return {
        "quick_ratio": _ratio(moved["new_mrr"] + moved["reactivation_mrr"] + moved["expansion_mrr"], lost),
        "avg_revenue_per_company": average,
        "revenue_churn_rate": _ratio(lost, moved["opening_mrr"]),
        "lifetime_value": _ratio(average, churn),
    }


def _ratio(numerator: Decimal | int | None, denominator: Decimal | int | None) -> Decimal | None:
    return Decimal(numerator) / denominator if numerator is not None and denominator else None
