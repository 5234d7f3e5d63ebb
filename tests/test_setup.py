"""The scripts behind `make`: they set up, build, serve and report, and say what to do where they cannot.

The setup runs in a copy of the tools with a Python and a pip that only pretend, so each case takes a moment.
"""

import ast
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools import affected, browser, first_cell, run_tests, sandbox, serve_book, write_lists

ROOT = Path(__file__).resolve().parent.parent
KERNEL = {"name": "python3", "display_name": "Python 3"}

# A Python that answers as version 3.12 (or FAKE_VERSION), makes environments that hold itself, and has a pip that
# does what FAKE_PIP says. It writes down each call of pip.
FAKE_PYTHON = """#!/bin/sh
case "$1 $2" in
  "-c "*) echo "${FAKE_VERSION:-3 12}" ;;
  "-m venv")
    if [ "$FAKE_PIP" = no-venv ]; then echo "Error: No module named ensurepip"; exit 1; fi
    mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip")
    echo "$*" >> "$FAKE_LOG"
    case "$FAKE_PIP" in
      network) echo "WARNING: Retrying after connection broken by 'NewConnectionError('failed to resolve')'"
               echo "ERROR: Could not find a version that satisfies the requirement torch (from versions: none)"
               exit 1 ;;
      disk) echo "ERROR: Could not install packages: [Errno 28] No space left on device"; exit 1 ;;
      missing) echo "ERROR: No matching distribution found for torch==2.13.0"; exit 1 ;;
      midway) case "$*" in *editable*) echo "ERROR: killed by a bug"; exit 1 ;; esac ;;
      hang) echo "Collecting torch"; sleep 100 ;;
    esac ;;
esac
exit 0
"""


@pytest.fixture
def checkout(tmp_path):
    """Return a folder that looks like a fresh checkout, with the pretending Python beside it."""
    folder = tmp_path / "a book"  # a space in the path is a usual cause of trouble
    (folder / "tools").mkdir(parents=True)
    for name in ("setup_environment.py", "serve_book.py"):
        shutil.copy(ROOT / "tools" / name, folder / "tools")
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "requirements.txt").write_text("torch==2.13.0\n")
    (folder / "requirements-test.txt").write_text("-r requirements.txt\npytest==9.2.0\n")
    fake = tmp_path / "fake-python"
    fake.write_text(FAKE_PYTHON)
    fake.chmod(0o755)
    return folder


def environment(checkout, **variables):
    settings = {"PYTHON": str(checkout.parent / "fake-python"), "FAKE_LOG": str(checkout.parent / "pip.log")}
    return {**os.environ, **settings, **variables}


def set_up(checkout, level="book", **variables):
    command = [sys.executable, "tools/setup_environment.py", level]
    settings = environment(checkout, **variables)
    return subprocess.run(command, cwd=checkout, env=settings, capture_output=True, text=True)


def pip_calls(checkout):
    log = checkout.parent / "pip.log"
    return log.read_text().splitlines() if log.exists() else []


def is_complete(checkout):
    return (checkout / ".venv" / "complete.json").exists()


