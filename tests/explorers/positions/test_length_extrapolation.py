"""What is drawn is what was committed: three seeds and their median."""

import torch

from transformer_edu.data import sequences
from transformer_edu.explorers.positions.length_extrapolation import KINDS, TASKS, extrapolation, length_extrapolation
from transformer_edu.studies import length_extrapolation as study
from transformer_edu.studies import measured


def test_it_offers_what_was_measured():
    assert tuple(study.KINDS) == KINDS and TASKS == sequences.TASKS


def test_the_lines_are_the_committed_runs():
    answer = extrapolation(task="reverse", kind="rotary", other="T5")
    for side, kind in (("kind", "rotary"), ("other", "T5")):
        runs = measured("length_extrapolation").where(task="reverse", kind=kind)
        for measure in ("tokens_right", "answers_right"):
            for seed in range(3):
                torch.testing.assert_close(answer[f"{side}_{measure}_{seed}"], torch.tensor(runs[seed][measure]))
            middle = torch.tensor([sorted(run[measure][i] for run in runs)[1] for i in range(13)])
            torch.testing.assert_close(answer[f"{side}_{measure}"], middle)
    assert answer["lengths"].tolist() == runs[0]["lengths"]
    assert float(answer["kind_at_16"]) == float(answer["kind_tokens_right"][runs[0]["lengths"].index(16)])


def test_the_prediction_came_out_as_said():
    answer = extrapolation(task="copy", kind="sinusoidal", other="ALiBi")
    assert float(answer["kind_at_8"]) > 0.95 and float(answer["kind_at_16"]) < 0.5
    assert length_extrapolation.prediction.right == 2
