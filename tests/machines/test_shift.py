"""Teacher forcing: the target, one place to the right."""

import pytest
import torch

from transformer_edu.machines import END, PAD, START, shift_right, transformer
from transformer_edu.training import initialize

# (a) Oracle


def test_it_is_hugging_faces_shift():
    from transformers.models.marian.modeling_marian import shift_tokens_right

    targets = torch.tensor([[5, 3, 4, END], [6, END, PAD, PAD]])
    expected = shift_tokens_right(targets, pad_token_id=PAD, decoder_start_token_id=START)
    assert shift_right(targets).equal(expected)


# (b) Properties


@pytest.mark.parametrize("batch", [(), (2,), (2, 4)])
def test_position_t_reads_what_position_t_minus_1_writes(batch):
    targets = torch.randint(3, 9, (*batch, 5), generator=torch.Generator().manual_seed(0))
    shifted = shift_right(targets, start=7)
    assert shifted.shape == targets.shape and shifted.dtype == targets.dtype
    assert shifted[..., 1:].equal(targets[..., :-1])
    assert (shifted[..., 0] == 7).all()


# (c) Edges


def test_one_token_and_none(device):
    assert shift_right(torch.tensor([[5]], device=device)).tolist() == [[START]]
    assert shift_right(torch.zeros(3, 0, dtype=torch.long)).shape == (3, 0)
    assert shift_right(torch.zeros(0, 3, dtype=torch.int32)).shape == (0, 3)


# (e) The claim in miniature


def test_without_the_shift_the_answer_is_in_sight():
    # What each logit depends on: with the shift, on earlier targets; without, on the very target that it must predict.
    model = transformer(7, 9, dim=8, heads=2, hidden=16, layers=1)
    initialize(model, generator=torch.Generator().manual_seed(0))
    sources, targets = torch.tensor([[3, 4]]), torch.tensor([[5, 3, 6, 4]])
    changed = targets.clone()
    changed[0, 2] = 7

    def moved(read):
        return ((model(sources, read(targets)).logits - model(sources, read(changed)).logits).abs().amax(-1) > 0)[0]

    assert moved(shift_right).tolist() == [False, False, False, True]
    assert moved(lambda targets: targets).tolist() == [False, False, True, True]
