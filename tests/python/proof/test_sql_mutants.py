"""The mutation pass itself: it makes the mistakes that it claims to make, and the judge sees them."""

import pytest

from mutation_score import explained
from sql_judge import Judge
from sql_mutants import SURVIVORS
from sql_mutation import changes, parse
from sql_operators import OPERATORS, render

TYPES = {"sales": {"shop": "VARCHAR", "town": "VARCHAR", "day": "DATE", "pieces": "BIGINT", "price": "DECIMAL(10,2)"}}
# For each operator a query and one of the mistakes that it makes in it.
MISTAKES = {
    "join": (
        "SELECT shop FROM sales LEFT JOIN towns ON sales.town = towns.town",
        "SELECT shop FROM sales JOIN towns ON sales.town = towns.town",
    ),
    "comparison": ("SELECT shop FROM sales WHERE pieces < 3", "SELECT shop FROM sales WHERE pieces <= 3"),
    "filter": ("SELECT shop FROM sales WHERE pieces < 3", "SELECT shop FROM sales"),
    "group by": (
        "SELECT shop, town, COUNT(*) AS n FROM sales GROUP BY 1, 2",
        "SELECT shop, MIN(town) AS town, COUNT(*) AS n FROM sales GROUP BY 1",
    ),
    "aggregate": ("SELECT SUM(pieces) AS n FROM sales", "SELECT MAX(pieces) AS n FROM sales"),
    "distinct": ("SELECT shop FROM sales", "SELECT DISTINCT shop FROM sales"),
    "union": ("SELECT 1 UNION ALL SELECT 1", "SELECT 1 UNION SELECT 1"),
    "window": (
        "SELECT LAG(pieces) OVER (PARTITION BY shop ORDER BY day) AS n FROM sales",
        "SELECT LAG(pieces) OVER (ORDER BY day) AS n FROM sales",
    ),
    "date part": ("SELECT DATE_TRUNC('MONTH', day) AS m FROM sales", "SELECT DATE_TRUNC('WEEK', day) AS m FROM sales"),
    "arithmetic": ("SELECT pieces * price AS n FROM sales", "SELECT pieces / price AS n FROM sales"),
    "constant": ("SELECT pieces + 1 AS n FROM sales", "SELECT pieces + 2 AS n FROM sales"),
    "null handling": ("SELECT COALESCE(pieces, 0) AS n FROM sales", "SELECT pieces AS n FROM sales"),
    "case branch": ("SELECT CASE WHEN pieces > 0 THEN 1 ELSE 2 END AS n FROM sales", "SELECT 2 AS n FROM sales"),
    "cast": ("SELECT CAST(pieces AS BIGINT) AS n FROM sales", "SELECT CAST(pieces AS INT) AS n FROM sales"),
    "column": ("SELECT shop FROM sales", "SELECT town AS shop FROM sales"),
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_makes_the_mistake_that_it_is_for(operator: str) -> None:
    right, wrong = MISTAKES[operator]
    assert render(parse(right)) == right
    found = changes(parse(right), TYPES)
    assert wrong in {render(change.query) for change in found if change.operator == operator}
    assert len({change.name for change in found}) == len(found)


def test_a_column_is_mistaken_for_its_neighbours_alone() -> None:
    types = {"sales": dict.fromkeys("abcd", "BIGINT"), "towns": {"b": "BIGINT"}}
    found = changes(parse("SELECT sales.b FROM sales CROSS JOIN towns"), types)
    mistaken = {change.name for change in found if change.operator == "column"}
    assert mistaken == {f"b: sales.b → {other}" for other in ("sales.a", "sales.c", "towns.b")}


SEEN = {
    "fct_retention": "fct_retention/opened/opening_companies: partition by dropped",
    "stg_companies": "stg_companies/renamed/company_name: company_name → company_size",
}


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(tmp_path_factory.mktemp("judge"))


@pytest.mark.parametrize("models", [tuple(SEEN), pytest.param((), marks=pytest.mark.slow("every other model"))])
def test_the_judge_sees_a_mistake_and_the_explained_survivors_are_mutants(
    judge: Judge, models: tuple[str, ...]
) -> None:
    mutants = {mutant.name: mutant for mutant in judge.mutants(models)}
    survivors = {name for name in explained(SURVIVORS) if not models or name.startswith(models)}
    assert survivors
    assert survivors <= set(mutants)
    for name in SEEN.values():
        assert judge.verdict(mutants[name]) == "data tests"
