"""Find out whether the grader's sandbox works here, or make it work: `python tools/sandbox.py --install`.

It installs a package. It changes a setting of the kernel only on a machine that is made for one run and thrown away
afterwards (there, the variable CI says so); elsewhere it prints the command.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGE = ["apt-get", "install", "-y", "--no-install-recommends", "bubblewrap"]
APPARMOR = "kernel.apparmor_restrict_unprivileged_userns"
ELSEWHERE = """There is no sandbox on {system}: bubblewrap needs Linux. The tests of the grader do not run here."""
CURE = """{trouble}

The tests of the grader need its sandbox, and it does not work here. Do what stands above, then run make test again."""


def trouble() -> str | None:
    """Open a room in the real sandbox; return what kept it from working and the cure, or None."""
    from transformer_edu_course.grading.missing_sandbox import REFUSED, Blocked
    from transformer_edu_course.grading.sandbox import Limits, Sandbox

    sandbox = Sandbox(Limits())
    try:
        sandbox.open().close()
    except Blocked as blocked:
        return str(blocked).removesuffix(REFUSED).rstrip()  # that part is about notebooks
    finally:
        sandbox.close()
    return None


def setting(name: str, root: Path = Path("/proc/sys")) -> str:
    """Return the value of a setting of the kernel, or nothing where this kernel has none of that name."""
    try:
        return (root / name.replace(".", "/")).read_text().strip()
    except OSError:
        return ""


def install_commands(
    *, installed: bool, debian: bool, root: bool, restricted: bool, disposable: bool
) -> list[list[str]]:
    """Return the commands that make the sandbox work. `sudo -n` asks for no password: it works, or it ends at once."""
    commands = [["apt-get", "update"], PACKAGE] if debian and not installed else []
    if restricted and disposable:
        commands.append(["sysctl", "-w", f"{APPARMOR}=0"])
    return commands if root else [["sudo", "-n", *command] for command in commands]


def install() -> None:
    """Run what may help here, and show it."""
    commands = install_commands(
        installed=shutil.which("bwrap") is not None,
        debian=shutil.which("apt-get") is not None,
        root=os.geteuid() == 0,
        restricted=setting(APPARMOR) == "1",
        disposable=os.environ.get("CI") == "true",
    )
    for command in commands:
        print("The sandbox does not work yet. Trying: " + " ".join(command), flush=True)
        try:
            subprocess.run(command, timeout=600, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        except (OSError, subprocess.SubprocessError) as error:
            print(error, file=sys.stderr)


def main(arguments: list[str]) -> int:
    if not sys.platform.startswith("linux"):
        print(ELSEWHERE.format(system="macOS" if sys.platform == "darwin" else sys.platform), file=sys.stderr)
        return 1
    found = trouble()
    if found and "--install" in arguments:
        install()
        found = trouble()
    if found:
        print(CURE.format(trouble=found), file=sys.stderr)
        return 1
    print(f"The sandbox works: {shutil.which('bwrap')}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
