"""Who looks at whom, what do they take along, and what does it cost?"""

from transformer_edu.attention.attended import Attended
from transformer_edu.attention.causal import causal
from transformer_edu.attention.check_shapes import check_shapes
from transformer_edu.attention.combine import all_of, any_of
from transformer_edu.attention.cost import Cost, attention_cost
from transformer_edu.attention.fused import fused_attention
from transformer_edu.attention.heads import merge_heads, share_among_heads, split_heads
from transformer_edu.attention.influence import influence
from transformer_edu.attention.inter_attention import inter_attention
from transformer_edu.attention.mask import mask_from
from transformer_edu.attention.multi_head import MultiHeadAttention, multi_head_attention
from transformer_edu.attention.padding import padding
from transformer_edu.attention.parameter_free import parameter_free_attention
from transformer_edu.attention.projected import Projected
from transformer_edu.attention.scaled_dot_product import scaled_dot_product_attention
from transformer_edu.attention.sliding_window import sliding_window

__all__ = [
    "Attended",
    "Cost",
    "MultiHeadAttention",
    "Projected",
    "all_of",
    "any_of",
    "attention_cost",
    "causal",
    "check_shapes",
    "fused_attention",
    "influence",
    "inter_attention",
    "mask_from",
    "merge_heads",
    "multi_head_attention",
    "padding",
    "parameter_free_attention",
    "scaled_dot_product_attention",
    "share_among_heads",
    "sliding_window",
    "split_heads",
]
