"""Shut a forked process in, inside the sandbox that bubblewrap built: namespaces, limits, and a filter of system calls.

Runs in the fork server's child before any line of a student's. Linux only; the libc is called through ctypes because
Python 3.11 has no `os.unshare`. Source of the numbers: linux/sched.h, linux/mount.h, linux/prctl.h, asm/unistd.h.
"""

import ctypes
import os
import platform
import resource
import struct

# The namespaces: user, mount, process, network, interprocess, host name.
NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 0x4000, 1 << 18
SET_NO_NEW_PRIVS, CAPBSET_DROP, SET_SECCOMP, SET_DUMPABLE = 38, 24, 22, 4
INSIDE = 65534  # the user that a student's code is, inside

_libc = ctypes.CDLL(None, use_errno=True)

# Calls that no exercise needs: they reach memory that no limit counts, kernel interfaces that strangers attack, or
# other namespaces. The two columns are the numbers on x86-64 and on arm64.
DENIED = {
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "unshare": (272, 97),
    "setns": (308, 268), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "bpf": (321, 280), "userfaultfd": (323, 282), "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "quotactl": (179, 60), "acct": (163, 89), "swapon": (167, 224),
    "swapoff": (168, 225), "reboot": (169, 142), "syslog": (103, 116), "personality": (135, 92),
    "landlock_create_ruleset": (444, 444), "landlock_add_rule": (445, 445), "landlock_restrict_self": (446, 446),
    "io_setup": (206, 0), "inotify_init1": (294, 26), "fanotify_init": (300, 262), "mq_open": (240, 180),
    "timer_create": (222, 107),
}  # fmt: skip
CLONE, CLONE3, SOCKET, SOCKETPAIR, MMAP = (56, 220), (435, 435), (41, 198), (53, 199), (9, 222)
SHARED_AND_NAMELESS = 0x21  # MAP_SHARED | MAP_ANONYMOUS: once unmapped, no limit counts such memory
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, and the architecture's audit number
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97


def become(user: int) -> None:
    """Turn from root into an ordinary user for good, who still owns what /proc tells of this process."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    _call("prctl", SET_DUMPABLE, 1, 0, 0, 0)


def enter_namespaces(*, scratch: int) -> None:
    """Leave the fork server's namespaces, with an empty /tmp of `scratch` bytes. The next fork is process 1 there."""
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEW_NAMESPACES)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{INSIDE} {user} 1"), ("gid_map", f"{INSIDE} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    quiet = MS_NOSUID | MS_NODEV
    owner = f"mode=700,uid={INSIDE},gid={INSIDE}"
    _mount("tmpfs", "/tmp", "tmpfs", quiet, f"size={scratch},nr_inodes=4096,{owner}")
    _mount("tmpfs", "/dev/shm", "tmpfs", quiet | MS_NOEXEC, f"size={scratch // 4},nr_inodes=256,{owner}")


def show_own_processes() -> None:
    """Give process 1 a /proc with nothing but its own, or an empty one where the kernel refuses."""
    quiet = MS_NOSUID | MS_NODEV | MS_NOEXEC
    try:
        _mount("proc", "/proc", "proc", quiet)
    except OSError:
        _mount("tmpfs", "/proc", "tmpfs", quiet | MS_RDONLY, "size=0,mode=555")


def give_up_privileges() -> None:
    """Drop every capability for good, and filter system calls from here on."""
    for capability in range(64):
        _libc.prctl(CAPBSET_DROP, capability, 0, 0, 0)
    header, nothing = struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[0] * 6)
    _call("capset", header, nothing)
    _call("prctl", SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    program = system_call_filter(platform.machine())
    buffer = ctypes.create_string_buffer(program, len(program))
    filter_ = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    _call("prctl", SET_SECCOMP, 2, filter_, 0, 0)


def set_limits(*, memory: int, seconds: int, scratch: int) -> None:
    """Limit what one process may take: memory beyond what it has now, processor time, files, processes."""
    limits = {
        resource.RLIMIT_AS: _address_space() + memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: scratch,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_NPROC: 16,
        resource.RLIMIT_SIGPENDING: 256,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for limit, value in limits.items():
        value = value if (hard := resource.getrlimit(limit)[1]) == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))


def _address_space() -> int:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def system_call_filter(machine: str) -> bytes:
    """Write the filter as a classic BPF program. Raises: ValueError for a processor whose numbers are not listed."""
    if machine not in MACHINES:
        known = " or ".join(MACHINES)
        raise ValueError(f"system_call_filter needs a processor that it knows ({known}), got machine={machine!r}.")
    column, audit = MACHINES[machine]
    load, equal, at_least, any_bit, mask, give = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
    number, architecture, first_argument, fourth_argument = 0, 4, 16, 40
    code = [(load, 0, 0, architecture), (equal, 1, 0, audit), (give, 0, 0, KILL), (load, 0, 0, number)]
    code += [(at_least, 0, 1, 0x40000000), (give, 0, 0, ERRNO | ENOSYS)]  # the x32 numbers
    for name in sorted(DENIED):
        code += [(equal, 0, 1, DENIED[name][column]), (give, 0, 0, ERRNO | EPERM)]
    code += [(equal, 0, 1, CLONE3[column]), (give, 0, 0, ERRNO | ENOSYS)]  # glibc then takes clone
    new = NEW_NAMESPACES | 0x02000000  # … and cgroup namespaces
    code += [(equal, 0, 3, CLONE[column]), (load, 0, 0, first_argument)]
    code += [(any_bit, 0, 1, new), (give, 0, 0, ERRNO | EPERM)]
    code += [(load, 0, 0, number), (equal, 0, 4, MMAP[column]), (load, 0, 0, fourth_argument)]
    code += [(mask, 0, 0, SHARED_AND_NAMELESS), (equal, 0, 1, SHARED_AND_NAMELESS), (give, 0, 0, ERRNO | EPERM)]
    code += [(load, 0, 0, number), (equal, 1, 0, SOCKET[column]), (equal, 0, 5, SOCKETPAIR[column])]
    code += [(load, 0, 0, first_argument), (equal, 3, 0, 1), (equal, 2, 0, 2), (equal, 1, 0, 10)]
    code += [(give, 0, 0, ERRNO | EAFNOSUPPORT)]
    code += [(give, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    texts = [text.encode() if text is not None else None for text in (source, target, kind)]
    _call("mount", *texts, ctypes.c_ulong(flags), options.encode() if options is not None else None)


def _call(name: str, *arguments) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
