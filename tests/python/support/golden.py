"""The checksums of every table of some scenarios, frozen.

One changes only with STREAM_VERSION, or when its table gets a column.
"""

from typing import Any

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
}
GOLDEN = {
    "the default": {
        "raw.plans": "d653fbe041e4aff5",
        "raw.companies": "ee275d4f4effb3c2",
        "raw.sessions": "3121e99abea5e2bd",
        "truth.monthly_kpis": "3daa7cf859168acc",
        "truth.expected_kpis": "e7a6d8af455418c3",
        "truth.injected_faults": "fdaeb873b417c103",
        "raw.simulation": "8a4492b69674d497",
    },
    "another seed, a leap February and two blocks": {
        "raw.plans": "d653fbe041e4aff5",
        "raw.companies": "bd2bcf0f45e42420",
        "raw.sessions": "6f81fa16dbb694f6",
        "truth.monthly_kpis": "2c53f8559bb4cdb7",
        "truth.expected_kpis": "5dbbb6932d2540eb",
        "truth.injected_faults": "fdaeb873b417c103",
        "raw.simulation": "07554a943b569dbb",
    },
    "three sizes": {
        "raw.plans": "41cb984e1a0f5d56",
        "raw.companies": "ff23426a907a5f35",
        "raw.sessions": "da65c724b6dc30ef",
        "truth.monthly_kpis": "baf8caf04a0b359b",
        "truth.expected_kpis": "544e767266895137",
        "truth.injected_faults": "fdaeb873b417c103",
        "raw.simulation": "85100e209fae3174",
    },
    "three million sessions": {
        "raw.plans": "d653fbe041e4aff5",
        "raw.companies": "2cf507fcc47f462c",
        "raw.sessions": "da8233b0a3558431",
        "truth.monthly_kpis": "fbca4eb7e402c3e1",
        "truth.expected_kpis": "4f67e35bc03e7591",
        "truth.injected_faults": "fdaeb873b417c103",
        "raw.simulation": "37428a8402d8fddd",
    },
    "ten years of one company": {
        "raw.plans": "d653fbe041e4aff5",
        "raw.companies": "70b025e6361da958",
        "raw.sessions": "87ff586b7baee359",
        "truth.monthly_kpis": "7cae207efe51077d",
        "truth.expected_kpis": "fd84a5bd04864741",
        "truth.injected_faults": "fdaeb873b417c103",
        "raw.simulation": "848cf69064d11460",
    },
}
