"""Say what keeps bubblewrap from working on this machine, and the exact commands that cure it."""

import os
import platform
import shutil
from pathlib import Path

INSTALL = {
    "apt-get": "sudo apt-get install bubblewrap",
    "dnf": "sudo dnf install bubblewrap",
    "zypper": "sudo zypper install bubblewrap",
    "pacman": "sudo pacman -S bubblewrap",
    "apk": "sudo apk add bubblewrap",
}
SETTINGS = {
    "kernel/apparmor_restrict_unprivileged_userns": ("1", "0", "AppArmor (as in Ubuntu 24.04) refuses user namespaces"),
    "kernel/unprivileged_userns_clone": ("0", "1", "this kernel refuses user namespaces to ordinary users"),
    "user/max_user_namespaces": ("0", "10000", "this machine allows no user namespaces"),
}
CONTAINER = """This looks like a container, and containers forbid what a sandbox needs. Start it with
    docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --cap-add SYS_ADMIN …
or grade on the machine itself."""
ELSEWHERE = """The sandbox needs Linux. On Windows install WSL 2 (wsl --install) and grade in there. On macOS grade in a
Linux virtual machine, for example with Lima (brew install lima, then limactl start)."""
REFUSED = """No notebook was graded. To grade work that you trust without a sandbox, add --unsafe-no-sandbox: then every
notebook can read and delete whatever you can."""


class Blocked(Exception):
    """Say that the sandbox cannot be built, and how to make it work."""


def cure(said: str, root: Path = Path("/")) -> str:
    """Turn what bubblewrap or the kernel said into the cause and the commands to type."""
    return "\n".join(filter(None, ["The sandbox does not work here.", *_causes(said, root), REFUSED]))


def _causes(said: str, root: Path) -> list[str]:
    if platform.system() != "Linux":
        return [ELSEWHERE]
    if "not found" in said and "bwrap" in said:
        known = [command for program, command in INSTALL.items() if shutil.which(program)]
        return [f"bubblewrap is not installed. Type:\n    {known[0] if known else INSTALL['apt-get']}"]
    causes = [f"It said: {said[-1500:]}" if said else "It ended without a word."]
    for setting, (bad, good, why) in SETTINGS.items():
        file = root / "proc/sys" / setting
        if file.is_file() and file.read_text().strip() == bad:
            name = setting.replace("/", ".")
            keep = f"echo {name}={good} | sudo tee -a /etc/sysctl.d/60-sandbox.conf"
            causes.append(f"The cause: {why}. Type:\n    sudo sysctl -w {name}={good}\nand to keep it:\n    {keep}")
    boxed = any((root / file).exists() for file in (".dockerenv", "run/.containerenv"))
    if boxed and any(word in said for word in ("namespace", "unshare", "mount", "Operation not permitted")):
        causes.append(CONTAINER)
    if "ermission denied" in said and os.geteuid() == 0:
        causes.append("As root, the sandbox runs as another user, who has to be able to read Python and this package.")
    return causes
