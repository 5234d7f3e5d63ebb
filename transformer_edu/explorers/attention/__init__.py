"""Who looks at whom: one query among keys, masks, three uses, one head or many, a convolution, and real heads."""

EXPLORERS = {
    "attention_by_hand": "by_hand",
    "convolution_from_heads": "convolution_from_heads",
    "mask_patterns": "masks",
    "one_head_or_many": "one_head_or_many",
    "real_heads": "real_heads",
    "three_uses": "three_uses",
}
