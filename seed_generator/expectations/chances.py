"""What happens to a single company: the chances of each of its months; derived in docs/model/simulation.md.

A company follows a law: when in the calendar it was acquired, and how old it is. The month of acquisition has age 0.
Without a season of usage all months of the calendar are alike, and a law is an age.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

import numpy as np

from seed_generator.expectations.bounds import Contribution
from seed_generator.expectations.cohorts import Cohorts, Decimals, Floats, Whole
from seed_generator.life import CALENDAR_MONTHS
from seed_generator.scenario import CompanySize, Scenario

PRECISION = Context(prec=60)  # decimals, so that every machine comes to the same digits
CENTS = 100


def silence_probability(size: CompanySize) -> Decimal:
    """The probability of a month without a session.

    The count is base ± U{0..spread} with a fair sign, so only the one of 2 (spread + 1) outcomes that takes all of
    the base away is silent.
    """
    if size.base_sessions == 0:
        return Decimal(1)
    return PRECISION.divide(1, 2 * (size.spread + 1)) if size.spread == size.base_sessions else Decimal(0)


@dataclass(frozen=True)
class Step:
    """What a month brings to a company of one law: the chances for each size, decimals of shape (…, sizes).

    The size is that at acquisition where the name has `acquired`, the one held now for `moved_in`, `returned`,
    `drawing` and `active`, and the one held when the month began for the others.

    Parameters
    ----------
    opening : it is a customer when the month begins.
    kept, churned : it was one, and has a session, or none.
    moved_out, moved_in : it is kept, and has left this size for another, or another for this one.
    returned : it had lapsed, tries again, and has a session.
    drawing : it is a customer, or tries again: it draws sessions, which may be none.
    active : it has a session.
    newly_acquired, acquired : it is acquired in this month, or was in this or an earlier one.
    active_of_acquired : it is active.
    """

    opening: Decimals
    kept: Decimals
    churned: Decimals
    moved_out: Decimals
    moved_in: Decimals
    returned: Decimals
    drawing: Decimals
    active: Decimals
    newly_acquired: Decimals
    acquired: Decimals
    active_of_acquired: Decimals


class Chances:
    """The steps of all laws, as decimals of shape (laws, sizes), and which companies follow which law."""

    def __init__(self, scenario: Scenario) -> None:
        months = range(scenario.months)
        self.sizes = [scenario.sizes_in(month) for month in months]
        usages = self.sizes[:CALENDAR_MONTHS]
        self.usages = usages if len({_counts(sizes) for sizes in usages}) > 1 else usages[:1]
        starts, self.cohorts = Cohorts.of_acquired(scenario.acquired_companies, len(self.usages))
        steps = list(_steps(scenario, self.usages, starts))
        self.by_size = Step(
            **{
                name: np.stack([vars(step)[name] for step in steps], axis=1).reshape(-1, len(scenario.sizes))
                for name in vars(steps[0])
            }
        )
        # Which of the usages holds in the month of a law.
        self.usage: Whole = (starts[:, np.newaxis] + np.arange(scenario.months)).ravel() % len(self.usages)


def _steps(scenario: Scenario, usages: Sequence[Sequence[CompanySize]], starts: Whole) -> Iterator[Step]:
    """One age after the other, of shape (starts, sizes); `starts` are the places in `usages` at age 0."""
    names = [size.name for size in scenario.sizes]
    moves = [
        (names.index(move.from_size), names.index(move.to_size), move.probability) for move in scenario.plan_changes
    ]
    stays = np.array(
        [1 - sum((chance for of, _, chance in moves if of == size), Decimal(0)) for size in range(len(names))]
    )
    of_session = np.array([[1 - silence_probability(size) for size in sizes] for sizes in usages])
    # Who can move is followed by the size at acquisition too: shapes are (starts, sizes at acquisition or 1, sizes).
    share = np.array([share_of(scenario, size) for size in scenario.sizes])
    nobody = np.full((len(starts), len(names) if moves else 1, len(names)), Decimal(0))
    acquired = nobody + (np.diag(share) if moves else share)
    active = lapsed = nobody
    for age in range(scenario.months):
        chance = of_session[(starts + age) % len(usages)]
        opening = active if age else acquired
        stayed = active * stays if age else acquired
        moved = nobody.copy()
        moved_out, moved_in, churned = nobody[:, 0].copy(), nobody[:, 0].copy(), stayed.sum(axis=1) * (1 - chance)
        for of, to, probability in moves:
            moving = active[..., of] * probability
            moved[..., to] += moving
            moved_out[:, of] += moving.sum(axis=1) * chance[:, to]
            moved_in[:, to] += moving.sum(axis=1) * chance[:, to]
            churned[:, of] += moving.sum(axis=1) * (1 - chance[:, to])
        tries = lapsed * scenario.reactivation.probability
        drawing = stayed + moved + tries
        active = drawing * chance[:, np.newaxis]
        lapsed = lapsed - tries + drawing * (1 - chance[:, np.newaxis])
        yield Step(
            opening=opening.sum(axis=1),
            kept=stayed.sum(axis=1) * chance + moved_out,
            churned=churned,
            moved_out=moved_out,
            moved_in=moved_in,
            returned=tries.sum(axis=1) * chance,
            drawing=drawing.sum(axis=1),
            active=active.sum(axis=1),
            newly_acquired=(nobody if age else acquired).sum(axis=1),
            acquired=acquired.sum(axis=1),
            active_of_acquired=active.sum(axis=2) if moves else active[:, 0],
        )


def share_of(scenario: Scenario, size: CompanySize) -> Decimal:
    """Exactly what is drawn: the last size takes what the others leave of 1, whatever the sum of all is."""
    shares = [Decimal(repr(other.share)) for other in scenario.sizes]
    place = scenario.sizes.index(size)
    left = max(1 - sum(shares[:place], Decimal(0)), Decimal(0))
    return left if size == scenario.sizes[-1] else min(shares[place], left)


class GroupChances:
    """The same for the companies of one size or of several: decimals of shape (laws,), and what a company contributes.

    Parameters
    ----------
    chances : of the scenario.
    sizes : their places in the scenario.
    """

    def __init__(self, chances: Chances, sizes: Sequence[int]) -> None:
        self._usage, self._sizes = chances.usage, list(sizes)
        self._usages = [[usage[size] for size in sizes] for usage in chances.usages]
        self.prices = [tuple(of_month[size].monthly_price for size in sizes) for of_month in chances.sizes]
        self._by_size = Step(**{name: values[:, self._sizes] for name, values in vars(chances.by_size).items()})
        self.of = Step(**{name: values.sum(axis=1) for name, values in vars(self._by_size).items()})
        base, spread = (self._each(name)[self._usage] for name in ("base_sessions", "spread"))
        self.sessions: Decimals = (self._by_size.drawing * base).sum(axis=1)
        # The mean square; the variance of ± U{0..spread} is spread (2 spread + 1) / 6.
        square = base**2 + spread * (2 * spread + 1) / 6
        self.sessions_squared: Decimals = (self._by_size.drawing * square).sum(axis=1)

    def one(self, chance: Decimals) -> Contribution:
        """A company counts as one, with that chance."""
        return Contribution(np.array([1]), floats(chance)[:, np.newaxis], rest_of(chance))

    def session_counts(self) -> Contribution:
        """A company that is active has so many sessions."""
        most = max(size.base_sessions + size.spread for usage in self._usages for size in usage)
        counts = np.arange(1, most + 1)
        drawing = floats(self._by_size.drawing)
        chances = np.zeros((len(drawing), most))
        for number, usage in enumerate(self._usages):
            laws = np.array([_count_chances(size, counts) for size in usage])
            chances[self._usage == number] = drawing[self._usage == number] @ laws
        return Contribution(counts, chances, rest_of(self.of.active))

    def kept(self) -> Contribution:
        """A company that was a customer when the month began has a session, which is 1, or not, which is 0."""
        chances = np.column_stack([floats(self.of.churned), floats(self.of.kept)])
        return Contribution(np.array([0, 1]), chances, rest_of(self.of.opening))

    def revenue(self, prices: Sequence[Decimal], power: int) -> Decimals:
        """What a company pays, or its square, in the mean."""
        mean: Decimals = self._by_size.active @ np.array([price**power for price in prices])
        return mean

    def payments(self, prices: Sequence[Decimal]) -> Contribution:
        """A company that is active pays its price, here in cents."""
        cents = np.array([int(price * CENTS) for price in prices])
        some = (cents > 0) & (self._by_size.active > 0).any(axis=0)
        pays = self._by_size.active[:, some]
        return Contribution(cents[some], floats(pays), rest_of(pays.sum(axis=1)))

    def _each(self, name: str) -> Decimals:
        """Of each usage and size, of shape (usages, sizes)."""
        return np.array([[Decimal(getattr(size, name)) for size in usage] for usage in self._usages])


def floats(decimals: Decimals) -> Floats:
    """The closest floats."""
    return decimals.astype(np.float64)


def rest_of(chances: Decimals) -> Floats:
    """What they leave of 1; their last digit, which is rounded, takes nothing away from 0."""
    rest: Floats = np.maximum(floats(1 - chances), 0)
    return rest


def _count_chances(size: CompanySize, counts: Whole) -> Floats:
    """Of each session count above 0, in a month of a customer: ±0 is one count and two of the equal outcomes."""
    reached = np.abs(counts - size.base_sessions) <= size.spread
    chances: Floats = reached * (1.0 + (counts == size.base_sessions)) / (2 * (size.spread + 1))
    return chances


def _counts(sizes: Sequence[CompanySize]) -> tuple[tuple[int, int], ...]:
    return tuple((size.base_sessions, size.spread) for size in sizes)
