"""Parquet files against tpchgen-cli's, rows and values per second of processor time; and their size against entropy.

tpchgen-cli writes the lineitem table of TPC-H, whose rows have 16 columns and are wider than ours: look at the values.
"""

import argparse
import math
import shutil
import statistics
import sys

import pyarrow.parquet as pq

import measuring
from seed_generator.scenario import Scenario, add_months

COMPANIES = 900_000
OUR_COLUMNS, LINEITEM_COLUMNS = 3, 16
LINEITEM_ROWS = 6_001_215  # of scale factor 1, as TPC-H fixes them
MICROSECONDS_A_DAY = 86_400_000_000


def main() -> int:
    options = _options()
    scenario = Scenario(companies=options.companies)
    with measuring.scratch_folder() as folder:
        environment = measuring.environment(folder)
        ours = (
            *(sys.executable, "-m", "seed_generator", "--quiet", "--companies", str(options.companies)),
            *("--parquet", folder / "simulation"),
        )
        tpch = (
            measuring.peers_python().parent / "tpchgen-cli",
            *("parquet", "--scale-factor", "1", "--tables", "lineitem"),
            *("--compression", "ZSTD(1)", "--output-dir", folder / "tpch"),
        )

        def tpchgen() -> float:
            shutil.rmtree(folder / "tpch", ignore_errors=True)  # it leaves a file alone that is there
            return measuring.run(tpch, folder, environment).cpu_seconds

        runs = measuring.interleaved(
            options.pairs,
            {"ours": lambda: measuring.run(ours, folder, environment).cpu_seconds, "tpchgen-cli": tpchgen},
        )
        files = sorted((folder / "simulation" / "raw" / "sessions").glob("*.parquet"))
        rows = [pq.read_metadata(file).num_rows for file in files]
        size = sum(file.stat().st_size for file in files)
    speed = {
        "ours": [sum(rows) / seconds for seconds in runs["ours"]],
        "tpchgen-cli": [LINEITEM_ROWS / seconds for seconds in runs["tpchgen-cli"]],
    }
    by_rows = measuring.times(speed["ours"], speed["tpchgen-cli"])
    entropy = _entropy_bytes(scenario, rows) / sum(rows)
    lines = [
        (name, f"{statistics.median(runs[name]):.2f}", f"{statistics.median(speed[name]) / 1e6:.2f}") for name in runs
    ]
    return measuring.report(
        f"{sum(rows):,} sessions and {LINEITEM_ROWS:,} rows of lineitem as Parquet with zstd",
        ("", "CPU s", "M rows per CPU s"),
        lines,
        [
            measuring.Claim("rows per CPU second / tpchgen-cli's", by_rows, 15, aim=30),
            measuring.Claim(
                "values per CPU second / tpchgen-cli's", by_rows * OUR_COLUMNS / LINEITEM_COLUMNS, 3, aim=6
            ),
            measuring.Claim("bytes / entropy", size / sum(rows) / entropy, 1.15, is_ceiling=True, aim=1.1),
        ],
        f"{size / sum(rows):.3f} bytes a row; entropy {entropy:.3f}",
    )


def _entropy_bytes(scenario: Scenario, rows: list[int]) -> float:
    """What the sessions hold that cannot be known without them: their times, and how many each company has.

    A time is one of the microseconds of its month, all equally likely: log2 of their number, as a real number. How many
    sessions a customer has in a month is one outcome of its law. Ids follow from these.
    """
    bits = 0.0
    sizes = scenario.sizes
    customers = {size.name: size.share * scenario.companies for size in sizes}
    for month, number in zip(scenario.periods, rows, strict=True):
        days = (add_months(month, 1) - month).days
        bits += number * math.log2(days * MICROSECONDS_A_DAY)
        for size in sizes:
            outcomes = 2 * (size.spread + 1)
            # Adding 0 and taking 0 off give the same count, every other outcome has its own.
            law = [2 / outcomes] + [1 / outcomes] * (outcomes - 2)
            bits += customers[size.name] * -sum(share * math.log2(share) for share in law)
            customers[size.name] *= 1 - (1 / outcomes if size.spread == size.base_sessions else 0)
    return bits / 8


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, default=COMPANIES, help="default: %(default)s, 50 million sessions")
    parser.add_argument("--pairs", type=int, default=5, help="rounds of interleaved runs (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