def accept_interrupts():
    """Let a child hear SIGINT even where the tests run in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def load_setup():
    spec = importlib.util.spec_from_file_location("setup_environment", ROOT / "tools" / "setup_environment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Setting up ----------------------------------------------------------------------------------------------------------


def test_a_second_setup_does_nothing(checkout):
    assert set_up(checkout).returncode == 0
    assert is_complete(checkout)
    before = pip_calls(checkout)
    again = set_up(checkout)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert pip_calls(checkout) == before
    assert set_up(checkout, PYTHON="").stdout == ""  # the Python of the first time need not be named again


def test_the_tests_are_added_to_the_book(checkout):
    set_up(checkout)
    count = len(pip_calls(checkout))
    assert set_up(checkout, "tests").returncode == 0
    added = pip_calls(checkout)[count:]
    assert "-r requirements-test.txt" in added[0]
    assert set_up(checkout, "book").stdout == ""


def test_an_interruption_while_tests_are_added_starts_over(checkout):
    set_up(checkout)
    assert set_up(checkout, "tests", FAKE_PIP="network").returncode == 1
    assert not is_complete(checkout)
    (checkout / ".venv" / "leftover").write_text("half a package")
    assert set_up(checkout, "tests").returncode == 0
    assert not (checkout / ".venv" / "leftover").exists()


@pytest.mark.parametrize("change", ["lock", "python", "folder"])
def test_another_lock_python_or_folder_means_another_environment(checkout, change):
    set_up(checkout)
    variables = {}
    if change == "lock":
        (checkout / "requirements.txt").write_text("torch==2.14.0\n")
    elif change == "python":
        variables = {"FAKE_VERSION": "3 13"}
    else:
        checkout = checkout.rename(checkout.with_name("moved book"))
    result = set_up(checkout, **variables)
    assert result.returncode == 0
    assert "Starting over" in result.stdout


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("network", "could not reach the package index"),
        ("disk", "The disk filled up"),
        ("missing", "found no package for this machine.*torch==2.13.0"),
        ("midway", "killed by a bug"),
        ("no-venv", "apt-get install python3-venv"),
    ],
)
def test_a_failure_names_its_cure_and_the_next_run_recovers(checkout, trouble, message):
    result = set_up(checkout, FAKE_PIP=trouble)
    assert result.returncode == 1
    assert re.search(message, result.stderr, re.DOTALL)
    assert "Traceback" not in result.stderr
    assert "same command again" in result.stderr or "install one of them" in result.stderr
    assert not is_complete(checkout)
    assert set_up(checkout).returncode == 0
    assert is_complete(checkout)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_setup_recovers(checkout, how):
    command = [sys.executable, "tools/setup_environment.py", "book"]
    settings = environment(checkout, FAKE_PIP="hang")
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "preexec_fn": accept_interrupts}
    with subprocess.Popen(command, cwd=checkout, env=settings, text=True, **pipes) as process:
        while not pip_calls(checkout):
            time.sleep(0.05)
        process.send_signal(how)
        message = process.stderr.read() if how == signal.SIGINT else ""
        process.wait()
    assert ("starts over" in message) == (how == signal.SIGINT)
    assert not is_complete(checkout)
    assert set_up(checkout).returncode == 0
    assert is_complete(checkout)


def test_a_broken_python_in_the_environment_is_replaced(checkout):
    set_up(checkout)
    inside = checkout / ".venv" / "bin" / "python"
    inside.unlink()
    inside.symlink_to("/no/such/python")
    assert set_up(checkout).returncode == 0
    assert set_up(checkout).stdout == ""


def test_an_old_python_is_told_what_to_install(checkout):
    result = set_up(checkout, FAKE_VERSION="3 8")
    assert result.returncode == 1
    assert "needs Python 3.11 or newer" in result.stderr
    assert "Python 3.8" in result.stderr
    assert "brew install" in result.stderr
    assert not (checkout / ".venv").exists()


def test_a_newer_python_beside_an_old_one_is_found(tmp_path, monkeypatch):
    newer = tmp_path / "python3.12"
    newer.write_text(FAKE_PYTHON)
    newer.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    chosen = load_setup().choose_python(own=("/usr/bin/python3", (3, 9)), names=["python3.12"])
    assert chosen == (str(newer), (3, 12))


@pytest.mark.parametrize("name", ["setup_environment", "serve_book", "run_tests", "stage", "times"])
def test_the_scripts_that_start_first_can_be_read_by_an_old_python(name):
    assert ast.parse((ROOT / "tools" / f"{name}.py").read_text(encoding="utf-8"), feature_version=(3, 8))


def test_too_little_space_is_said_before_anything_is_written(checkout, monkeypatch):
    module = load_setup()
    monkeypatch.setattr(module, "FOLDER", str(checkout / ".venv"))
    monkeypatch.setattr(module, "SPACE", 1e18)
    with pytest.raises(module.SetupError, match="not enough free disk space"):
        module.make_environment(sys.executable)
    assert not (checkout / ".venv").exists()


def test_the_lock_is_exact_and_fits_the_package():
    pins = {}
    for name in ("requirements.txt", "requirements-test.txt"):
        for line in (ROOT / name).read_text().splitlines():
            if line and not line.startswith(("#", "-r")):
                match = re.fullmatch(r"([A-Za-z0-9_.-]+)==([A-Za-z0-9.]+)(?: ; sys_platform == \"\w+\")?", line)
                assert match, line
                pins[match[1].lower().replace("_", "-")] = match[2]
    assert pins["torch"] == "2.13.0"
    assert pins["jupyter-book"] == "1.0.4.post1"
    project = ROOT.joinpath("pyproject.toml").read_text()
    for name, bound in re.findall(r'^    "([a-z_]+)>=([\d.]+)",$', project, re.MULTILINE):
        have = [int(part) for part in re.findall(r"\d+", pins[name.replace("_", "-")])]
        assert have >= [int(part) for part in bound.split(".")], name


# make ----------------------------------------------------------------------------------------------------------------


def make(checkout, *arguments, **variables):
    settings = environment(checkout, **variables)
    settings.pop("MAKEFLAGS", None)
    command = ["make", *arguments]
    return subprocess.run(command, cwd=checkout, env=settings, capture_output=True, text=True)


def test_make_finds_no_python_and_says_so(checkout):
    empty = checkout.parent / "bin"
    empty.mkdir()
    for name in ("sh", "make", "echo"):
        (empty / name).symlink_to(shutil.which(name))
    result = make(checkout, "html", PATH=str(empty), PYTHON="")
    assert result.returncode != 0
    assert "There is no Python on this machine" in result.stdout


def test_make_stops_at_a_failed_setup(checkout):
    result = make(checkout, "html", FAKE_PIP="network")
    assert result.returncode != 0


def test_make_clean_removes_what_was_made_and_nothing_else(checkout):
    made = ["_build/html", ".venv/bin", ".venv-colab", "book/__pycache__", "transformer_edu.egg-info"]
    for name in [*made, "book/softmax"]:
        (checkout / name).mkdir(parents=True)
    assert make(checkout, "clean").returncode == 0
    left = {path.name for path in checkout.rglob("*")}
    assert left == {"Makefile", "book", "softmax", "tools", "setup_environment.py", "serve_book.py",
                    "requirements.txt", "requirements-test.txt"}  # fmt: skip


def test_the_ci_calls_the_command_of_the_readme():
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "exec make test"
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert re.search(r"^    make test\b", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


# Serving -------------------------------------------------------------------------------------------------------------


def serve(checkout, *arguments):
    command = [sys.executable, "tools/serve_book.py", *arguments]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True)


def test_serving_needs_a_book(checkout):
    result = serve(checkout)
    assert result.returncode == 1
    assert "make html" in result.stderr


@pytest.mark.parametrize(("port", "message"), [("0", "from 1 to 65535"), ("70000", "from 1 to 65535"), ("x", "PORT=x")])
def test_a_port_that_is_none_is_refused(checkout, port, message):
    result = serve(checkout, "--port", port)
    assert result.returncode == 2
    assert message in result.stderr


def test_a_taken_port_gets_a_clear_message(checkout):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = serve(checkout, "--check", "--port", str(port))
        assert result.returncode == 1
        assert f"Port {port} is taken" in result.stderr
        assert f"make book PORT={port + 1}" in result.stderr
        through_make = make(checkout, "book", f"PORT={port}", PYTHON=sys.executable)
    assert through_make.returncode != 0
    assert f"Port {port} is taken" in through_make.stderr
    assert not (checkout / ".venv").exists()  # said before the long work, not after it


def test_the_book_is_served_at_the_printed_address(checkout):
    site = checkout / "_build" / "html"
    site.mkdir(parents=True)
    (site / "index.html").write_text("a book")
    (site / "explorer.js").write_text("1")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "tools/serve_book.py", "--port", str(port)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": accept_interrupts}
    with subprocess.Popen(command, cwd=checkout, text=True, **pipes) as process:
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
        with urllib.request.urlopen(address) as page:
            assert page.read() == b"a book"
        with urllib.request.urlopen(f"{address}/explorer.js") as script:
            assert script.headers["Content-Type"] == "text/javascript"
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
        assert process.stderr.read() == ""
    assert serve_book.TYPES[".woff2"] == "font/woff2"


# The first cell ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["", "/", ".git", ".git/"])
def test_the_address_is_written_without_its_ending(ending):
    address = first_cell.normalize(f"https://github.com/ada/attention{ending}")
    assert address == "https://github.com/ada/attention"


@pytest.mark.parametrize("ending", ["", "/", ".git"])
def test_owner_means_that_no_address_is_known(ending):
    assert first_cell.normalize(f"https://github.com/OWNER/transformer_edu{ending}") is None


@pytest.mark.parametrize(
    "address",
    ["", None, "github.com/ada/x", "http://github.com/ada/x", 'https://github.com/ada/x")', "https://a.org/x"],
)
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ValueError, match=re.escape(repr(str(address or "")))):
        first_cell.normalize(address)


@pytest.mark.parametrize("branch", ["main", "fall-2027", "courses/fall", "part-1", None])
def test_the_package_is_installed_from_the_branch_of_the_settings(tmp_path, branch):
    settings = {"url": "https://github.com/ada/x.git"} | ({"branch": branch} if branch else {})
    (tmp_path / "_config.yml").write_text(yaml.safe_dump({"repository": settings}))
    assert first_cell.repository_address(tmp_path / "_config.yml") == f"https://github.com/ada/x@{branch or 'main'}"


@pytest.mark.parametrize("branch", ["fall 2027", 'x");', "a//b"])
def test_a_branch_that_is_none_is_refused(tmp_path, branch):
    settings = {"url": "https://a.org/b/c", "branch": branch}
    (tmp_path / "_config.yml").write_text(yaml.safe_dump({"repository": settings}))
    with pytest.raises(ValueError, match=re.escape(f"got {branch!r}")):
        first_cell.repository_address(tmp_path / "_config.yml")


def run_cell(line, *, installed):
    """Run a first cell with a package that is there or not; return what %pip was asked to do."""
    asked = []

    class Shell:
        def run_line_magic(self, name, text):
            asked.append(f"{name} {text}")

    names = {"get_ipython": Shell}
    finder = importlib.util.find_spec
    importlib.util.find_spec = lambda name: object() if installed else None
    try:
        exec(line, names)
    finally:
        importlib.util.find_spec = finder
    return asked


def test_the_first_cell_installs_only_where_it_must():
    line = first_cell.first_cell("https://github.com/ada/attention")
    assert "\n" not in line
    assert run_cell(line, installed=True) == []
    assert run_cell(line, installed=False) == ["pip install -q git+https://github.com/ada/attention"]


def test_the_first_cell_refuses_while_the_owner_is_not_known():
    line = first_cell.first_cell(None)
    assert "\n" not in line
    assert run_cell(line, installed=True) == []
    with pytest.raises(AssertionError, match=r"set repository\.url in _config\.yml"):
        run_cell(line, installed=False)


def test_one_line_of_the_settings_changes_every_notebook(tmp_path, capsys):
    (tmp_path / "book" / "softmax").mkdir(parents=True)
    (tmp_path / "book" / "plan.toml").write_text("")
    text = {"cell_type": "markdown", "metadata": {}, "source": ["# Naïve √d"]}
    page = {"cells": [text], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    paths = [tmp_path / "book" / "index.ipynb", tmp_path / "book" / "softmax" / "why.ipynb"]
    for path in paths:
        path.write_text(json.dumps(page), encoding="utf-8")
    for owner, expected in [
        ("OWNER", None),
        ("ada", "https://github.com/ada/x@main"),
        ("bob", "https://github.com/bob/x@main"),
    ]:
        (tmp_path / "_config.yml").write_text(f"repository:\n  url: https://github.com/{owner}/x\n")
        assert write_lists.main(tmp_path, make=write_lists.first_cells) == 0
        said = capsys.readouterr().out
        assert ("no Colab button" in said) == (owner == "OWNER")
        for path in paths:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            assert cells[0]["source"] == [first_cell.first_cell(expected)]
            assert cells[1:] == [text]
        times = [path.stat().st_mtime_ns for path in paths]
        assert write_lists.main(tmp_path, make=write_lists.first_cells) == 0
        assert times == [path.stat().st_mtime_ns for path in paths]
        capsys.readouterr()
    (tmp_path / "_config.yml").write_text("repository:\n  url: ada/x\n")
    assert write_lists.main(tmp_path, make=write_lists.first_cells) == 1


def test_the_outputs_of_a_notebook_are_stripped_and_its_ids_kept(tmp_path):
    """The command of CONTRIBUTING: explorers' state and outputs go, what tests and the build look for stays."""
    kept = {"tags": ["hide-input"]}
    ran = {"execution_count": 3, "outputs": [new_output("stream")]}
    cell = new_code_cell("1", id="a-cell", metadata=kept | {"execution": {}}, **ran)
    path = tmp_path / "page.ipynb"
    nbformat.write(new_notebook(cells=[cell], metadata={"widgets": {}, "kernelspec": KERNEL}), path)
    (option,) = re.findall(r"nbstripout (--\S+)", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    subprocess.run([sys.executable, "-m", "nbstripout", option, path], check=True)
    page = json.loads(path.read_text(encoding="utf-8"))
    assert page["metadata"] == {"kernelspec": KERNEL}
    stripped = {"cell_type": "code", "execution_count": None, "id": "a-cell", "metadata": kept, "outputs": []}
    assert page["cells"] == [stripped | {"source": ["1"]}]


# The browser ---------------------------------------------------------------------------------------------------------


def test_debian_installs_its_own_package_and_others_take_playwrights():
    assert browser.install_commands(debian=True, root=True, linux=True)[1] == browser.DEBIAN
    assert browser.install_commands(debian=True, root=False, linux=True) == [browser.PLAYWRIGHT]
    assert browser.install_commands(debian=False, root=True, linux=True)[0][-1] == "--with-deps"
    assert browser.install_commands(debian=False, root=False, linux=False) == [browser.PLAYWRIGHT]


def test_a_missing_browser_is_a_failure_with_the_command_to_type(monkeypatch, capsys):
    monkeypatch.setattr(browser, "find_browser", lambda: None)
    monkeypatch.setattr(browser.subprocess, "run", lambda *arguments, **options: None)
    monkeypatch.setattr(browser, "is_debian", lambda: True)
    assert browser.main(["--install"]) == 1
    assert "sudo apt-get install -y --no-install-recommends chromium" in capsys.readouterr().err


def test_a_browser_that_does_not_start_is_none(tmp_path, monkeypatch):
    shell = tmp_path / "chromium"
    shell.write_text("#!/bin/sh\nexit 1\n")
    shell.chmod(0o755)
    monkeypatch.setenv("TRANSFORMER_EDU_BROWSER", str(shell))
    assert browser.find_browser() is None


# The sandbox ---------------------------------------------------------------------------------------------------------


def commands(**facts):
    usual = {"installed": False, "debian": True, "root": False, "restricted": False, "disposable": False}
    return [" ".join(command) for command in sandbox.install_commands(**usual | facts)]


def test_bubblewrap_is_installed_without_a_password_or_not_at_all():
    assert commands(root=True) == ["apt-get update", "apt-get install -y --no-install-recommends bubblewrap"]
    assert commands() == [f"sudo -n {command}" for command in commands(root=True)]
    assert commands(debian=False) == commands(installed=True) == []


def test_a_setting_of_the_kernel_changes_only_on_a_machine_that_is_thrown_away():
    assert commands(installed=True, restricted=True) == []
    (line,) = commands(installed=True, restricted=True, disposable=True)
    assert line == "sudo -n sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"


def test_a_setting_is_read_where_the_kernel_has_it(tmp_path):
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel" / "apparmor_restrict_unprivileged_userns").write_text("1\n")
    assert sandbox.setting(sandbox.APPARMOR, tmp_path) == "1"
    assert sandbox.setting("kernel.no_such_setting", tmp_path) == ""


def test_a_sandbox_that_does_not_work_is_a_failure_with_the_cure(monkeypatch, capsys):
    tried = []
    monkeypatch.setattr(sandbox.sys, "platform", "linux")
    monkeypatch.setattr(sandbox, "trouble", lambda: "Type:\n    sudo apt-get install bubblewrap")
    monkeypatch.setattr(sandbox, "install", lambda: tried.append("once"))
    assert sandbox.main(["--install"]) == 1
    assert tried == ["once"]
    said = capsys.readouterr().err
    assert "sudo apt-get install bubblewrap" in said
    assert "run make test again" in said


def test_without_bubblewrap_the_tool_says_what_to_type():
    command = [sys.executable, "tools/sandbox.py"]
    settings = {"cwd": ROOT, "env": {**os.environ, "PATH": "/no/such/folder"}, "text": True, "timeout": 120}
    result = subprocess.run(command, capture_output=True, **settings)
    assert result.returncode == 1
    wanted = "bubblewrap is not installed" if sys.platform.startswith("linux") else "needs Linux"
    assert wanted in result.stderr
    assert "--unsafe-no-sandbox" not in result.stderr  # for notebooks that one trusts, not for tests


def test_there_is_no_sandbox_on_a_mac(monkeypatch, capsys):
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    assert sandbox.main(["--install"]) == 1
    assert "no sandbox on macOS" in capsys.readouterr().err


# The workflows -------------------------------------------------------------------------------------------------------

WORKFLOWS = ROOT / ".github" / "workflows"


def workflow(name):
    settings = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))
    return settings, settings[True]  # YAML reads the key `on` as true


