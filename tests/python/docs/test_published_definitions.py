"""docs/proof/published-definitions.md: what published definitions give on a few rows, and what the marts give."""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

import pytest

from installed import EXAMPLE, install, installed_warehouse
from pages import check_page
from published_definitions import (
    Movement,
    Subscription,
    dbt_recurly,
    dbt_stripe_by_customer,
    dbt_stripe_by_item,
    dbt_stripe_metrics,
    dbt_zuora,
    kaplan_meier,
    months,
    mrr_playbook,
    retention,
)
from warehouses import PROJECT, Warehouse

PAGE = PROJECT / "docs" / "proof" / "published-definitions.md"
FIRST, LAST, TODAY = date(2017, 11, 1), date(2018, 8, 1), date(2018, 9, 10)
MARTS, NOT_SAID = "our marts", "not given"
KINDS = ("new", "reactivation", "expansion", "contraction", "churned")
ALL_AGES, SHOWN_AGES = range(8), range(1, 5)
# How many churned, where a definition says so, and the share that is still there at each age.
Survival = tuple[int | None, list[Fraction]]


def subscription(line: str) -> Subscription:
    """Of a customer, its first day, its first day without service or `open`, and what is paid a month."""
    customer, since, until, amount = line.split()
    end = None if until == "open" else date.fromisoformat(until)
    return Subscription(customer, date.fromisoformat(since), end, int(amount))


def subscriptions(text: str) -> list[Subscription]:
    return [subscription(line) for line in text.strip().splitlines()]


