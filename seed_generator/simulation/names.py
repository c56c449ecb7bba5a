"""Company names that look like company names: unique, stable under growth, made of Faker's word lists.

A company's number is turned into an arrangement of surnames, so that no name has to be remembered to keep the others
different. Faker draws one name at a time and repeats itself after a few thousand; this never does, and makes millions
a second.
"""

import hashlib
from math import perm

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from faker.providers.company.en_US import Provider as CompanyProvider
from faker.providers.person.en_US import Provider as PersonProvider
from numpy.typing import NDArray

from seed_generator.simulation.streams import Purpose, draw, stream

SURNAMES = tuple(PersonProvider.last_names)
SUFFIXES = tuple(CompanyProvider.company_suffixes)

# Coprime with every number of arrangements, so that multiplying by it permutes them: neighbours in number are strangers
# in name. The offset keeps the forms from starting with the same surnames.
STRIDE = 618_033_989
OFFSET = 271_828_183


def company_names(seed: int, first: int, number: int) -> pa.StringArray:
    """The names of companies `first` … `first + number - 1`, counted from 0: strings of shape (number,).

    Every third company is "Surname Suffix" and every third "Surname-Surname" while these last; the others, and all
    after that, are "Surname, Surname and Surname" (from the 997,002,001st company on with a fourth).
    """
    surnames = _shuffled_surnames(seed)
    index = np.arange(first, first + number)
    rank, form = np.divmod(index, 3)
    suffixed = (form == 0) & (rank < perm(len(SURNAMES), 1) * len(SUFFIXES))
    paired = (form == 1) & (rank < perm(len(SURNAMES), 2))
    few = index < perm(len(SURNAMES), 3)
    three = ~suffixed & ~paired & few
    four = ~suffixed & ~paired & ~few
    names = [
        _suffixed(surnames, rank[suffixed]),
        _joined(surnames, rank[paired], ["-"]),
        _joined(surnames, index[three], [", ", " and "]),
        _joined(surnames, index[four] - perm(len(SURNAMES), 3), [", ", ", ", " and "]),
    ]
    places = np.empty(number, np.int64)
    places[np.concatenate([np.flatnonzero(chosen) for chosen in (suffixed, paired, three, four)])] = np.arange(number)
    return pa.concat_arrays(names).take(pa.array(places))


def word_list_digest() -> str:
    """SHA-256 of the word lists, which are part of the stream version."""
    return hashlib.sha256("\n".join([*SURNAMES, "", *SUFFIXES]).encode()).hexdigest()


def _shuffled_surnames(seed: int) -> pa.StringArray:
    order = np.argsort(draw(stream(seed, Purpose.COMPANY_NAME), len(SURNAMES)), kind="stable")
    return pa.array(SURNAMES, pa.string()).take(pa.array(order))


def _suffixed(surnames: pa.StringArray, rank: NDArray[np.int64]) -> pa.StringArray:
    suffix, surname = np.divmod(_scattered(rank, 1, len(SURNAMES) * len(SUFFIXES)), len(SURNAMES))
    suffixes = pa.array(SUFFIXES, pa.string())
    return pc.binary_join_element_wise(surnames.take(pa.array(surname)), suffixes.take(pa.array(suffix)), " ")


def _joined(surnames: pa.StringArray, rank: NDArray[np.int64], separators: list[str]) -> pa.StringArray:
    """Different surnames with separators between them, by the rank of their arrangement."""
    chosen = len(separators) + 1
    partners = _arrangement(_scattered(rank, chosen, perm(len(surnames), chosen)), len(surnames), chosen)
    names = surnames.take(pa.array(partners[0]))
    for separator, partner in zip(separators, partners[1:], strict=True):
        names = pc.binary_join_element_wise(names, surnames.take(pa.array(partner)), separator)
    return names


def _scattered(rank: NDArray[np.int64], form: int, number: int) -> NDArray[np.int64]:
    """A permutation of the ranks 0 … number - 1, another one for each form."""
    return (rank * STRIDE + form * OFFSET) % number


def _arrangement(rank: NDArray[np.int64], things: int, chosen: int) -> list[NDArray[np.int64]]:
    """`chosen` different things out of `things`, one arrangement for each rank below perm(things, chosen)."""
    arrangement: list[NDArray[np.int64]] = []
    for position in range(chosen):
        rank, thing = np.divmod(rank, things - position)
        # The draw counts the things still free: step over those taken, from the lowest up.
        for taken in np.sort(np.array(arrangement), axis=0) if arrangement else ():
            thing = thing + (thing >= taken)
        arrangement.append(thing)
    return arrangement
