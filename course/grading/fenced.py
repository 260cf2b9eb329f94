"""The child's side of the fence: shut every door, then run a submission's functions on the inputs that lie ready.

It runs by itself (`python -I -S -B fenced.py ORDERS`) in a folder to which it has been copied, beside the package with
the submission's functions in it and the drivers; nothing in its reach says what is right. ORDERS is a JSON file:
drivers by name, limits, folders. For each test n it leaves out/n.npz, or out/n.json that says what went wrong.

Doors, from the strongest: the kernel's own (Landlock: no file but those allowed; seccomp: no process, thread, socket or
signal), where Linux has them; resource limits; an audit hook, which works everywhere and says in words what is refused.
"""

import contextlib
import importlib
import io
import json
import os
import platform
import resource
import struct
import sys
import traceback

ORDERS = json.load(open(sys.argv[1], encoding="utf-8"))  # noqa: SIM115
BOX = os.path.dirname(os.path.realpath(__file__))
HOME, OUT = os.path.join(BOX, "home"), os.path.join(BOX, "out")
sys.path[:] = [BOX, *(path for path in sys.path if path and os.path.isdir(path)), *ORDERS["libraries"]]

import numpy as np  # noqa: E402

LONGEST = 600  # characters of a message
# numbers of the system calls by which a process makes others, talks to them or signals them
FORBIDDEN_CALLS = {
    "x86_64": (0xC000003E, (41, 42, 49, 53, 56, 57, 58, 59, 62, 101, 160, 165, 200, 234, 272, 302, 310, 311, 321, 322,
                            424, 425, 434, 435)),
    "aarch64": (0xC00000B7, (198, 199, 200, 203, 220, 221, 129, 117, 164, 40, 130, 131, 97, 261, 270, 271, 280, 281,
                             424, 425, 434, 435)),
}  # fmt: skip
REFUSED = ("subprocess.", "socket.", "ctypes.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn",
           "os.startfile", "pty.", "os.kill", "os.putenv", "os.unsetenv", "_thread.start", "sys.addaudithook", "gc.",
           "resource.", "signal.pthread_kill", "urllib.", "ftplib.", "http.", "smtplib.", "webbrowser.",
           "sys.setprofile", "sys.settrace", "os.chflags", "fcntl.", "mmap.")  # fmt: skip
LOOKS = ("os.listdir", "os.scandir", "os.walk", "os.fwalk", "os.chdir", "glob.")
CHANGES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.chown",
           "os.truncate", "os.utime", "os.mkfifo", "os.mknod", "os.setxattr", "shutil.")  # fmt: skip


def limit():
    """Resource limits: CPU time, memory, size of files, open files; no core dumps, no further processes."""
    seconds, memory, size = ORDERS["cpu_seconds"], ORDERS["memory"], ORDERS["file_size"]
    for name, soft, hard in (
        ("RLIMIT_CPU", seconds, seconds),  # soft and hard: the kernel kills, and no signal can be ignored
        ("RLIMIT_AS", memory, memory),
        ("RLIMIT_FSIZE", size, size),
        ("RLIMIT_NOFILE", 64, 64),
        ("RLIMIT_CORE", 0, 0),
        ("RLIMIT_NPROC", 1, 1),
    ):
        with contextlib.suppress(ValueError, OSError, AttributeError):
            resource.setrlimit(getattr(resource, name), (soft, hard))


def shut():
    """The kernel's doors, each where the system has it."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    alone = hasattr(libc, "prctl") and not libc.prctl(38, 1, 0, 0, 0)  # no new privileges, which both need
    if not (alone and _landlock(libc, ctypes)):
        _step_down()
    if alone:
        _seccomp(libc, ctypes)


def _landlock(libc, ctypes):
    """Read the libraries, write the home and the results; no other file can be opened. False where it is missing."""
    abi = libc.syscall(444, None, 0, 1) if sys.platform == "linux" else 0
    if abi < 1:
        return False
    everything = (1 << (13 + (abi >= 2) + (abi >= 3))) - 1
    reading, writing = 0b1101, everything
    rules = libc.syscall(444, ctypes.byref(ctypes.c_uint64(everything)), 8, 0)
    allowed = [(path, reading) for path in ORDERS["readable"]] + [(HOME, writing), (OUT, writing)]
    for path, access in allowed:
        with contextlib.suppress(OSError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            if not os.path.isdir(path):
                access &= 0b0110 | 1  # of a file: execute, write, read
            libc.syscall(445, rules, 1, struct.pack("=Qi", access, place), 0)
            os.close(place)
    done = libc.syscall(446, rules, 0) == 0
    os.close(rules)
    return done


def _step_down(nobody=65534):
    """Where root grades without Landlock, as in a container: go on as nobody, who cannot read what is root's alone."""
    needed = {os.path.realpath(path) for path in (os.__file__, np.__file__, BOX)}
    parents = {
        os.path.sep.join(path.split(os.path.sep)[:n]) or os.path.sep
        for path in needed
        for n in range(1, path.count(os.path.sep) + 1)
    }
    if os.geteuid() or not all(os.stat(folder).st_mode & 1 for folder in parents):
        return
    for folder in (HOME, OUT):
        os.chown(folder, nobody, nobody)
    os.setgroups([])
    os.setgid(nobody)
    os.setuid(nobody)