def test_the_tests_run_on_two_systems_and_two_pythons_and_every_night():
    settings, events = workflow("tests")
    assert {"push", "pull_request", "schedule"} <= set(events)
    runs = settings["jobs"]["unit"]["strategy"]["matrix"]["include"]
    assert {run["python"] for run in runs} == {"3.11", "3.13"}
    assert {run["system"].split("-")[0] for run in runs} == {"ubuntu", "macos"}


def test_the_jobs_of_the_workflow_run_every_stage():
    settings, _ = workflow("tests")
    (command,) = [step for step in settings["jobs"]["unit"]["steps"] if "STAGES" in step.get("env", {})]
    named = {name for words in re.findall("'([a-z ]+)'", command["env"]["STAGES"]) for name in words.split()}
    assert {stage.name for stage in run_tests.stages()} <= named


def test_a_pull_request_runs_what_it_reaches():
    jobs = workflow("tests")[0]["jobs"]
    assert set(jobs["reached"]["outputs"]) == {"unit", "grading", "book", "colab"} <= affected.everything().keys()
    for name in ("grading", "book", "colab"):
        assert jobs[name]["if"] == f"needs.reached.outputs.{name} == 'true'"


def test_the_pages_are_published_one_at_a_time():
    settings, _ = workflow("pages")
    assert settings["concurrency"]["group"] == "pages"
    assert settings["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}
    uses = [step.get("uses", "") for job in settings["jobs"].values() for step in job["steps"]]
    assert any(use.startswith("actions/upload-pages-artifact") for use in uses)
    assert any(use.startswith("actions/deploy-pages") for use in uses)


def test_the_weekly_run_in_colab_opens_one_issue():
    settings, events = workflow("colab")
    assert events["schedule"]
    assert settings["permissions"]["issues"] == "write"
    steps = [step for job in settings["jobs"].values() for step in job["steps"]]
    text = "\n".join(step.get("run", "") for step in steps)
    assert "us-docker.pkg.dev/colab-images/public/runtime" in text
    (report,) = [step for step in steps if "gh issue create" in step.get("run", "")]
    assert report["if"] == "failure()"
    assert "gh issue list" in report["run"]


@pytest.mark.parametrize("path", sorted(WORKFLOWS.glob("*.yml")), ids=lambda path: path.stem)
def test_each_workflow_asks_for_its_rights_and_names_the_versions_of_actions(path):
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert settings["permissions"]
    for job in settings["jobs"].values():
        assert job["timeout-minutes"] <= 90
        assert all(re.search(r"@v\d+$", step["uses"]) for step in job["steps"] if "uses" in step)
