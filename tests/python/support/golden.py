"""The checksums of every table of some scenarios, frozen.

One changes only with STREAM_VERSION, or when its table gets a column.
"""

from decimal import Decimal
from typing import Any

from lives import ALL_KINDS, SUMMER
from seed_generator.life import Acquisition, Reactivation
from seed_generator.scenario_file import read_scenario
from warehouses import THREE_SIZES

GOLDEN_STREAM_VERSION = 1
SCENARIOS: dict[str, dict[str, Any]] = {
    "the default": {},
    "another seed, a leap February and two blocks": {
        "companies": 70_000,
        "months": 3,
        "first_month": "2020-01",
        "seed": 20_240_229,
    },
    "three sizes": read_scenario(THREE_SIZES),
    "three million sessions": {"companies": 200_000, "months": 2, "seed": 2**63 - 1},
    "ten years of one company": {"companies": 1, "months": 120, "seed": 0},
    "all kinds of life": {"companies": 5_000, "months": 18, **ALL_KINDS},
    "acquisition with a season, of cohorts of two blocks": {
        "companies": 100,
        "months": 5,
        "first_month": "2023-10",
        "seed": 7,
        "acquisition": Acquisition(100_000, Decimal("-0.25"), SUMMER),
    },
    "changes of plan, and a return that is sure": {
        "companies": 3_000,
        "months": 24,
        "seed": 99,
        "plan_changes": ALL_KINDS["plan_changes"],
        "reactivation": Reactivation(Decimal(1)),
    },
}
GOLDEN = {
    "the default": {
        "raw.plans": "d653fbe041e4aff5",
        "raw.price_changes": "ff340fe9392aebe5",
        "raw.companies": "ee275d4f4effb3c2",
        "raw.plan_changes": "8877a2db62cf6668",
        "raw.sessions": "3121e99abea5e2bd",
        "truth.monthly_kpis": "047ed2947b80c3c2",
        "truth.mrr_movements": "f600e05cdbd89164",
        "truth.expected_kpis": "e7a6d8af455418c3",
        "truth.injected_faults": "fdaeb873b417c103",
        "raw.simulation": "8a4492b69674d497",
    },
    "another seed, a leap February and two blocks": {
        "raw.plans": "d653fbe041e4aff5",
        "raw.price_changes": "ff340fe9392aebe5",
        "raw.companies": "bd2bcf0f45e42420",
        "raw.plan_changes": "8877a2db62cf6668",
        "raw.sessions": "6f81fa16dbb694f6",
        "truth.monthly_kpis": "f0b3ee1d602bf905",
        "truth.mrr_movements": "7fc86bf909f00942",
        "truth.expected_kpis": "5dbbb6932d2540eb",
        "truth.injected_faults": "fdaeb873b417c103",
        "raw.simulation": "07554a943b569dbb",
    },
    "three sizes": {
        "raw.plans": "41cb984e1a0f5d56",
        "raw.price_changes": "ff340fe9392aebe5",
        "raw.companies": "ff23426a907a5f35",
        "raw.plan_changes": "8877a2db62cf6668",
        "raw.sessions": "da65c724b6dc30ef",
        "truth.monthly_kpis": "6dd8a56bba4358c6",
        "truth.mrr_movements": "29aba34c5e56cead",
        "truth.expected_kpis": "544e767266895137",
        "truth.injected_faults": "fdaeb873b417c103",
        "raw.simulation": "85100e209fae3174",
    },
    "three million sessions": {
        "raw.plans": "d653fbe041e4aff5",
        "raw.price_changes": "ff340fe9392aebe5",
        "raw.companies": "2cf507fcc47f462c",
        "raw.plan_changes": "8877a2db62cf6668",
        "raw.sessions": "da8233b0a3558431",
        "truth.monthly_kpis": "d2ae540b5b0e2e4d",
        "truth.mrr_movements": "b93cba323351d0dc",
        "truth.expected_kpis": "4f67e35bc03e7591",
        "truth.injected_faults": "fdaeb873b417c103",
        "raw.simulation": "37428a8402d8fddd",
    },
    "ten years of one company": {
        "raw.plans": "d653fbe041e4aff5",
        "raw.price_changes": "ff340fe9392aebe5",
        "raw.companies": "70b025e6361da958",
        "raw.plan_changes": "8877a2db62cf6668",
        "raw.sessions": "87ff586b7baee359",
        "truth.monthly_kpis": "b7bb9d5b3e29c6c0",
        "truth.mrr_movements": "4e4978c547725912",
        "truth.expected_kpis": "fd84a5bd04864741",
        "truth.injected_faults": "fdaeb873b417c103",
        "raw.simulation": "848cf69064d11460",
    },
    "all kinds of life": {
        "raw.plans": "d653fbe041e4aff5",
        "raw.price_changes": "abc0a0521aee19d3",
        "raw.companies": "50a252569677fe45",
        "raw.plan_changes": "005f585032a64217",
        "raw.sessions": "d2d80bf4ad1ceb60",
        "truth.monthly_kpis": "3c8a47ae958e9616",
        "truth.mrr_movements": "60ab4208c76741fd",
        "truth.expected_kpis": "5bb18bac8e8bb863",
        "truth.injected_faults": "fdaeb873b417c103",
        "raw.simulation": "be77d53f056137fc",
    },
    "acquisition with a season, of cohorts of two blocks": {
        "raw.plans": "d653fbe041e4aff5",
        "raw.price_changes": "ff340fe9392aebe5",
        "raw.companies": "0ffd9f242cab6f70",
        "raw.plan_changes": "8877a2db62cf6668",
        "raw.sessions": "c9ba54704e57aad3",
        "truth.monthly_kpis": "abb164a86e83410d",
        "truth.mrr_movements": "614e38e2d41146f6",
        "truth.expected_kpis": "3db736500f4b6e87",
        "truth.injected_faults": "fdaeb873b417c103",
        "raw.simulation": "c20ba0759423dccd",
    },
    "changes of plan, and a return that is sure": {
        "raw.plans": "d653fbe041e4aff5",
        "raw.price_changes": "ff340fe9392aebe5",
        "raw.companies": "d5f70a32e26d4b29",
        "raw.plan_changes": "9455ff5a3a5b43b5",
        "raw.sessions": "02f423588e9d1bc6",
        "truth.monthly_kpis": "c38d50be8de7ca91",
        "truth.mrr_movements": "61a55f36023a7084",
        "truth.expected_kpis": "6db656df1b29d57c",
        "truth.injected_faults": "fdaeb873b417c103",
        "raw.simulation": "afa71950e9030f24",
    },
}
