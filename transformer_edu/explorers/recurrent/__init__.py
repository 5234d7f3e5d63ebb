"""What did recurrent networks lack, and what did attention give them?"""

EXPLORERS: dict[str, str] = {
    "vanishing_gradient": "vanishing",
    "truncated_steps": "truncation",
    "recurrent_alignment": "alignment",
    "beam_scores": "beam_scores",
}
