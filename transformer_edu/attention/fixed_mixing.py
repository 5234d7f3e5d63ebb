"""Mixing tokens with weights that do not look at them: a dense matrix, or a convolution."""

import torch
from einops import einsum
from jaxtyping import Float
from torch import Tensor

from transformer_edu.attention.attended import Attended


def fixed_mixing(tokens: Float[Tensor, "*batch key dim"], mixing: Float[Tensor, "query key"]) -> Attended:
    """Mix tokens with a matrix of learned weights, the same for every input.

        Y = M X          (attention: Y = A(X) X, and A is computed from X)

    This is what a token-mixing MLP does, once before and once behind its bend. M is a parameter: it may hold any sign,
    its rows need not sum to 1, and it fits sequences of one length only. Content cannot change who is read.

    Cost: query · key · dim multiply-adds, query · key parameters; attention's matrices do not grow with the length.
    Raises: ValueError if there are not as many tokens as columns.
    Source: [tolstikhin2021mixer] section 2, one of the two matrices of token mixing.
    """
    if tokens.shape[-2] != mixing.shape[-1]:
        raise ValueError(
            f"fixed_mixing needs {mixing.shape[-1]} tokens (its matrix was made for one length), "
            f"got tokens.shape={tuple(tokens.shape)}."
        )
    outputs = einsum(mixing, tokens, "query key, ... key dim -> ... query dim")
    return Attended(outputs, mixing.expand(*tokens.shape[:-2], -1, -1))


def convolution_mixing(kernel: Float[Tensor, "window"], *, tokens: int) -> Float[Tensor, "token token"]:
    """Write a convolution along the tokens as a matrix for fixed_mixing.

        M[i, j] = kernel[j - i + ⌊window / 2⌋],   0 outside the window

    Every row holds the same few numbers, shifted: weights depend on the distance, and neither on the content nor on
    the place. As in torch's conv1d the kernel is not mirrored, and beyond the ends lie zeros.

    Cost: O(token²) to write down; the convolution itself needs token · window · dim multiply-adds.
    Raises: ValueError if the window is even or there are no tokens.
    Source: a convention of this book, that of torch's conv1d.
    """
    window = len(kernel)
    if window % 2 == 0 or tokens < 1:
        raise ValueError(
            f"convolution_mixing needs an odd window and tokens >= 1 (a window has a center), got {window=}, {tokens=}."
        )
    places = torch.arange(tokens, device=kernel.device)
    under = places - places[:, None] + window // 2
    return torch.where((under >= 0) & (under < window), kernel[under.clamp(0, window - 1)], 0.0)
