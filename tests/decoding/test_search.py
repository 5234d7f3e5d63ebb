"""Greedy and beam search find what brute force finds, and keep each hypothesis' memory with it."""

from itertools import pairwise

import pytest
import torch

from tests.decoding.table_model import SOURCE, VOCAB, Memory, TableModel, all_sequences, score_of
from transformer_edu.decoding import beam_search, coverage_penalty, greedy, length_penalty, reorder
from transformer_edu.machines import END, PAD, START, Step

SOURCES = torch.tensor([[3, 4, 4], [4, 3, PAD]])
LONGEST = 4
EVERYTHING = VOCAB**LONGEST


# (a) Oracle: brute force over every sequence


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("alpha", "beta"), [(0.0, 0.0), (0.6, 0.0), (1.0, 0.4), (0.0, 2.0)])
def test_a_beam_that_keeps_everything_finds_the_best_of_all(seed, alpha, beta):
    model, sources = TableModel(seed), SOURCES[1:]
    found = beam_search(model, sources, width=EVERYTHING, longest=LONGEST, alpha=alpha, beta=beta)

    def score(tokens, log_probability, coverage):
        penalty = coverage_penalty(coverage, beta=beta, real=sources[0] != PAD)
        return log_probability / length_penalty(torch.tensor(len(tokens)), alpha=alpha) + penalty

    best = max(all_sequences(model, sources, longest=LONGEST), key=lambda sequence: score(*sequence))
    assert found.tokens.tolist() == best[0]
    torch.testing.assert_close(found.score, score(*best))
    torch.testing.assert_close(found.log_probability, best[1])


@pytest.mark.parametrize("width", [1, 2, 3, 7])
def test_every_kept_hypothesis_has_its_own_probability_and_coverage(width):
    # Each hypothesis is walked again from the start: a state that went to a stranger would give other numbers.
    for seed in range(5):
        model, sources = TableModel(seed), SOURCES[:1]
        for kept in beam_search(model, sources, width=width, longest=LONGEST, alpha=0.6, beta=0.2).steps:
            for tokens, log_probability, score, finished, _, coverage in zip(*kept, strict=True):
                _, expected, covered = score_of(model, sources, tokens.tolist())
                torch.testing.assert_close(log_probability, expected)
                torch.testing.assert_close(coverage, covered)
                penalty = length_penalty(torch.tensor(len(tokens)), alpha=0.6)
                torch.testing.assert_close(score, expected / penalty + coverage_penalty(covered, beta=0.2))
                assert finished.item() == (tokens[-1] == END).item()


def test_greedy_step_by_step():
    model = TableModel(2)
    written = greedy(model, SOURCES, longest=LONGEST)
    for row, source in enumerate(SOURCES[:, None]):
        state, last, total = model.start(source), torch.tensor([START]), 0.0
        for place, token in enumerate(written.tokens[row].tolist()):
            logits, weights, state = model.step(last, state)[:3]
            assert token == logits[0].argmax()
            torch.testing.assert_close(written.weights[row, place], weights[0])
            total, last = total + logits.log_softmax(-1)[0, token], logits.argmax(-1)
            if token == END:
                break
        torch.testing.assert_close(written.log_probabilities[row], total)


# (b) Properties and limits


@pytest.mark.parametrize("seed", range(20))
def test_a_beam_of_width_one_is_greedy(seed):
    model, sources = TableModel(seed), SOURCES[:1]
    one, wrote = beam_search(model, sources, width=1, longest=6), greedy(model, sources, longest=6)
    assert one.tokens.tolist() == wrote.tokens[0].tolist()
    torch.testing.assert_close(one.log_probability, wrote.log_probabilities[0])


