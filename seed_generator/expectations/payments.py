"""What a company pays from month to month, and the chance of it; derived in docs/model/simulation.md.

A company is active with a size or has lapsed with one, and it has paid before or not. Chances are decimals. A law is a
start and an age, as in chances.py; where a size is free at some time, each month of acquisition is a start of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seed_generator.expectations.chances import CENTS, Chances, share_of, silence_probability
from seed_generator.expectations.cohorts import Cohorts, Decimals, Whole
from seed_generator.scenario import Scenario

YEAR = 12
NO_SIZE = -1  # of a company that is not active

_NEVER = Decimal(0)


@dataclass(frozen=True)
class Outcomes:
    """What a company can pay in two months, each with its chance.

    Parameters
    ----------
    chances : decimals of shape (laws, outcomes).
    before, now : the places of the sizes, or `NO_SIZE`; int64 of shape (outcomes,).
    paid, pays : the prices in cents, 0 of a company that is not active; int64 of shape (outcomes,).
    has_paid : whether it has paid in some month before this one; of shape (outcomes,).
    """

    chances: Decimals
    before: Whole
    now: Whole
    paid: Whole
    pays: Whole
    has_paid: NDArray[np.bool_]


class Payments:
    """The chances of all laws, and which companies follow which law in which month."""

    def __init__(self, scenario: Scenario, chances: Chances) -> None:
        self._usages, self._sizes = len(chances.usages), len(scenario.sizes)
        self._cents = np.array(
            [[int(size.monthly_price * CENTS) for size in of_month] for of_month in chances.sizes], np.int64
        )
        self._starts, self.cohorts = Cohorts.of_acquired(
            scenario.acquired_companies, self._usages if self._cents.all() else scenario.months
        )
        self._share = np.array([share_of(scenario, size) for size in scenario.sizes])
        self._of_session = np.array([[1 - silence_probability(size) for size in of] for of in chances.usages])
        self._return = scenario.reactivation.probability
        names = [size.name for size in scenario.sizes]
        changes = [
            (names.index(change.from_size), names.index(change.to_size), change.probability)
            for change in scenario.plan_changes
        ]
        stays = [(size, size, 1 - sum(chance for of, _, chance in changes if of == size)) for size in range(len(names))]
        self._from, self._to, probability = zip(*stays, *changes, strict=True)
        self._probability = np.array([Decimal(chance) for chance in probability])

    def price_pairs(self, months_ago: int) -> Iterator[tuple[list[int], Whole, Whole]]:
        """The months that have the same prices then and now, and these two, in cents, of shape (sizes,).

        There is no such month before the first one; nothing was paid then, whatever the prices.
        """
        months: dict[tuple[int, ...], list[int]] = {}
        for month in range(0 if months_ago == 1 else months_ago, len(self._cents)):
            then = self._cents[max(month - months_ago, 0)]
            months.setdefault((*then.tolist(), *self._cents[month].tolist()), []).append(month)
        for alike in months.values():
            yield alike, self._cents[max(alike[-1] - months_ago, 0)], self._cents[alike[-1]]

    def of_a_month(self, laws: Whole, paid: Whole, pays: Whole) -> Outcomes:
        """What companies of some laws paid in the month before and pay in this one."""
        begins, keeps, ends, _ = self._by_law
        sizes, none = range(self._sizes), [NO_SIZE] * self._sizes
        return _outcomes(
            np.concatenate([of[laws] for of in (*begins, *keeps, ends)], axis=1),
            [*none, *none, *self._from, *self._from, *sizes],
            [*sizes, *sizes, *self._to, *self._to, *none],
            (paid, pays),
            [False] * len(none) + [True] * len(none) + [False] * len(self._to) + [True] * (len(self._to) + len(none)),
        )

    def of_a_year(self, laws: Whole, paid: Whole, pays: Whole) -> Outcomes:
        """What companies of some laws paid twelve months ago and pay now, without those that were not active then."""
        active, lapsed = self._year_on
        ages = len(self._cents)
        is_old = laws % ages >= YEAR
        then = np.where(is_old, laws - YEAR, 0)
        held = self._by_law[3][then] * is_old[:, np.newaxis]
        start = (self._starts[then // ages] + then % ages) % self._usages
        of, to = np.nonzero((active > 0).any(axis=0))
        return _outcomes(
            np.concatenate([held[:, of] * active[start][:, of, to], held * lapsed[start]], axis=1),
            [*of, *range(self._sizes)],
            [*to, *[NO_SIZE] * self._sizes],
            (paid, pays),
            [True] * (len(of) + self._sizes),
        )

    @cached_property
    def _by_law(self) -> tuple[Decimals, Decimals, Decimals, Decimals]:
        """Of a company that begins to be active, stays so or is silent after it was, and of one that is active now.

        By the size now, of shape (2, laws, sizes); by plan kept or changed, (2, laws, plans); by the size before and by
        the size now, (laws, sizes). The axis of 2 tells who has not paid before from who has.
        """
        ages = list(self._ages())
        begins, keeps = (np.stack([of[part] for of in ages], axis=2) for part in (0, 1))
        ends, active = (np.stack([of[part] for of in ages], axis=1) for part in (2, 3))
        return (
            begins.reshape(2, -1, self._sizes),
            keeps.reshape(2, -1, len(self._to)),
            ends.reshape(-1, self._sizes),
            active.reshape(-1, self._sizes),
        )

    def _ages(self) -> Iterator[tuple[Decimals, Decimals, Decimals, Decimals]]:
        """One age after the other; the axis of laws has the starts."""
        nobody = np.full((2, len(self._starts), self._sizes), _NEVER)
        acquired = nobody + np.stack([self._share, 0 * self._share])[:, np.newaxis]
        active = lapsed = nobody
        for age in range(len(self._cents)):
            chance = self._of_session[(self._starts + age) % self._usages]
            comes = lapsed * self._return if age else acquired
            changing = active[..., self._from] * self._probability
            keeps, silent = changing * chance[:, self._to], changing * (1 - chance[:, self._to])
            lapsed = (lapsed - comes if age else lapsed) + comes * (1 - chance) + self._by_size(silent, self._to)
            begins = comes * chance
            active = begins + self._by_size(keeps, self._to)
            yield begins, keeps, self._by_size(silent, self._from).sum(axis=0), active.sum(axis=0)
            # Who is active with a size that is not free has paid from now on; a lapsed company pays nothing.
            pays = self._cents[np.minimum(self._starts + age, len(self._cents) - 1)] > 0
            active = np.stack([active[0] * ~pays, active[1] + active[0] * pays])

    @cached_property
    def _year_on(self) -> tuple[Decimals, Decimals]:
        """Of a company that is active with a size in a month of the cycle: what it is twelve months later.

        The chances that it is active with each size, of shape (cycle, sizes, sizes), and that it is not, of shape
        (cycle, sizes).
        """
        lapsed = np.full((self._usages, self._sizes, self._sizes), _NEVER)
        active = lapsed + np.eye(self._sizes, dtype=int)
        for step in range(1, YEAR + 1):
            chance = self._of_session[(np.arange(self._usages) + step) % self._usages][:, np.newaxis]
            drawing = self._by_size(active[..., self._from] * self._probability, self._to) + lapsed * self._return
            active, lapsed = drawing * chance, lapsed * (1 - self._return) + drawing * (1 - chance)
        return active, lapsed.sum(axis=2)

    def _by_size(self, of_plans: Decimals, places: Sequence[int]) -> Decimals:
        """The sums of what is known of each plan kept or changed, by its size before or now."""
        sums = np.full((*of_plans.shape[:-1], self._sizes), _NEVER)
        for number, place in enumerate(places):
            sums[..., place] += of_plans[..., number]
        return sums


def _outcomes(
    chances: Decimals, before: Sequence[int], now: Sequence[int], prices: tuple[Whole, Whole], has_paid: Sequence[bool]
) -> Outcomes:
    """Without those that can't be."""
    some = (chances > 0).any(axis=0)
    of_before, of_now = np.array(before)[some], np.array(now)[some]
    paid, pays = (
        np.where(sizes == NO_SIZE, 0, cents[sizes]) for sizes, cents in zip((of_before, of_now), prices, strict=True)
    )
    return Outcomes(chances[:, some], of_before, of_now, paid, pays, np.array(has_paid)[some])
