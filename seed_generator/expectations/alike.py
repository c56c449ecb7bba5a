"""Laws that are nearly alike, taken as one: so the distribution of a sum over many cohorts takes less time."""

import numpy as np

from seed_generator.expectations.bounds import Contribution
from seed_generator.expectations.cohorts import Cohorts

# So many laws of a month stay as they are. More are put into so many groups.
_FEW = 24
_GROUPS = 16


def few_laws(cohorts: Cohorts, contribution: Contribution) -> tuple[Cohorts, Contribution]:
    """The same companies, of whom those with nearly the same mean follow the average of their laws.

    That leaves every expected value as it is. To the variance of a sum it adds that of the means within the groups,
    which are the narrower the smaller a mean is; so bounds are a little wider, and never closer.
    """
    means = np.sqrt(contribution.chances @ contribution.values)
    laws, numbers, chances, nothing = [], [], [], []
    rows = 0
    for of_month, companies in zip(cohorts.laws, cohorts.numbers, strict=True):
        group = np.arange(len(of_month))
        if len(of_month) > _FEW:
            of = means[of_month]
            width = (of.max() - of.min()) / _GROUPS or 1.0
            _, group = np.unique(np.minimum((of - of.min()) // width, _GROUPS - 1), return_inverse=True)
        some = np.bincount(group, companies).astype(np.int64)
        weights = np.zeros((len(some), len(of_month)))
        weights[group, np.arange(len(of_month))] = companies / some[group]
        laws.append(rows + np.arange(len(some)))
        numbers.append(some)
        chances.append(weights @ contribution.chances[of_month])
        nothing.append(weights @ contribution.nothing[of_month])
        rows += len(some)
    return Cohorts(laws, numbers), Contribution(contribution.values, np.concatenate(chances), np.concatenate(nothing))
