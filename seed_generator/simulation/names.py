"""Company names that look like company names: unique, stable under growth, made of Faker's word lists.

A company's number is turned into an arrangement of surnames, so that no name has to be remembered to keep the others
different. Faker draws one name at a time and repeats itself after a few thousand; this never does, and makes millions
a second.

Companies of the months after the first have names of a family of their own. Each has a hyphen, and after it a suffix or
a comma; of the first month's names, one with a hyphen is two surnames and nothing else. So the two families share none.
"""

import hashlib
from collections.abc import Sequence
from math import perm

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from faker.providers.company.en_US import Provider as CompanyProvider
from faker.providers.person.en_US import Provider as PersonProvider
from numpy.typing import NDArray

from seed_generator.life import MAX_ACQUIRED_IN_A_MONTH
from seed_generator.scenario import MAX_MONTHS
from seed_generator.simulation.streams import Purpose, draw, stream

SURNAMES = tuple(PersonProvider.last_names)
SUFFIXES = tuple(CompanyProvider.company_suffixes)

# Coprime with every number of arrangements, so that multiplying by it permutes them: neighbours in number are strangers
# in name. The offset keeps the forms from starting with the same surnames.
STRIDE = 618_033_989
OFFSET = 271_828_183

# So many companies of each later month have a short name: as many as there are for all months.
SHORT_NAMES = perm(len(SURNAMES), 2) * len(SUFFIXES) // (MAX_MONTHS - 1)


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
    four = index >= perm(len(SURNAMES), 3)
    three = ~suffixed & ~paired & ~four
    names = [
        _suffixed(surnames, rank[suffixed]),
        _joined(surnames, rank[paired], ["-"]),
        _joined(surnames, index[three], [", ", " and "]),
        _joined(surnames, index[four] - perm(len(SURNAMES), 3), [", ", ", ", " and "]),
    ]
    places = np.empty(number, np.int64)
    places[np.concatenate([np.flatnonzero(chosen) for chosen in (suffixed, paired, three, four)])] = np.arange(number)
    return pa.concat_arrays(names).take(pa.array(places))


def later_company_names(seed: int, month: int, first: int, number: int) -> pa.StringArray:
    """The names of companies that are acquired in a month after the first: strings of shape (number,).

    Those of companies `first` … `first + number - 1` of the month, which like the month are counted from 0. The first
    of a month are "Surname-Surname Suffix", the others "Surname-Surname, Surname and Surname".

    Month and number make a rank that no other company of the form has. The rank is below the number of arrangements, so
    it is permuted by the multiplication, and each arrangement is another name: the form says where each word ends.
    """
    surnames = _shuffled_surnames(seed)
    index = np.arange(first, first + number)
    short, long = index[index < SHORT_NAMES], index[index >= SHORT_NAMES]
    pairs = perm(len(SURNAMES), 2)
    suffix, pair = np.divmod(_scattered((month - 1) * SHORT_NAMES + short, 1, pairs * len(SUFFIXES)), pairs)
    return pa.concat_arrays(
        [
            pc.binary_join_element_wise(_arranged(surnames, pair, ["-"]), _taken(SUFFIXES, suffix), " "),
            _joined(surnames, (month - 1) * MAX_ACQUIRED_IN_A_MONTH + long, ["-", ", ", " and "]),
        ]
    )


def word_list_digest() -> str:
    """SHA-256 of the word lists, which are part of the stream version."""
    return hashlib.sha256("\n".join([*SURNAMES, "", *SUFFIXES]).encode()).hexdigest()


def _shuffled_surnames(seed: int) -> pa.StringArray:
    order = np.argsort(draw(stream(seed, Purpose.COMPANY_NAME), len(SURNAMES)), kind="stable")
    return pa.array(SURNAMES, pa.string()).take(pa.array(order))


def _suffixed(surnames: pa.StringArray, rank: NDArray[np.int64]) -> pa.StringArray:
    suffix, surname = np.divmod(_scattered(rank, 1, len(SURNAMES) * len(SUFFIXES)), len(SURNAMES))
    return pc.binary_join_element_wise(surnames.take(pa.array(surname)), _taken(SUFFIXES, suffix), " ")


def _taken(words: Sequence[str], index: NDArray[np.int64]) -> pa.StringArray:
    return pa.array(words, pa.string()).take(pa.array(index))


def _joined(surnames: pa.StringArray, rank: NDArray[np.int64], separators: list[str]) -> pa.StringArray:
    """Different surnames with separators between them, by the rank of their arrangement."""
    chosen = len(separators) + 1
    return _arranged(surnames, _scattered(rank, chosen, perm(len(surnames), chosen)), separators)


def _arranged(surnames: pa.StringArray, arrangement: NDArray[np.int64], separators: list[str]) -> pa.StringArray:
    partners = _arrangement(arrangement, len(surnames), len(separators) + 1)
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
        for taken in np.sort(np.array(arrangement), axis=0):
            thing = thing + (thing >= taken)
        arrangement.append(thing)
    return arrangement
