"""Notebooks that no one would want to run: each with what it may earn at most. Used one by one and as a batch.

`GOOD` holds a whole solution. A hostile notebook puts its code before, between or instead of the answers. A number
beside a name is the exact mark that it gets: what it answered rightly counts, what it tampers with earns nothing.
"""

import json
import textwrap

SCORES = """
import torch

def scores(queries, keys):
    return queries @ keys.mT / queries.shape[-1] ** 0.5
"""
CAUSAL = """
import torch

def causal(size):
    return torch.ones(size, size).tril().bool()
"""
NUMBER = "from transformer_edu.exercises import mine\nedges = mine('tiny/q3') * 2"
GOOD = [SCORES, CAUSAL, NUMBER]
EMPTY = ["def scores(queries, keys):\n    ...", "def causal(size):\n    ...", "edges = ..."]
WRONG = ["def scores(queries, keys):\n    return queries @ keys.mT", "def causal(size):\n    return 1", "edges = -1"]


def notebook(cells: list[str], student: str = "ada", **more) -> bytes:
    """Write a notebook of these code cells, signed."""
    sources = [f"student_id = {student!r}", *cells]
    written = [
        {"cell_type": "code", "id": f"c{place}", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
        for place, text in enumerate(sources)
    ]
    whole = {"cells": written, "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | more
    return json.dumps(whole).encode("utf-8", "surrogatepass")


EARLY = """
import os
for f in range(3, 64):
    try: os.write(f, b'\\0\\0\\0\\2\\0\\0\\0\\0{}')
    except OSError: pass
"""
SWALLOW = """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""

# Code that runs before a whole solution: the answers are right, so all ten points stay.
BEFORE = {
    "exits": ("import sys; sys.exit(0)", 10),
    "exits at once": ("import os; os._exit(0)", 10),
    "reads address 0": ("import ctypes; ctypes.string_at(0)", 10),
    "kills itself": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 10),
    "kills process 1": ("import os; os.kill(1, 9)", 10),
    "kills all": ("import os; os.kill(-1, 9)", 10),
    "aborts": ("import os; os.abort()", 10),
    "stops itself": ("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", 10),
    "loops": ("while True:\n    pass", 10),
    "loops and swallows": (SWALLOW, 10),
    "sleeps": ("import time; time.sleep(1000)", 10),
    "blocks the alarm": ("import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\nwhile True: pass", 10),
    "waits for input": ("input()", 10),
    "raises": ("raise SystemExit('bye')", 10),
    "raises oddly": ("class Odd(BaseException):\n    def __str__(self): raise KeyError\nraise Odd", 10),
    "recurses": ("def f(): return f()\nf()", 10),
    "recurses in C": ("import sys; sys.setrecursionlimit(10**9)\ndef f(): return f()\nf()", 10),
    "takes memory": ("kept = [bytearray(2**28) for _ in range(64)]", 10),
    "takes memory as tensors": ("import torch; kept = [torch.ones(2**28) for _ in range(64)]", 10),
    "takes shared memory": ("import mmap; kept = [mmap.mmap(-1, 2**30) for _ in range(64)]", 10),
    "takes memory files": ("import os; kept = [os.memfd_create(str(n)) for n in range(64)]", 10),
    "fills the disk": ("with open('/tmp/full', 'wb') as file:\n    while True: file.write(bytes(2**20))", 10),
    "makes files": ("for n in range(10**6): open(f'/tmp/{n}', 'w').close()", 10),
    "opens files": ("kept = [open('/dev/null') for _ in range(10**6)]", 10),
    "forks": ("import os\nwhile True:\n    if os.fork() == 0: os._exit(0)", 10),
    "threads": ("import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(99,)).start()", 10),
    "prints for ever": ("while True: print('x' * 10**6)", 10),
    "prints a lot": ("for _ in range(100): print('x' * 10**6)", 10),
    "writes on all descriptors late": ("import atexit, os; atexit.register(lambda: os.write(3, b'x' * 99))", 10),
    "deletes the package": ("import shutil, transformer_edu; shutil.rmtree(transformer_edu.__path__[0])", 10),
    "deletes everything": ("import subprocess; subprocess.run('rm -rf / --no-preserve-root', shell=True)", 10),
    "writes outside": ("for place in ('/', '/usr', '/etc', '/dev', '/root', '/env/book'): open(place + '/x', 'w')", 10),
    "connects": ("import socket; socket.create_connection(('127.0.0.1', PORT), 2)", 10),
    "reaches the host": ("import socket; socket.socket(40, socket.SOCK_STREAM).connect((2, 22))", 10),
    "unshares": ("import os, ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0", 10),
    "debugs": ("import ctypes; ctypes.CDLL(None).ptrace(16, 1, 0, 0)", 10),
    "magics": ("%matplotlib inline\n!rm -rf /\n%%bash\nls", 10),
    "shell magic": ("!kill -9 1", 10),
    "deep brackets": ("x = " + "(" * 5000 + ")" * 5000, 10),
    "deep minus": ("x = " + "-" * 50000 + "1", 10),
    "long number": ("x = " + "9" * 100_000, 10),
    "NUL": ("x = 1\0", 10),
    "surrogate": ("x = '\ud800'", 10),
    "declares another coding": ("# -*- coding: utf-7 -*-\nx = 1", 10),
    "exhausts asynchronous I/O": (
        "import ctypes\nc = ctypes.CDLL(None)\nwhile c.syscall(206, 60000, ctypes.byref(ctypes.c_ulong(0))) == 0: pass",
        10,
    ),
    "makes timers": (
        "import ctypes\nc = ctypes.CDLL(None)\nwhile c.syscall(222, 1, 0, ctypes.byref(ctypes.c_int(0))) == 0: pass",
        10,
    ),
    "sends descriptors": (
        "import socket, os\nfor f in range(3, 64):\n    try:\n        s = socket.socket(fileno=os.dup(f))\n"
        "        while True: socket.send_fds(s, [b'x'], [0] * 100)\n    except OSError: pass",
        10,
    ),
    "drips bytes": (
        "import os, time\nfor f in range(3, 60):\n    try:\n        os.write(f, b'\\0\\0\\x10\\0\\0\\0\\0\\0')\n"
        "        while True: os.write(f, b'x'); time.sleep(.01)\n    except OSError: pass",
        10,
    ),
    "answers another request": (
        "import transformer_edu_course.grading.protocol as p\nold = p.pack\n"
        "p.pack = lambda m, *v: old(m | {'id': '0' * 24}, *v)",
        10,
    ),
    "answers in deep JSON": (
        "import transformer_edu_course.grading.protocol as p\nt = b'[' * 10**6\n"
        "p.pack = lambda m, *v: p.HEADER.pack(len(t), 0) + t",
        10,
    ),
    "names its process oddly": ("import ctypes; ctypes.CDLL(None).prctl(15, b') R 1 1 (', 0, 0, 0)", 10),
    "is not dumpable": (
        "import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\nkept = [bytearray(2**28) for _ in range(64)]",
        10,
    ),
    "is stopped by its child": (
        "import os, time\np = os.getpid()\nif os.fork() == 0:\n    os.kill(p, 19); os._exit(0)\ntime.sleep(.3)",
        10,
    ),
    "spins in many sessions": (
        "import os\nfor _ in range(9):\n    if os.fork() == 0:\n        os.setsid()\n        while True: pass",
        10,
    ),
    "opens terminals": ("import os\nkept = [os.openpty() for _ in range(15)]", 10),
}

SEARCH = """
import os

LIBRARIES = 'proc sys dev usr bin sbin lib lib64 site-packages .venv .git'.split()  # and /env/0: too long a walk
found = []
for folder, inside, names in os.walk('/'):
    inside[:] = [name for name in inside if name not in LIBRARIES and not name.isdigit()]
    for name in names:
        if name.endswith(('.py', '.ipynb', '.json')):
            try:
                with open(os.path.join(folder, name), errors='replace') as file:
                    text = file.read()
            except OSError:
                continue
            if {sought}:
                found.append(os.path.join(folder, name))
if found:
{answers}
"""


def looking_for(sought: str) -> str:
    """Write code that searches every file for what is `sought`, and answers rightly as soon as it has found one."""
    return SEARCH.format(sought=sought, answers=textwrap.indent("\n".join(GOOD), "    "))


SEARCHES = {
    "hidden tests": looking_for("""'"hidden-test:q' in text"""),  # in sources, as texts and as notebooks
    "the seed": looking_for("name == 'grading.json'"),
}
# Code that stands with wrong answers and tries to look right.
FORGED = {
    "patches allclose": ("import torch\ntorch.allclose = torch.isclose = torch.equal = lambda *_, **__: True", 0),
    "patches assert": ("import builtins\nbuiltins.AssertionError = None\nbuiltins.abs = lambda _: 0", 0),
    "patches the judge": ("import transformer_edu.exercises.judge as j\nj.same = lambda *_, **__: True", 0),
    "patches the frames": ('import json\njson.dumps = lambda *_, **__: \'{"done": true, "values": []}\'', 0),
    "patches pack": (
        "import transformer_edu_course.grading.protocol as p\n"
        "p.pack = lambda message, *values: b'\\0\\0\\0\\2\\0\\0\\0\\0{}'",
        0,
    ),
    "answers twice": (
        "import transformer_edu_course.grading.protocol as p\nold = p.pack\np.pack = lambda m, *v: old(m, *v) * 2",
        0,
    ),
    "claims done": (
        "import transformer_edu_course.grading.protocol as p\nold = p.pack\n"
        "p.pack = lambda m, *v: old({'id': m['id'], 'done': True})",
        0,
    ),
    "claims a pass": (
        "import transformer_edu_course.grading.protocol as p\nold = p.pack\n"
        "p.pack = lambda m, *v: old(m | {'points': 10, 'state': 'passed'}, *v)",
        0,
    ),
    "prints points": ("print('points: 10/10, 100 %, all tests passed')", 0),
    "answers early": (
        EARLY,
        0,
    ),
    "writes rubbish": (
        "import os\nfor f in range(3, 64):\n    try: os.write(f, os.urandom(999))\n    except OSError: pass",
        0,
    ),
    "announces gigabytes": (
        "import os\nfor f in range(3, 64):\n    try: os.write(f, b'\\xff' * 8)\n    except OSError: pass",
        0,
    ),
    "hangs up": ("import os\nos.closerange(0, 4096)", 0),
    "empties later cells": ("get_ipython().events.register('pre_run_cell', lambda *_: None); In = []", 0),
    "always equal": (
        "class Right(float):\n    __eq__ = __lt__ = __gt__ = lambda *_: True\n    __hash__ = None\n"
        "class T(__import__('torch').Tensor):\n    __eq__ = lambda *_: True\n"
        "edges = Right(3)\ndef scores(q, k): return T()\ndef causal(n): return T()",
        0,
    ),
    "returns objects": ("def scores(q, k): return object()\ndef causal(n): return lambda: 1\nedges = {}", 0),
    "returns too much": (
        "from torch import zeros\ndef scores(q, k): return zeros(10**8)\ndef causal(n): return [0] * 10**7",
        0,
    ),
    "returns itself": (
        "edges = []\nedges.append(edges)\ndef scores(q, k): return edges\ndef causal(n): return edges",
        0,
    ),
    "returns NaN": ("import torch\ndef scores(q, k): return (q @ k.mT) * float('nan')\nedges = float('nan')", 0),
    "opens pickles": (
        "import os\nclass Evil:\n    def __reduce__(self): return os.system, ('touch /tmp/evil',)\n"
        "edges = Evil()\ndef scores(q, k): return Evil()",
        0,
    ),
} | {f"looks for {name}": (code, 0) for name, code in SEARCHES.items()}

CALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
if libc.{} < 0:
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
"""

# What has to fail where it is tried, and how: then the sandbox did it, not luck.
FORBIDDEN = {
    "a user namespace": (CALL.format("unshare(0x10000000)"), "Operation not permitted"),
    "a network namespace": (CALL.format("unshare(0x40000000)"), "Operation not permitted"),
    "a clone with a namespace": (CALL.format("syscall(56, 0x10000011, 0, 0, 0, 0)"), "Operation not permitted"),
    "a mount": (CALL.format("mount(b'tmpfs', b'/tmp', b'tmpfs', 0, None)"), "Operation not permitted"),
    "an unmount": (CALL.format("umount2(b'/tmp', 2)"), "Operation not permitted"),
    "a new root": ("import os; os.chroot('/tmp')", "Operation not permitted"),
    "a debugger": (CALL.format("ptrace(16, 1, 0, 0)"), "Operation not permitted"),
    "a memory file": ("import os; os.memfd_create('x')", "Operation not permitted"),
    "shared memory of System V": (CALL.format("shmget(1, 4096, 0o1600)"), "Operation not permitted"),
    "io_uring": (CALL.format("syscall(425, 1, 0)"), "Operation not permitted"),
    "a key": (CALL.format("syscall(248, b'user', b'x', b'y', 1, -2)"), "Operation not permitted"),
    "becoming root": ("import os; os.setuid(0)", "Invalid argument"),
    "a device": ("import os, stat; os.mknod('/tmp/x', stat.S_IFBLK, 1)", "Operation not permitted"),
    "another host name": ("import socket; socket.sethostname('x')", "Operation not permitted"),
    "a larger limit": ("import resource as r; r.setrlimit(r.RLIMIT_NPROC, (999, 999))", "not allowed to raise"),
    "higher priority": ("import os; os.nice(-5)", "Operation not permitted"),
    "the network": ("import socket; socket.create_connection(('192.0.2.1', 80), 1)", "Network is unreachable"),
    "the machine itself": ("import socket; socket.create_connection(('127.0.0.1', PORT), 1)", ""),
    "the host of a virtual machine": ("import socket; socket.socket(40, 1)", "Address family not supported"),
    "the kernel's own socket": ("import socket; socket.socket(16, 3)", "Address family not supported"),
    "a packet socket": ("import socket; socket.socket(17, 3)", "Address family not supported"),
    "writing the package": ("import transformer_edu as t; open(t.__file__, 'a')", "denied|Read-only"),
    "writing Python": ("import os; open(os.__file__, 'a')", "denied|Read-only"),
    "writing the root": ("open('/x', 'w')", "Read-only file system"),
    "writing devices": ("open('/dev/x', 'w')", "denied|Read-only"),
    "reading users": ("open('/etc/passwd')", "No such file"),
    "more than its disk": ("open('/tmp/x', 'wb').write(bytes(65 * 2**20))", "File too large"),
    "more disk in pieces": (
        "for n in range(99): open(f'/tmp/{n}', 'wb').write(bytes(2**20))",
        "No space left on device",
    ),
    "more shared files": (
        "for n in range(99): open(f'/dev/shm/{n}', 'wb').write(bytes(2**20))",
        "No space left on device",
    ),
    "more files": ("for n in range(5000): open(f'/tmp/{n}', 'w').close()", "No space left on device"),
    "more open files": ("kept = [open('/dev/null') for _ in range(200)]", "Too many open files"),
    "shared memory that no limit counts": ("import mmap; mmap.mmap(-1, 2**20)", "Operation not permitted"),
    "more memory": ("x = bytearray(3 * 2**30)", "MemoryError"),
    "more processes": (
        "import os, time\nfor _ in range(99):\n    if os.fork() == 0: time.sleep(99)",
        "Resource temporarily unavailable",
    ),
    "more threads": (
        "from threading import Event, Thread\nfor _ in range(99): Thread(target=Event().wait, daemon=True).start()",
        "can't start new thread",
    ),
}