def test_a_step_keeps_the_best_continuations_of_those_that_go_on():
    model, sources = TableModel(1), SOURCES[:1]
    model.table[:, END] -= 2  # few texts end early, so that the search goes on
    steps = beam_search(model, sources, width=3, longest=LONGEST).steps
    for before, kept in pairwise(steps):
        assert len(kept.tokens) <= 3 and (kept.log_probabilities.diff() <= 0).all()
        going = before.tokens[~before.finished].tolist()
        assert kept.tokens[:, :-1].tolist() == [going[parent] for parent in kept.parents]
        grown = [score_of(model, sources, [*tokens, token])[1] for tokens in going for token in range(VOCAB)]
        torch.testing.assert_close(kept.log_probabilities, torch.stack(grown).topk(len(kept.tokens)).values)
    assert len(steps) == LONGEST


def test_stopping_early_changes_nothing_but_the_work():
    # With α = 0 nothing unfinished can overtake once its log P is below the best finished one.
    stopped = 0
    for seed in range(20):
        model, sources = TableModel(seed, spread=2.0), SOURCES[:1]
        found = beam_search(model, sources, width=4, longest=8)
        finished = [score for kept in found.steps for score in kept.log_probabilities[kept.finished].tolist()]
        if len(found.steps) < 8 and finished:
            stopped += 1
            going = found.steps[-1].log_probabilities[~found.steps[-1].finished]
            assert found.score == max(finished) and (going <= found.score).all()
    assert stopped > 10


class Sure:
    """The empty text has probability 0.5; a text of three words has 0.45, and is certain once it has begun."""

    def start(self, sources):
        return sources[:, :1] * 0

    def step(self, tokens, state):
        first, last = torch.tensor([0.0, 0.0, 0.5, 0.45, 0.05]), torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0])
        going = torch.tensor([0.0, 0.0, 0.0, 1.0, 0.0])
        rows = torch.stack([first, going, going, last]).log()
        return Step(rows[state[:, 0]], None, state + 1)


def test_the_search_does_not_stop_before_a_longer_text_could_win():
    # At step 1 the empty text leads, by its score too. A bound with the present length in the place of the longest one
    # would stop here; but the other text loses no more, and its penalty grows.
    for alpha, words in ((0.0, 0), (1.0, 3)):
        found = beam_search(Sure(), SOURCES[:1], width=2, longest=6, alpha=alpha)
        assert found.tokens.tolist() == [*[3] * words, END]
        assert found.steps[0].scores[0] > found.steps[0].scores[1]
    torch.testing.assert_close(found.score, torch.tensor(0.45).log() / (9 / 6))


def test_a_wider_beam_can_find_worse():
    # Not a bug: what the second hypothesis leads to can push out the beginning of what greedy would have found.
    for seed in (15, 19, 25):
        model = TableModel(seed)
        model.table[:, END] -= 0.5
        narrow, wide = (beam_search(model, SOURCES[:1], width=width, longest=12) for width in (1, 2))
        assert narrow.tokens[-1] == wide.tokens[-1] == END
        assert wide.score < narrow.score


def test_a_row_of_a_batch_is_written_as_if_it_were_alone():
    for attention in (True, False):
        model = TableModel(4, attention=attention)
        together = greedy(model, SOURCES, longest=7)
        assert (together.weights is None) == (not attention)
        for row, source in enumerate(SOURCES[:, None]):
            alone = greedy(model, source, longest=7)
            length = alone.tokens.shape[1]
            assert together.tokens[row, :length].equal(alone.tokens[0])
            assert (together.tokens[row, length:] == PAD).all()
            torch.testing.assert_close(together.log_probabilities[row], alone.log_probabilities[0])


def test_what_has_ended_costs_no_more_steps():
    model = TableModel(0)
    model.table[:, END] += 50
    written = greedy(model, SOURCES, longest=9)
    assert written.tokens.tolist() == [[END], [END]] and model.steps == 1
    assert beam_search(model, SOURCES[:1], width=2, longest=9).tokens.tolist() == [END] and model.steps == 2


