"""How many examples a property is tried with: few in `make test`, more in `make test-slow`."""

import pytest


def few_or_more(few: int, more: int) -> pytest.MarkDecorator:
    """A parameter `examples`, for `max_examples` inside the test."""
    return pytest.mark.parametrize("examples", [few, pytest.param(more, marks=pytest.mark.slow("more examples"))])
