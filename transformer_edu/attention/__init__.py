"""Who looks at whom, what do they take along, and what does it cost?"""

from transformer_edu.attention.attended import Attended
from transformer_edu.attention.causal import causal
from transformer_edu.attention.check_shapes import check_shapes
from transformer_edu.attention.combine import all_of, any_of
from transformer_edu.attention.convolution_heads import (
    ConvolutionHeads,
    at_offset,
    convolution_heads,
    convolve_with_heads,
    kernel_offsets,
)
from transformer_edu.attention.fixed_mixing import convolution_mixing, fixed_mixing
from transformer_edu.attention.fused import fused_attention
from transformer_edu.attention.hard import Chosen, hard_attention, soft_attention
from transformer_edu.attention.heads import merge_heads, repeat_heads, share_among_heads, split_heads
from transformer_edu.attention.influence import influence
from transformer_edu.attention.inter_attention import inter_attention
from transformer_edu.attention.local import (
    Windows,
    gaussian_local_weights,
    local_weights,
    monotonic_centers,
    predicted_centers,
    windows_around,
)
from transformer_edu.attention.mask import mask_from
from transformer_edu.attention.multi_head import MultiHeadAttention
from transformer_edu.attention.multi_head_formula import multi_head_attention
from transformer_edu.attention.padding import padding
from transformer_edu.attention.parameter_free import parameter_free_attention
from transformer_edu.attention.projected import Projected
from transformer_edu.attention.scaled_dot_product import scaled_dot_product_attention
from transformer_edu.attention.score_function import (
    best_baseline,
    expected_reward_gradient,
    score_function_gradient,
    score_function_loss,
    score_function_variance,
)
from transformer_edu.attention.sliding_window import sliding_window
from transformer_edu.attention.soft_offsets import SoftOffsets, convolve_with_soft_heads, soft_offsets

__all__ = [
    "Attended",
    "Chosen",
    "ConvolutionHeads",
    "MultiHeadAttention",
    "Projected",
    "SoftOffsets",
    "Windows",
    "all_of",
    "any_of",
    "at_offset",
    "best_baseline",
    "causal",
    "check_shapes",
    "convolution_heads",
    "convolution_mixing",
    "convolve_with_heads",
    "convolve_with_soft_heads",
    "expected_reward_gradient",
    "fixed_mixing",
    "fused_attention",
    "gaussian_local_weights",
    "hard_attention",
    "influence",
    "inter_attention",
    "kernel_offsets",
    "local_weights",
    "mask_from",
    "merge_heads",
    "monotonic_centers",
    "multi_head_attention",
    "padding",
    "parameter_free_attention",
    "predicted_centers",
    "repeat_heads",
    "scaled_dot_product_attention",
    "score_function_gradient",
    "score_function_loss",
    "score_function_variance",
    "share_among_heads",
    "sliding_window",
    "soft_attention",
    "soft_offsets",
    "split_heads",
    "windows_around",
]