def _seccomp(libc, ctypes):
    """Calls of FORBIDDEN_CALLS fail with "operation not permitted"."""
    if platform.machine() not in FORBIDDEN_CALLS or sys.platform != "linux":
        return
    architecture, calls = FORBIDDEN_CALLS[platform.machine()]
    refuse, allow = 0x00050001, 0x7FFF0000
    program = [(0x20, 0, 0, 4), (0x15, 1, 0, architecture), (0x06, 0, 0, refuse), (0x20, 0, 0, 0)]
    program += [(0x35, 0, 1, 0x40000000), (0x06, 0, 0, refuse)]  # another set of numbers for the same calls
    for call in calls:
        program += [(0x15, 0, 1, call), (0x06, 0, 0, refuse)]
    program.append((0x06, 0, 0, allow))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    libc.prctl(
        22, 2, ctypes.byref(ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code))))
    )


def hook(realpath=os.path.realpath, fspath=os.fspath, separator=os.sep):
    """The audit hook: refuses what a solution never needs, in words."""
    writable = tuple(folder + separator for folder in (HOME, OUT))
    readable = tuple(ORDERS["readable"])
    for_writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def within(path, folders):
        return any(
            path == folder.rstrip(separator) or path.startswith(folder.rstrip(separator) + separator)
            for folder in folders
        )

    def watch(event, arguments):
        if event.startswith(REFUSED):
            raise PermissionError(f"the grader does not allow {event} in a submission")
        if event != "open" and not event.startswith(LOOKS + CHANGES):
            return
        for place in arguments[: 2 if event in ("os.rename", "os.link", "os.symlink") else 1]:
            if not isinstance(place, str | bytes) and not hasattr(place, "__fspath__"):
                continue  # a file that is open already
            path = realpath(fspath(place))
            path = path.decode(errors="replace") if isinstance(path, bytes) else path
            writes = arguments[2] & for_writing if event == "open" else event.startswith(CHANGES)
            if path != "/dev/null" and not within(path, writable if writes else readable):
                doing = "open for writing" if writes else "open"
                raise PermissionError(f"the grader does not let a submission {doing} {os.path.basename(path) or path}")

    sys.addaudithook(watch)


def plain(outputs):
    """The outputs as plain float64 arrays of a sensible size; TypeError or ValueError says what is none."""
    arrays, total = {}, 0
    for name, value in outputs.items():
        if value is None:
            raise TypeError(f"{name} is None")
        array = np.asarray(value)
        if type(array) is not np.ndarray or array.dtype.kind not in "fciub":
            raise TypeError(f"{name} is of type {type(value).__name__}, not an array of numbers")
        total += array.nbytes
        if total > ORDERS["file_size"] // 2:
            raise ValueError(f"{name} has the shape {array.shape}, far more numbers than belong there")
        arrays[name] = np.array(array, dtype=complex if array.dtype.kind == "c" else float)
    return arrays


def wrong(error):
    """What went wrong, in a sentence with the function and the line in which it did."""
    lines = [
        frame for frame in traceback.extract_tb(error.__traceback__) if f"{os.sep}gca_scratch{os.sep}" in frame.filename
    ]
    where = f" (in {lines[-1].name}, at the line `{lines[-1].line}`)" if lines else ""
    try:
        message = str(error)
    except BaseException:  # an exception of the submission's own making
        message = ""
    if type(error).__module__ == "course.drivers.driver" and type(error).__name__ == "Asked":
        return message[:LONGEST]
    if isinstance(error, NotImplementedError) and lines:
        return f"{lines[-1].name} is still blank"
    if isinstance(error, SystemExit):
        return f"the code ends the program (SystemExit){where}; a function returns its results"
    if isinstance(error, MemoryError):
        return f"the code needs more memory than the grader gives it{where}"
    if isinstance(error, RecursionError):
        return f"the code calls itself without end (RecursionError){where}"
    return f"{type(error).__name__}: {message[:LONGEST]}{where}"


def leave(n, arrays=None, error=None):
    """Leave the results of test n, whole or not at all."""
    if error is None:
        file = io.BytesIO()
        np.savez(file, **arrays)
        content, name = file.getvalue(), f"{n}.npz"
    else:
        content, name = json.dumps({"error": error[: 2 * LONGEST]}).encode(), f"{n}.json"
    with open(os.path.join(OUT, "part"), "wb") as file:
        file.write(content)
    os.rename(os.path.join(OUT, "part"), os.path.join(OUT, name))


def main():
    """Run every test in turn; what a test breaks ends with it, as far as the process lives on."""
    tests = []
    for n, name in enumerate(ORDERS["tests"]):
        with np.load(os.path.join(BOX, "in", f"{n}.npz"), allow_pickle=False) as file:
            tests.append((name, {key: value.item() if value.ndim == 0 else value for key, value in file.items()}))
    import threadpoolctl

    found = threadpoolctl.ThreadpoolController().lib_controllers  # it looks into /proc, which is out of reach later
    threadpoolctl.ThreadpoolController.__init__ = lambda self: setattr(self, "lib_controllers", found)
    os.chdir(HOME)
    for name in ORDERS["preload"]:
        importlib.import_module(name)
    limit()
    if ORDERS["kernel"]:
        shut()
    if ORDERS["hook"]:
        hook()
    sys.path.append(os.path.join(BOX, "beside"))  # helper files, which come last and when all doors are shut
    drivers = importlib.import_module("course.drivers").DRIVERS
    for n, (name, inputs) in enumerate(tests):
        try:
            outputs = drivers[name].run(lambda module: importlib.import_module(f"gca_scratch.{module}"), inputs)
            leave(n, arrays=plain(outputs))
        except BaseException as error:
            leave(n, error=wrong(error))
    os._exit(0)


if __name__ == "__main__":
    main()
