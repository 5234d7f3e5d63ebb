"""Where is a token, and what happens beyond the lengths that were trained?"""

EXPLORERS = {
    "grid_codes": "grid_codes",
    "length_extrapolation": "length_extrapolation",
    "position_codes": "position_codes",
    "relative_biases": "relative_biases",
    "rotary_turns": "rotary_turns",
}
