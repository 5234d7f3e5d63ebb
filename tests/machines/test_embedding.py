"""Embedding as a product with one-hot vectors, its sparse gradient, and one table at both ends."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.layers.copied_weights import draw
from transformer_edu.machines import Embedding, embed, unembed
from transformer_edu.positions import sinusoidal
from transformer_edu.training import initialize

VOCAB, DIM = 11, 6


def draw_ids(*shape, high=VOCAB, seed=0):
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(seed))


# (a) Oracle


@pytest.mark.parametrize("batch", [(), (5,), (2, 5), (3, 2, 5)])
def test_it_is_torchs_embedding_and_the_product_with_one_hot_vectors(batch, device):
    table, token_ids = draw(VOCAB, DIM).to(device), draw_ids(*batch).to(device)
    embedded = embed(token_ids, table)
    assert embedded.shape == (*batch, DIM)
    torch.testing.assert_close(embedded, functional.embedding(token_ids, table), rtol=0, atol=0)
    torch.testing.assert_close(embedded, functional.one_hot(token_ids, VOCAB).double() @ table, rtol=0, atol=0)


def test_logits_are_a_linear_layer_that_holds_the_table():
    table, tokens = draw(VOCAB, DIM), draw(2, 5, DIM, seed=1)
    torch.testing.assert_close(unembed(tokens, table), functional.linear(tokens, table))


def test_the_module_is_torchs_embedding_tied_to_torchs_linear_layer():
    ours, embedding, linear = Embedding(VOCAB, DIM), nn.Embedding(VOCAB, DIM), nn.Linear(DIM, VOCAB, bias=False)
    embedding.weight = linear.weight = nn.Parameter(ours.table.detach().clone())
    token_ids = draw_ids(2, 5)
    logits, expected = ours.logits(ours(token_ids)), linear(embedding(token_ids))
    torch.testing.assert_close(logits, expected)
    direction = draw(2, 5, VOCAB, seed=3, dtype=torch.float32)
    torch.testing.assert_close(
        torch.autograd.grad((logits * direction).sum(), ours.table),
        torch.autograd.grad((expected * direction).sum(), embedding.weight),
    )


# (b) Properties


def test_one_table_serves_both_ends():
    assert [tuple(parameter.shape) for parameter in Embedding(VOCAB, DIM).parameters()] == [(VOCAB, DIM)]


# (c) Bad input and edges


@pytest.mark.parametrize("wrong", [-1, VOCAB])
def test_a_number_without_a_row_is_refused(wrong):
    with pytest.raises(ValueError, match=rf"^embed needs numbers from 0 to 10 \(.*\), got token_ids=\[{wrong}\]\.$"):
        embed(torch.tensor([[3, wrong]]), draw(VOCAB, DIM))


def test_no_tokens_and_half_precision():
    assert embed(torch.zeros(0, 5, dtype=torch.long), draw(VOCAB, DIM)).shape == (0, 5, DIM)
    assert embed(draw_ids(1), draw(VOCAB, DIM, dtype=torch.float16)).dtype == torch.float16
    assert unembed(draw(1, DIM, dtype=torch.bfloat16), draw(VOCAB, DIM, dtype=torch.bfloat16)).dtype == torch.bfloat16


# (d) Gradients


def test_gradients():
    table = draw(VOCAB, DIM).requires_grad_()
    assert torch.autograd.gradcheck(lambda table: embed(draw_ids(2, 3), table), table)
    assert torch.autograd.gradcheck(unembed, (draw(2, 3, DIM, seed=1).requires_grad_(), table))


def test_only_rows_that_were_looked_up_learn_and_one_looked_up_twice_gets_the_sum():
    table = draw(VOCAB, DIM).requires_grad_()
    direction = draw(3, DIM, seed=2)
    (gradient,) = torch.autograd.grad((embed(torch.tensor([4, 7, 4]), table) * direction).sum(), table)
    assert (gradient.abs().amax(-1) > 0).nonzero()[:, 0].tolist() == [4, 7]
    torch.testing.assert_close(gradient[4], direction[0] + direction[2])


def test_tied_to_the_output_every_row_learns():
    ours = Embedding(VOCAB, DIM)
    logits = ours.logits(ours(torch.tensor([4, 7, 4])))
    functional.cross_entropy(logits, torch.tensor([7, 4, 1])).backward()
    assert (ours.table.grad.abs().amax(-1) > 0).all()


# (e) The paper's claim in miniature


def test_why_the_root_of_dim_belongs_to_this_start():
    # Vaswani et al., section 3.4, multiply the embedding by √dim. With rows of length 1 the position codes, of norm
    # √(dim / 2), would drown the words; with the factor both have numbers of one size. As output weights the rows give
    # logits of variance 1 for a token of variance 1: the factor there would make them √dim times too large.
    dim = 512
    embedding = Embedding(1000, dim)
    initialize(embedding, generator=torch.Generator().manual_seed(0))
    words = embedding(torch.arange(1000)).detach()
    positions = sinusoidal(50, dim)
    torch.testing.assert_close(words.norm(dim=-1).mean(), torch.tensor(1.0), rtol=0.01, atol=0)
    assert positions.norm(dim=-1).mean() / words.norm(dim=-1).mean() > 15
    torch.testing.assert_close((dim**0.5 * words).std(), torch.tensor(1.0), rtol=0.01, atol=0)
    tokens = draw(200, dim, dtype=torch.float32)
    torch.testing.assert_close(embedding.logits(tokens).std().detach(), torch.tensor(1.0), rtol=0.02, atol=0)
