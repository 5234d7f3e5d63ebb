"""How well do two vectors match, and what becomes of the match?"""

EXPLORERS: dict[str, str] = {
    "additive_or_dot": "additive_or_dot",
    "cosine_strength": "cosine_strength",
    "hard_gradient": "hard_gradient",
    "local_window": "local_window",
    "score_functions": "score_functions",
}
