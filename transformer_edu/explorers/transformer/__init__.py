"""What does the whole machine cost, and how does it write?"""

EXPLORERS: dict[str, str] = {
    "decoding_cost": "cache",
    "layer_costs": "cost",
    "noam_schedule": "noam",
}
