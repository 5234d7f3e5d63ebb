"""The three files of all-MiniLM-L6-v2 that we read, and the proof that they are the right ones."""

import hashlib
from pathlib import Path

MODEL = "sentence-transformers/all-MiniLM-L6-v2"  # its license is Apache-2.0
REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
SHA256 = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
}


def sha256(file: Path) -> str:
    """Compute the SHA-256 of a file: 64 hexadecimal digits that change when any bit of the file changes."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def find_fault(folder: Path) -> str | None:
    """Say what is wrong with the files in a folder; None means that all three are there and are the right ones."""
    for name, expected in SHA256.items():
        file = folder / name
        try:
            found = sha256(file)
        except FileNotFoundError:
            return f"there is no {name} in {folder}"
        except OSError as error:
            return f"{file} cannot be read ({error})"
        if found != expected:
            return f"{file} is damaged or another file: its SHA-256 is {found}, not {expected}"
    return None
