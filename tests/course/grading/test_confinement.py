"""The filter of system calls, run by a small interpreter of its own, for both kinds of processors."""

import struct

import pytest

from transformer_edu_course.grading import confinement
from transformer_edu_course.grading.confinement import (
    CLONE,
    CLONE3,
    DENIED,
    MACHINES,
    MMAP,
    SOCKET,
    SOCKETPAIR,
    system_call_filter,
)
from transformer_edu_course.grading.missing_sandbox import cure

ALLOW, EPERM, ENOSYS, EAFNOSUPPORT, KILL = 0x7FFF0000, 0x50001, 0x50026, 0x50061, 0x80000000


def verdict(machine: str, number: int, argument: int = 0, *, fourth: int = 0, audit: int | None = None) -> int:
    """Run the filter as the kernel does (Documentation/networking/filter.rst): loads, jumps, returns."""
    data = {0: number, 4: MACHINES[machine][1] if audit is None else audit, 16: argument & 0xFFFFFFFF, 40: fourth}
    program = list(struct.iter_unpack("HBBI", system_call_filter(machine)))
    place = accumulator = 0
    while True:
        code, true, false, value = program[place]
        place += 1
        if code == 0x20:
            accumulator = data[value]
        elif code == 0x54:
            accumulator &= value
        elif code == 0x06:
            return value
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[code]
            place += true if holds else false


machines = pytest.mark.parametrize("machine", MACHINES)


@machines
def test_every_listed_call_is_refused(machine):
    column = MACHINES[machine][0]
    assert {verdict(machine, numbers[column]) for numbers in DENIED.values()} == {EPERM}


@machines
def test_all_other_calls_pass(machine):
    column = MACHINES[machine][0]
    listed = {numbers[column] for numbers in [*DENIED.values(), CLONE, CLONE3, SOCKET, SOCKETPAIR]}
    assert {verdict(machine, number) for number in range(460) if number not in listed} == {ALLOW}


@machines
def test_processes_and_threads_pass_but_no_new_namespace(machine):
    column = MACHINES[machine][0]
    for flags in (0x11, 0x01200011, 0x003D0F00):  # vfork-like, fork of glibc, pthread_create
        assert verdict(machine, CLONE[column], flags) == ALLOW
    for new in (0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x02000000):
        assert verdict(machine, CLONE[column], 0x11 | new) == EPERM
    assert verdict(machine, CLONE3[column]) == ENOSYS


@machines
def test_sockets_of_three_families_pass(machine):
    column = MACHINES[machine][0]
    for call in (SOCKET[column], SOCKETPAIR[column]):
        assert {verdict(machine, call, family) for family in (1, 2, 10)} == {ALLOW}
        assert {verdict(machine, call, family) for family in (0, 16, 17, 31, 38, 40)} == {EAFNOSUPPORT}


@machines
def test_memory_is_private_or_has_a_file(machine):
    column = MACHINES[machine][0]
    assert {verdict(machine, MMAP[column], fourth=flags) for flags in (0x21, 0x23, 0x8021, 0x100021)} == {EPERM}
    assert {verdict(machine, MMAP[column], fourth=flags) for flags in (0x22, 0x01, 0x02, 0x20022)} == {ALLOW}


def test_another_architecture_and_its_numbers_do_not_slip_through():
    assert verdict("x86_64", 0, audit=0x40000003) == KILL  # 32-bit calls
    assert verdict("x86_64", 0x40000000 + 165) == ENOSYS  # x32 calls


def test_the_numbers_are_those_of_this_machines_kernel():
    """Ask the C library's own header, through the one list that Python carries: none. So call two of them."""
    import ctypes
    import platform

    libc, column = ctypes.CDLL(None, use_errno=True), MACHINES[platform.machine()][0]
    assert libc.syscall(DENIED["memfd_create"][column], b"x", 0) > 0
    assert libc.syscall(DENIED["personality"][column], 0xFFFFFFFF) >= 0


def test_an_unknown_processor_is_refused():
    with pytest.raises(ValueError, match=r"processor that it knows \(x86_64 or aarch64\), got machine='riscv64'"):
        system_call_filter("riscv64")


def test_a_failed_call_says_which():
    with pytest.raises(OSError, match="umount2: "):
        confinement._call("umount2", b"/nowhere", 0)


# The cures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value", "command"),
    [
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("kernel/unprivileged_userns_clone", "0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=10000"),
    ],
)
def test_a_setting_that_blocks_gets_its_command(tmp_path, setting, value, command):
    file = tmp_path / "proc/sys" / setting
    file.parent.mkdir(parents=True)
    file.write_text(value + "\n")
    told = cure("bwrap: setting up uid map: Permission denied", tmp_path)
    assert command in told
    assert "bwrap: setting up uid map: Permission denied" in told
    file.write_text("1\n" if value == "0" else "0\n")
    assert command not in cure("bwrap: x", tmp_path)


def test_a_container_is_recognized_where_namespaces_fail(tmp_path):
    (tmp_path / ".dockerenv").touch()
    assert "docker run --security-opt seccomp=unconfined" in cure(
        "bwrap: No permissions to create new namespace", tmp_path
    )
    assert "docker" not in cure("ModuleNotFoundError: No module named 'torch'", tmp_path)
