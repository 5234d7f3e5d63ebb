"""The start of learning: torch's Xavier bounds, one generator, the same numbers again."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from transformer_edu.attention import MultiHeadAttention
from transformer_edu.machines import gpt2, transformer
from transformer_edu.positions import (
    GridBias,
    Positions,
    ShawKeys,
    ShawValues,
    T5Bias,
    TransformerXLBias,
    t5_buckets,
)
from transformer_edu.training import initialize


def our_model(seed=0, *, dtype=torch.float32):
    model = transformer(300, 200, dim=64, heads=4, hidden=96, layers=1).to(dtype)
    for parameter in model.parameters():
        parameter.data.fill_(7.0)
    initialize(model, generator=torch.Generator().manual_seed(seed))
    return model


# (a) Oracle


def test_matrices_are_drawn_as_by_torchs_xavier_uniform():
    for module in our_model().modules():
        if isinstance(module, nn.Linear):
            expected = nn.init.xavier_uniform_(
                torch.empty_like(module.weight), generator=torch.Generator().manual_seed(1)
            )
            bound = (6 / sum(module.weight.shape)) ** 0.5
            assert bound * 0.98 < module.weight.abs().max() <= bound
            torch.testing.assert_close(module.weight.std(), expected.std(), rtol=0.05, atol=0)
            torch.testing.assert_close(module.weight.mean().item(), 0.0, rtol=0, atol=0.01)
            assert (module.bias == 0).all()


def test_tables_gains_and_biases():
    model = our_model()
    torch.testing.assert_close(model.source_embedding.table.std().item(), 64**-0.5, rtol=0.02, atol=0)
    norm = model.encoder.stack.layers[0].sublayers[0].residual.norm
    assert (norm.gain == 1).all() and (norm.bias == 0).all()
    other = gpt2(50, dim=64, heads=4, hidden=96, layers=1, positions=200)
    initialize(other, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(other.positions.hooks["place"].codes.table.std().item(), 0.02, rtol=0.02, atol=0)


def test_what_positions_have_learned_is_drawn_too():
    positions = (
        Positions(bias=T5Bias(30, sort=t5_buckets), mix=ShawValues(20, clip=30)),
        Positions(bias=ShawKeys(20, clip=30)),
        Positions(bias=GridBias(6, 6, heads=8)),
        Positions(bias=TransformerXLBias(6, heads=2)),
    )
    models = [nn.ModuleList(deepcopy(positions)), nn.ModuleList(positions)]
    for start, model in enumerate(models):
        for parameter in model.parameters():
            parameter.data.fill_(7.0 + start)
        initialize(model, generator=torch.Generator().manual_seed(0))
    for name, parameter in models[0].named_parameters():
        assert parameter.equal(models[1].get_parameter(name)), name
        if name.endswith(("content_bias", "distance_bias")):
            assert (parameter == 0).all()
        elif not name.endswith("distance.weight"):
            torch.testing.assert_close(parameter.std().item(), 0.02, rtol=0.1, atol=0)


# (b) Properties


def test_the_same_generator_gives_the_same_model_on_every_device_and_another_seed_another(device):
    first, second, other = our_model(), our_model(), our_model(1)
    moved = transformer(300, 200, dim=64, heads=4, hidden=96, layers=1).to(device)
    initialize(moved, generator=torch.Generator().manual_seed(0))
    for name, parameter in first.named_parameters():
        assert parameter.equal(second.get_parameter(name))
        assert parameter.equal(moved.get_parameter(name).cpu())
    assert not first.source_embedding.table.equal(other.source_embedding.table)


def test_the_shared_randomness_is_left_alone():
    before = torch.random.get_rng_state()
    model = transformer(5, 5, dim=8, heads=2, hidden=9, layers=1)
    between = torch.random.get_rng_state()  # the modules draw a first start of their own
    initialize(model, generator=torch.Generator().manual_seed(0))
    assert torch.random.get_rng_state().equal(between) and not between.equal(before)


# (c) Edges


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_types_are_kept(dtype):
    assert {parameter.dtype for parameter in our_model(dtype=dtype).parameters()} == {dtype}


def test_layers_without_biases_and_other_modules():
    attention = MultiHeadAttention(6, heads=2, bias=False)
    initialize(attention, generator=torch.Generator().manual_seed(0))
    convolution = nn.Conv1d(2, 3, 1)
    before = convolution.weight.clone()
    initialize(convolution, generator=torch.Generator().manual_seed(0))
    assert convolution.weight.equal(before)


# (d) Gradients


def test_parameters_go_on_learning():
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in our_model().parameters())


# (e) The paper's claim in miniature


def test_signals_keep_their_size_through_ten_linear_layers():
    # Glorot and Bengio, eq. 16: the variance stays, where a deviation of 1 would multiply it by 64 in every layer.
    layers = nn.Sequential(*(nn.Linear(64, 64) for _ in range(10)))
    initialize(layers, generator=torch.Generator().manual_seed(0))
    tokens = torch.randn(500, 64, generator=torch.Generator().manual_seed(1))
    assert 0.7 < layers(tokens).std() < 1.3
