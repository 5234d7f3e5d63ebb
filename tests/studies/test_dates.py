"""The models of the date task are built, taught and read out alike, and the same seed gives the same run."""

from datetime import date

import pytest
import torch

from transformer_edu.data.dates import date_batch, days_of, encode_spellings
from transformer_edu.machines import shift_right
from transformer_edu.studies import dates, measured, measured_weights
from transformer_edu.studies.dates import at_seconds, learning_rate, logits_of, train_dates
from transformer_edu.studies.dates_models import date_model, heads_on_date, held_out_dates, load_date_model, write_dates
from transformer_edu.training import noam_rate

KINDS = ("transformer", "recurrent", "fixed vector")


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_one_model_and_leaves_the_shared_randomness_alone(kind):
    before = torch.random.get_rng_state()
    first, same, other = (date_model(kind, seed=seed) for seed in (3, 3, 4))
    assert torch.random.get_rng_state().equal(before)
    for one, two in zip(first.parameters(), same.parameters(), strict=True):
        assert one.equal(two)
    assert not all(one.equal(two) for one, two in zip(first.parameters(), other.parameters(), strict=True))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("kind", KINDS)
def test_a_short_run_learns_and_is_repeated_to_the_last_digit(kind):
    few = held_out_dates(8)
    runs = [train_dates(date_model(kind, seed=1), seed=1, steps=7, every=3, held_out=few) for _ in range(2)]
    assert runs[0].steps == [3, 6, 7] and runs[0].losses == runs[1].losses
    assert runs[0].losses[-1] < runs[0].losses[0]
    assert all(earlier < later for earlier, later in zip([0.0, *runs[0].seconds], runs[0].seconds, strict=False))
    assert len(runs[0].accuracies) == 3


def test_the_fast_path_scores_alike(generator):
    batch = date_batch(5, generator=generator)
    model, read = load_date_model("transformer"), shift_right(batch.targets)
    torch.testing.assert_close(logits_of(model, batch.sources, read), model(batch.sources, read).logits)


def test_two_ways_down_from_one_peak():
    linear, noam = (learning_rate(schedule, steps=1000) for schedule in ("linear", "noam"))
    for rate in (linear, noam):
        assert rate(200) == pytest.approx(0.004) == pytest.approx(2 * rate(100))
    assert linear(600) == pytest.approx(0.002) and linear(1000) == 0
    assert (
        noam(800)
        == pytest.approx(0.002)
        == pytest.approx(0.004 * noam_rate(800, dim=64, warmup=200) * 64**0.5 * 200**0.5)
    )
    assert learning_rate("linear", steps=100)(100) == 0


def test_the_test_set_is_always_the_same_and_held_out():
    first, again = held_out_dates(30), held_out_dates(60)
    assert first.answers != [] and held_out_dates(30).spellings == first.spellings
    held_out = set(days_of("held out").tolist())
    assert all(date.fromisoformat(answer).toordinal() in held_out for answer in again.answers)


@pytest.mark.parametrize("kind", KINDS)
def test_a_point_of_the_study_hands_up_what_the_pages_load(kind, monkeypatch):
    monkeypatch.setitem(dates.STEPS, kind, 2)
    monkeypatch.setattr(dates, "held_out_dates", lambda count: held_out_dates(3))
    monkeypatch.setattr(dates, "beam_accuracy", lambda *_, **__: 0.0)
    setting = next(setting for setting in dates.SETTINGS if setting["model"] == kind)
    told = {seed: dates.run(**setting, seed=seed) for seed in (0, 1)}
    weights = told[0].pop("weights", {})
    assert set(weights) == ({f"dates_{kind}"} if kind in dates.LOADED else set()) and "weights" not in told[1]
    for name, tensors in weights.items():
        committed = measured_weights(name)
        assert {key: tensor.shape for key, tensor in tensors.items()} == {k: t.shape for k, t in committed.items()}
    (committed,) = measured("dates").where(**setting, seed=0)
    assert {**setting, "seed": 0, **told[0]}.keys() == committed.keys()
    assert told[0]["parameters"] == committed["parameters"] and len(told[0]["errors"]) == 3


def test_reading_a_curve_at_given_seconds():
    run = {"seconds": [2.0, 4.0, 5.0], "accuracies": [0.2, 0.6, 0.5], "losses": [3.0, 2.0, 1.0]}
    assert at_seconds(run, [0, 1, 2, 3, 4.5, 5, 9]) == pytest.approx([0, 0.1, 0.2, 0.4, 0.55, 0.5, 0.5])
    assert at_seconds(run, [3], name="losses") == pytest.approx([2.5])


def test_weights_of_every_head_while_a_date_is_written():
    model = load_date_model("transformer")
    look = heads_on_date(model, "3 May 2019")
    assert look.written == [*"2019-05-03", "end"] and look.weights.shape == (1, 4, 11, 10)
    read = shift_right(torch.tensor([[5, 3, 4, 12]]))
    heads_on_date(model, "7 June 2020")  # leaves no hook behind
    assert len(model.decoder._forward_hooks) == 0
    assert model(encode_spellings(["3 May 2019"]), read).weights.shape == (1, 4, 10)


@pytest.mark.parametrize("kind", ["transformer", "recurrent"])
def test_loaded_models_write_dates_and_learn_no_more(kind):
    model = load_date_model(kind)
    assert not model.training and not any(parameter.requires_grad for parameter in model.parameters())
    assert write_dates(model, ["the third of May, 2019", "Dec 24, '97"]) == ["2019-05-03", "1997-12-24"]


@pytest.mark.usefixtures("unchecked")
def test_bad_input():
    with pytest.raises(ValueError, match=r"^date_model needs one of 'transformer', .* as kind, got kind='lstm'\.$"):
        date_model("lstm", seed=0)
    with pytest.raises(ValueError, match=r"got name='dates_fixed_vector'\.$"):
        load_date_model("fixed vector")
