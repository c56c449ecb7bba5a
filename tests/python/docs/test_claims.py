"""The list of the claims is that of the tests, and a gap in it is told."""

from claims import PROJECT, Case, complaints, promises

BOTH = frozenset({"duckdb", "postgres"})
QUICK = Case("marts/test_marts.py", "test_rows", BOTH)
PROMISE = {"Rows are right.": ["test_marts.py"]}


def test_the_promises_are_those_of_the_architecture_page() -> None:
    found = promises((PROJECT / "ARCHITECTURE.md").read_text())
    assert len(found) > 7
    assert found["The same seed gives the same rows for ever."][0] == "test_golden.py"
    assert all(found.values())


def test_a_list_without_a_gap_is_not_complained_of() -> None:
    slow = Case("marts/test_marts.py", "test_rows", BOTH, "more rows")
    elsewhere = Case("marts/test_more.py", "test_releases", slow="releases", keeps="test_marts.py")
    assert list(complaints([QUICK, slow, elsewhere], PROMISE)) == []


def test_every_gap_is_told() -> None:
    name = "marts/test_marts.py::test_rows"
    slow = Case("marts/test_marts.py", "test_rows", BOTH, "more rows")
    on_duckdb = Case("marts/test_marts.py", "test_rows", frozenset({"duckdb"}))
    found = {
        "no promise": list(complaints([QUICK], {"Rows stay.": []})),
        "no file": list(complaints([QUICK], {"Rows stay.": ["test_marts.py", "test_gone.py"]})),
        "one engine": list(complaints([on_duckdb], PROMISE)),
        "fewer engines": list(complaints([slow, on_duckdb], {})),
        "slow only": list(complaints([slow], {})),
        "keeps nothing": list(complaints([QUICK, Case("a/test_a.py", "test_a", slow="why", keeps="test_b.py")], {})),
        "no reason": list(complaints([QUICK, Case("marts/test_marts.py", "test_rows", BOTH, "")], {})),
    }
    assert found == {
        "no promise": ["“Rows stay.” has no test in make test"],
        "no file": ["“Rows stay.” is said to be proved by test_gone.py, which is not there"],
        "one engine": ["“Rows are right.” is not kept on postgres"],
        "fewer engines": [f"{name} is not kept by a quick test on postgres"],
        "slow only": [f"{name} is slow and no quick test keeps its claim; name a file of some with keeps="],
        "keeps nothing": [
            "a/test_a.py::test_a is slow and no quick test keeps its claim; name a file of some with keeps="
        ],
        "no reason": [f"{name} is slow and does not say what it widens"],
    }
