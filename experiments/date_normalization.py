"""Learn to rewrite dates: a Transformer, an LSTM with additive attention, and an LSTM with one fixed vector.

    python experiments/date_normalization.py

About ten minutes on one core; stopped, it goes on where it was. Every run may use the same processor time, about
50 seconds of one core, so that the slower models take fewer steps. Seconds are processor seconds of one thread, for
training only: on a busy machine the clock on the wall says more. It writes transformer_edu/studies/results/dates.json
and the weights of seed 0 beside it.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from transformer_edu.data.dates import TARGET_LENGTH, decode_answers, encode_spellings, exact_match
from transformer_edu.decoding import beam_search
from transformer_edu.studies import measure_all
from transformer_edu.studies.committed import FOLDER
from transformer_edu.studies.dates_models import date_model, held_out_dates, write_dates
from transformer_edu.studies.dates_training import train_dates

UNFINISHED = Path(__file__).resolve().parent.parent / "_build" / "experiments"
STEPS = {"transformer": 2500, "recurrent": 1000, "fixed vector": 1900}
SETTINGS = (
    {"model": "transformer", "schedule": "linear", "smoothing": 0.0},
    {"model": "recurrent", "schedule": "linear", "smoothing": 0.0},
    {"model": "fixed vector", "schedule": "linear", "smoothing": 0.0},
)
SEEDS = (0, 1, 2)


def run(*, model: str, schedule: str, smoothing: float, seed: int) -> dict[str, Any]:
    """Train one model; return its learning curve, its accuracy on 1000 held-out dates, and every error."""
    machine, test = date_model(model, seed=seed), held_out_dates(1000)
    learned = train_dates(machine, seed=seed, steps=STEPS[model], schedule=schedule, smoothing=smoothing)
    written = write_dates(machine, test.spellings)
    if seed == 0 and schedule == "linear" and smoothing == 0 and model != "fixed vector":
        save_file({name: tensor.half() for name, tensor in machine.state_dict().items()}, weights_file(model))
    return {
        "parameters": sum(parameter.numel() for parameter in machine.parameters()),
        "accuracy": exact_match(written, test.answers),
        "errors": [
            triple for triple in zip(test.spellings, written, test.answers, strict=True) if triple[1] != triple[2]
        ],
        "beam_of_4": beam_accuracy(machine, width=4, count=500),
    } | {name: [round(value, 4) for value in values] for name, values in learned._asdict().items()}


def beam_accuracy(machine: torch.nn.Module, *, width: int, count: int) -> float:
    """Return the share of the first held-out dates that a beam writes without a fault."""
    test = held_out_dates(1000)
    found = [
        beam_search(machine, encode_spellings([spelling]), width=width, longest=TARGET_LENGTH + 1, alpha=0.6).tokens
        for spelling in test.spellings[:count]
    ]
    return exact_match([decode_answers(tokens[None])[0] for tokens in found], test.answers[:count])


def weights_file(model: str) -> Path:
    """Say where the weights of a model go."""
    return FOLDER / f"dates_{model}.safetensors"


if __name__ == "__main__":
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    print(measure_all("dates", run, settings=SETTINGS, seeds=SEEDS, unfinished=UNFINISHED))
