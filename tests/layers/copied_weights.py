"""Random layers of ours, and their weights under the names that torch's layers give them."""

from types import SimpleNamespace

import torch


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def randomize(module, *, dtype=torch.float64):
    """Make every parameter random, also the gains and biases that start at 1 and 0."""
    module = module.to(dtype)
    for seed, parameter in enumerate(module.parameters(), start=100):
        parameter.data = draw(*parameter.shape, seed=seed, dtype=dtype) / 2
    return module


def attention_state(ours, name):
    """Stack the first three projections, as nn.MultiheadAttention does."""
    stacked = (ours.query, ours.key, ours.value)
    return {
        f"{name}.in_proj_weight": torch.cat([part.weight for part in stacked]),
        f"{name}.in_proj_bias": torch.cat([part.bias for part in stacked]),
        f"{name}.out_proj.weight": ours.output.weight,
        f"{name}.out_proj.bias": ours.output.bias,
    }


def norm_state(ours, name):
    return {f"{name}.weight": ours.gain, f"{name}.bias": ours.bias}


def network_state(ours, prefix=""):
    return {
        f"{prefix}linear1.weight": ours.expand.weight,
        f"{prefix}linear1.bias": ours.expand.bias,
        f"{prefix}linear2.weight": ours.contract.weight,
        f"{prefix}linear2.bias": ours.contract.bias,
    }


def parts_of(layer):
    """Name the parts of an encoder layer or a decoder layer, and their norms."""
    looks, *across, works = layer.sublayers
    named = {"attention": looks.part.attention, "attention_norm": looks.residual.norm}
    named |= {"feed_forward": works.part.network, "feed_forward_norm": works.residual.norm}
    for source in across:
        named |= {"source_attention": source.part.source_attention, "source_norm": source.residual.norm}
    return SimpleNamespace(**named)


def encoder_layer_state(layer, prefix=""):
    """Return the weights of an encoder layer for nn.TransformerEncoderLayer."""
    ours = parts_of(layer)
    return (
        attention_state(ours.attention, f"{prefix}self_attn")
        | norm_state(ours.attention_norm, f"{prefix}norm1")
        | network_state(ours.feed_forward, prefix)
        | norm_state(ours.feed_forward_norm, f"{prefix}norm2")
    )


def decoder_layer_state(layer, prefix=""):
    """Return the weights of a decoder layer for nn.TransformerDecoderLayer."""
    ours = parts_of(layer)
    return (
        attention_state(ours.attention, f"{prefix}self_attn")
        | norm_state(ours.attention_norm, f"{prefix}norm1")
        | attention_state(ours.source_attention, f"{prefix}multihead_attn")
        | norm_state(ours.source_norm, f"{prefix}norm2")
        | network_state(ours.feed_forward, prefix)
        | norm_state(ours.feed_forward_norm, f"{prefix}norm3")
    )


def assert_same_gradients(ours, theirs, copied, outputs, expected):
    """Compare the gradients of all parameters that a function above copied by name."""
    direction = draw(*outputs.shape, seed=77, dtype=outputs.dtype)
    mine = torch.autograd.grad((outputs * direction).sum(), list(ours.parameters()))
    by_place = {id(parameter): gradient for parameter, gradient in zip(ours.parameters(), mine, strict=True)}
    named = dict(theirs.named_parameters())
    gradients = torch.autograd.grad((expected * direction).sum(), [named[name] for name in copied])
    compared = 0
    for (_, tensor), gradient in zip(copied.items(), gradients, strict=True):
        if id(tensor) in by_place:  # stacked projections are compared by the caller's inputs
            torch.testing.assert_close(by_place[id(tensor)], gradient, rtol=1e-8, atol=1e-8)
            compared += 1
    assert compared >= 8
