"""How much of a gradient arrives? From the last output of a sequence back to each of its tokens."""

from collections.abc import Callable

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor


@torch.enable_grad()
def last_to_each(network: Callable[[Tensor], Tensor], tokens: Float[Tensor, "token dim"]) -> Float[Tensor, "token"]:
    """Measure how strongly the last output depends on each token.

        g_t = ‖∂ o_T / ∂ x_t‖_F   (the Frobenius norm of the Jacobian, not of one direction)

    `network` maps the tokens of one sequence to outputs "token output_dim". In a recurrent network the way from x_t to
    o_T leads through T - t products, in attention through one.

    Cost: one forward pass and output_dim backward passes, run side by side.
    Raises: ValueError if the last output does not depend on the tokens at all.
    Source: [bengio1994learning]; [pascanu2013difficulty] section 2.
    """
    tokens = tokens.detach().requires_grad_()
    last = network(tokens)[-1]
    if not last.requires_grad:
        raise ValueError(
            f"last_to_each needs an output that was computed from the tokens, got requires_grad={last.requires_grad}."
        )
    directions = torch.eye(len(last), dtype=last.dtype, device=last.device)
    (jacobian,) = torch.autograd.grad(last, tokens, directions, is_grads_batched=True)
    return jacobian.square().sum(dim=(0, 2)).sqrt()


@torch.enable_grad()
def each_to_each(
    network: Callable[[Tensor], Tensor], tokens: Float[Tensor, "token dim"]
) -> Float[Tensor, "token token"]:
    """Measure how strongly each output (row) depends on each token (column).

        g_{t t'} = ‖∂ o_t / ∂ x_{t'}‖_F

    The last row is last_to_each. A causal network has zeros above the diagonal.

    Cost: one forward pass and token · output_dim backward passes, run side by side.
    Raises: ValueError if the outputs do not depend on the tokens at all.
    Source: [pascanu2013difficulty] section 2.
    """
    tokens = tokens.detach().requires_grad_()
    outputs = network(tokens)
    if not outputs.requires_grad:
        raise ValueError(
            f"each_to_each needs outputs that were computed from the tokens, got requires_grad={outputs.requires_grad}."
        )
    directions = torch.eye(outputs.numel(), dtype=outputs.dtype, device=outputs.device)
    directions = directions.reshape(outputs.numel(), *outputs.shape)
    (jacobian,) = torch.autograd.grad(outputs, tokens, directions, is_grads_batched=True)
    by_output = rearrange(jacobian, "(output feature) token dim -> output token feature dim", output=len(outputs))
    return by_output.square().sum(dim=(-1, -2)).sqrt()