def test_reorder_follows_nested_states():
    state = Memory((torch.tensor([[1, 2], [3, 4], [5, 6]]), None), torch.tensor([7, 8, 9]))
    new = reorder(state, torch.tensor([2, 0, 2, 1]))
    assert isinstance(new, Memory) and new.read[1] is None
    assert new.read[0].tolist() == [[5, 6], [1, 2], [5, 6], [3, 4]] and new.print.tolist() == [9, 7, 9, 8]


# (c) Bad input and edges


def test_bad_input():
    model = TableModel()
    for width in (0, -2):
        with pytest.raises(ValueError, match=rf"^beam_search needs width >= 1 \(.*\), got width={width}\.$"):
            beam_search(model, SOURCES[:1], width=width, longest=3)
    with pytest.raises(ValueError, match=r"^beam_search needs longest >= 1 \(.*\), got longest=0\.$"):
        beam_search(model, SOURCES[:1], width=2, longest=0)
    with pytest.raises(ValueError, match=r"^greedy needs longest >= 1 \(.*\), got longest=0\.$"):
        greedy(model, SOURCES, longest=0)
    with pytest.raises(ValueError, match=r"^beam_search needs a model with attention weights .*, got beta=0\.2\.$"):
        beam_search(TableModel(attention=False), SOURCES[:1], width=2, longest=3, beta=0.2)
    with pytest.raises(ValueError, match=r"^reorder needs tensors, None or tuples .*, got state=\[3\]\.$"):
        reorder([3], torch.tensor([0]))


@pytest.mark.usefixtures("unchecked")
def test_one_source_at_a_time():
    with pytest.raises(ValueError, match=r"^beam_search needs one source .*, got sources\.shape=\(2, 3\)\.$"):
        beam_search(TableModel(), SOURCES, width=2, longest=3)


def test_nothing_ends_in_time():
    model = TableModel(0)
    model.table[:, END] -= 50
    found = beam_search(model, SOURCES[:1], width=3, longest=2, alpha=0.6)
    assert len(found.tokens) == 2 and END not in found.tokens
    torch.testing.assert_close(found.score, found.steps[-1].scores.max())
    assert greedy(model, SOURCES, longest=2).tokens.shape == (2, 2)


def test_edges(device):
    model = TableModel(3, dtype=torch.float32)
    assert greedy(model, SOURCES[:0], longest=3).tokens.shape[0] == 0
    one = beam_search(model, SOURCES[:1].to(device), width=2, longest=1, beta=0.1)
    assert one.tokens.shape == (1,) and len(one.steps) == 1 and one.steps[0].coverage.shape == (2, SOURCE)
    half = TableModel(3, dtype=torch.float16)
    ours = beam_search(half, SOURCES[:1].to(device), width=2, longest=3, alpha=0.6, beta=0.1)
    assert ours.score.dtype == torch.float16 and ours.tokens.device.type == device


# (d) Gradients: none may flow, and none is remembered


def test_no_gradient_is_kept():
    model = TableModel(0)
    model.table.requires_grad_()
    assert not greedy(model, SOURCES, longest=3).log_probabilities.requires_grad
    assert not beam_search(model, SOURCES[:1], width=2, longest=3).score.requires_grad


# (e) The paper's claim in miniature


class Hesitant:
    """Each next word is one of three, equally likely; the text may also end, with probability 0.3."""

    def start(self, sources):
        return sources

    def step(self, tokens, state):
        row = torch.tensor([0.0, 0.0, 0.3, 0.6, 0.1], dtype=torch.float64).log()
        return Step(row.expand(len(tokens), -1), None, state)


def test_search_for_the_most_probable_text_finds_the_empty_one():
    # Wu et al., section 7: without length normalization beam search favors short results. Every text of this model has
    # about 3 tokens on average; the most probable single one is empty. α restores length, a wide beam does not.
    for width in (3, 10):
        lengths = [
            len(beam_search(Hesitant(), SOURCES[:1], width=width, longest=9, alpha=alpha).tokens)
            for alpha in (0.0, 0.6, 1.0, 2.0)
        ]
        assert lengths[0] == 1 and lengths == sorted(lengths) and lengths[-1] > 3
