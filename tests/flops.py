"""Count what torch counts, for all tests of what things cost."""

from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

FLASH_ON_CPU = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


def counted(function: Callable[[], object]) -> int:
    """Return the floating-point operations that torch counts, the fused kernel of the CPU included."""

    def flash(query, key, value, *args, out_shape=None, **kwargs):
        return sdpa_flop_count(query, key, value)

    with FlopCounterMode(display=False, custom_mapping={FLASH_ON_CPU: flash}) as counter:
        function()
    return counter.get_total_flops()