SITUATIONS = {
    "returns": subscriptions("""
        Ash 2018-01-01 2018-03-01 40
        Ash 2018-04-01 2019-01-01 40
        Birch 2018-01-01 2018-03-01 20
        Birch 2018-06-01 2019-01-01 30
    """),
    "calendar": subscriptions("""
        Cedar 2017-11-01 2018-01-01 40
        Elm 2017-11-01 2018-05-01 30
        Fir 2018-02-01 2019-01-01 20
        Hazel 2018-03-01 open 50
    """),
    "lifetimes": subscriptions("""
        Larch 2018-01-01 2018-03-01 10
        Maple 2018-01-01 2019-01-01 10
        Oak 2018-03-01 2018-06-01 10
        Pine 2018-05-01 2019-01-01 10
        Rowan 2018-06-01 2018-07-01 10
        Willow 2018-07-01 2019-01-01 10
    """),
}
# In the page, under a comment that names it.
TABLE = re.compile(r"<!-- (?P<name>[a-z ]+) -->\n\n(?:\|[^\n]*\n)+")
RENEWED_IN_MID_MONTH = [*SITUATIONS["calendar"][:-1], subscription("Hazel 2018-03-15 open 50")]
Definition = Callable[[Sequence[Subscription], date], Iterable[Movement]]
OF_RETURNS: Mapping[str, Definition] = {
    "mrr-playbook": mrr_playbook,
    "dbt_stripe_metrics": dbt_stripe_metrics,
    "dbt_stripe, by customer": dbt_stripe_by_customer,
    "dbt_stripe, by item": dbt_stripe_by_item,
    "dbt_recurly": dbt_recurly,
    "dbt_zuora": dbt_zuora,
}
OF_THE_CALENDAR: Mapping[str, tuple[Definition, Sequence[Subscription]]] = {
    "mrr-playbook": (mrr_playbook, SITUATIONS["calendar"]),
    "dbt_stripe_metrics": (dbt_stripe_metrics, SITUATIONS["calendar"]),
    "dbt_stripe": (dbt_stripe_by_customer, SITUATIONS["calendar"]),
    "dbt_stripe, Hazel renews on the 15th": (dbt_stripe_by_customer, RENEWED_IN_MID_MONTH),
    "dbt_zuora": (dbt_zuora, SITUATIONS["calendar"]),
}
# A project that has installed ours, on the rows above; the other models and all settings are those of the example.
STAGING = {
    "stg_companies": """
        select
            company_id,
            company_id as company_name,
            company_size,
            cast(min(valid_from) as timestamp) as acquired_at
        from {{ ref('stg_subscriptions') }}
        group by company_id, company_size
    """,
    "stg_plans": "select distinct company_size, 0 as monthly_price from {{ ref('stg_subscriptions') }}",
    "stg_plan_changes": "select '' as company_id, '' as company_size, cast(null as date) as period where false",
    "stg_price_changes": "select '' as company_size, 0 as monthly_price, cast(null as date) as period where false",
    "stg_sessions": "select '' as session_id, '' as company_id, cast(null as timestamp) as created_at where false",
    "stg_calendar": f"select cast('{FIRST}' as date) as first_period, {len(months(FIRST, LAST))} as months",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The marts of these rows, with all their tests green, in a project that has installed ours."""
    project = tmp_path_factory.mktemp("published")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(EXAMPLE / name, project)
    install(project, f"local: {PROJECT}")
    staging = project / "models" / "staging"
    staging.mkdir(parents=True)
    for name, sql in {**STAGING, "stg_subscriptions": rows()}.items():
        (staging / f"{name}.sql").write_text(sql)
    warehouse = installed_warehouse(project)
    assert warehouse.build(), warehouse.messages
    return warehouse


def rows() -> str:
    """All subscriptions; the situation stands in place of a size."""
    lines = [
        (each.customer, size, str(each.since), str(each.until or ""), each.amount)
        for size, those in SITUATIONS.items()
        for each in those
    ]
    values = ", ".join(map(str, lines))
    return f"""
        select
            company_id,
            company_size,
            cast(valid_from as date) as valid_from,
            cast(nullif(valid_to, '') as date) as valid_to,
            monthly_amount
        from (values {values}) as rows (company_id, company_size, valid_from, valid_to, monthly_amount)
    """


def movements(built: Warehouse, situation: str) -> list[Movement]:
    """Those of the marts, without the name of a customer."""
    amounts = ", ".join(f"{kind}_mrr" for kind in KINDS)
    mart = "analytics_marts.fct_mrr_movements"
    found = built.query(f"select period, {amounts} from {mart} where company_size = '{situation}'")
    return [
        Movement(period, "", kind, int(amount))
        for period, *values in found
        for kind, amount in zip(KINDS, values, strict=True)
        if amount
    ]


def by_kind(found: Iterable[Movement]) -> dict[str, int]:
    """The sums of the months that the marts know."""
    total: Counter[str] = Counter()
    for each in found:
        if each.period <= LAST:
            total[each.kind] += each.amount
    return {kind: total[kind] for kind in KINDS}


def by_month(found: Iterable[Movement]) -> dict[date, int]:
    total: Counter[date] = Counter()
    for each in found:
        total[each.period] += each.amount
    return {period: amount for period, amount in total.items() if amount}


def survival(built: Warehouse) -> Survival:
    """By the marts."""
    mart = "analytics_marts.fct_survival"
    columns = "age_months, churned_companies, survival_rate"
    found = built.query(f"select {columns} from {mart} where company_size = 'lifetimes' order by age_months")
    assert [age for age, _, _ in found] == list(ALL_AGES)
    return sum(churned for _, churned, _ in found), [Fraction(rate) for *_, rate in found]


def published_survival() -> dict[str, Survival]:
    """By each definition."""
    rows = SITUATIONS["lifetimes"]
    active = {
        each.customer: [month for month in months(FIRST, LAST) if each.since <= month < (each.until or TODAY)]
        for each in rows
    }
    has_churned = {name: there[-1] < LAST for name, there in active.items()}
    gone = [(len(active[name]), True) for name in active if has_churned[name]]
    # The renewal after the last month that is known has not been seen: it is no month at risk.
    seen = [(len(there) - (not has_churned[name]), has_churned[name]) for name, there in active.items()]
    churns = [each for each in mrr_playbook(rows, TODAY) if each.kind == "churned"]
    told = [(len(months(active[each.customer][0], each.period)) - 1, True) for each in churns]
    return {
        "lifelines": (len(gone), [kaplan_meier(seen, age) for age in ALL_AGES]),
        "churned rows of mrr-playbook": (len(told), [kaplan_meier(told, age) for age in ALL_AGES]),
        "dbt_product_analytics": (None, [retention(active, age) for age in ALL_AGES]),
        "who is still there left out": (len(gone), [kaplan_meier(gone, age) for age in ALL_AGES]),
    }


def tables(built: Warehouse) -> dict[str, str]:
    """Each table of the page by its name."""
    return {
        **{f"rows of {name}": table_of_rows(rows) for name, rows in SITUATIONS.items()},
        "movements": table_of_movements(movements(built, "returns")),
        "changes": table_of_changes(movements(built, "calendar")),
        "survival": table_of_survival(survival(built)),
    }


def table_of_movements(right: Sequence[Movement]) -> str:
    of_each = {name: definition(SITUATIONS["returns"], TODAY) for name, definition in OF_RETURNS.items()}
    sums = {name: by_kind(found) for name, found in ({MARTS: right} | of_each).items()}
    return table(KINDS, {name: [dollars(row[kind]) for kind in KINDS] for name, row in sums.items()})


def table_of_changes(right: Sequence[Movement]) -> str:
    of_each = {name: definition(rows, TODAY) for name, (definition, rows) in OF_THE_CALENDAR.items()}
    changes = {name: by_month(found) for name, found in ({MARTS: right} | of_each).items()}
    periods = sorted({period for row in changes.values() for period in row})
    cells = {}
    for name, row in changes.items():
        closing = sum(amount for period, amount in row.items() if period <= LAST)
        cells[name] = [*(dollars(row.get(period, 0)) for period in periods), dollars(closing)]
    return table([*(f"{period:%Y-%m}" for period in periods), f"MRR {LAST:%Y-%m}"], cells)


def table_of_survival(right: Survival) -> str:
    cells = {}
    for name, (churned, shares) in ({MARTS: right} | published_survival()).items():
        shown = [f"{float(shares[age]):.1%}" for age in SHOWN_AGES]
        cells[name] = [NOT_SAID if churned is None else str(churned), *shown, f"{float(sum(shares)):.2f}"]
    return table(["churned", *(f"after {age}" for age in SHOWN_AGES), f"of {len(ALL_AGES)} months"], cells)


def table_of_rows(rows: Sequence[Subscription]) -> str:
    lines = ["| customer | since | until | a month |", "| --- | --- | --- | ---: |"]
    lines += [f"| {each.customer} | {each.since} | {each.until or ''} | {dollars(each.amount)} |" for each in rows]
    return "\n".join(lines) + "\n"


def table(columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    """A row for each definition; bold is what is not as in the marts."""
    lines = [["definition", *columns], ["---", *["---:"] * len(columns)]]
    for name, cells in rows.items():
        pairs = zip(cells, rows[MARTS], strict=True)
        lines.append([name, *(cell if cell in (right, NOT_SAID) else f"**{cell or '$0'}**" for cell, right in pairs)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def dollars(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}${abs(amount)}" if amount else ""


def test_the_page_has_what_the_marts_and_the_published_definitions_give(built: Warehouse) -> None:
    made = tables(built)
    page = PAGE.read_text()
    assert sorted(found["name"] for found in TABLE.finditer(page)) == sorted(made)
    check_page(PAGE, TABLE.sub(lambda found: f"<!-- {found['name']} -->\n\n{made[found['name']]}", page))


@pytest.mark.parametrize("name", ["mrr-playbook", "dbt_stripe_metrics"])
def test_definitions_that_decide_returns_first_agree_with_the_marts(built: Warehouse, name: str) -> None:
    assert by_kind(OF_RETURNS[name](SITUATIONS["returns"], TODAY)) == by_kind(movements(built, "returns"))


def test_survival_of_the_marts_is_that_of_kaplan_and_meier(built: Warehouse) -> None:
    churned, shares = published_survival()["lifelines"]
    churned_by_the_marts, shares_by_the_marts = survival(built)
    assert churned_by_the_marts == churned
    assert list(map(float, shares_by_the_marts)) == pytest.approx(list(map(float, shares)), abs=1e-7)
