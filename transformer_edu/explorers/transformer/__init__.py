"""What does the whole machine cost, and how does it write?"""

EXPLORERS: dict[str, str] = {
    "beam_step_by_step": "beam",
    "date_alignment": "alignment",
    "decoding_cost": "cache",
    "layer_costs": "cost",
    "noam_schedule": "noam",
}
