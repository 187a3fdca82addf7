"""Locks the process of a student's code in: no files but its own, no network, limited memory.

Four layers, from the surest on: limits of the kernel on memory, files and processor time; Landlock,
which forbids all files but a list, connections, and signals to others; namespaces, which take away
the network, the sight of other processes and the disk; and an audit hook, which turns an attempt
into an error that says in words what is forbidden. The first is on every Unix, Landlock on Linux
from 5.13 on, namespaces where the system allows them to users. `homework-grade` says which hold.
"""

import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

MEMORY = 4 * 2**30  # bytes that a student's process may hold
LARGEST_FILE = 10 * 2**20  # bytes
DISK = "64m"  # of its folder, where namespaces allow a file system of its own
OPEN_FILES = 256

# Numbers of the kernel: <linux/landlock.h>, <sched.h>, <sys/mount.h>, <sys/prctl.h>.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
OF_FILES_ALONE = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14 | 1 << 15
TCP_FROM, SCOPES_FROM = 4, 6  # versions of Landlock
NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PROCESSES, NEW_NETWORK = (
    0x00020000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
NAMESPACES = NEW_USER | NEW_MOUNTS | NEW_PROCESSES | NEW_NETWORK | NEW_IPC
PRIVATE_RECURSIVE = 0x40000 | 0x4000
PARENT_DEATH_SIGNAL, NO_NEW_PRIVILEGES = 1, 38

# What Python, NumPy and TensorFlow read, beside the packages and the course.
SYSTEM = ("/usr", "/lib", "/lib64", "/etc", "/proc/self", "/proc/cpuinfo", "/proc/meminfo")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

libc = ctypes.CDLL(None, use_errno=True)


def landlock_version() -> int:
    """Returns the version of Landlock that the kernel has, 0 where it has none."""
    if sys.platform != "linux":
        return 0
    return max(libc.syscall(CREATE_RULESET, None, 0, 1), 0)


def _call(name, result):
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def forbid_files(readable: Iterable[str | Path], writable: Iterable[str | Path]) -> None:
    """Forbids this process all files but these, for ever, with Landlock.

    Where the kernel knows how, it forbids TCP connections and signals to other processes too.

    Args:
        readable: files and folders to read.
        writable: files and folders to read and write.

    Raises:
        OSError: if the kernel refuses.
    """
    version = landlock_version()
    files = FILE_RIGHTS[max(known for known in FILE_RIGHTS if known <= version)]
    network = 0b11 if version >= TCP_FROM else 0
    scopes = 0b11 if version >= SCOPES_FROM else 0
    fields = [files, network, scopes][: 1 + (version >= TCP_FROM) + (version >= SCOPES_FROM)]
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = _call("Landlock", libc.syscall(CREATE_RULESET, attributes, len(attributes), 0))
    read = EXECUTE | READ_FILE | READ_DIR
    for paths, rights in ((readable, read), (writable, files)):
        for path in paths:
            try:
                descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            allowed = rights & files
            if not Path(path).is_dir():
                allowed &= OF_FILES_ALONE
            rule = struct.pack("=Qi", allowed, descriptor)
            _call("Landlock", libc.syscall(ADD_RULE, ruleset, 1, rule, 0))
            os.close(descriptor)
    _call("prctl", libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _call("Landlock", libc.syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def enter_namespaces(folder: Path) -> bool:
    """Gives the process and its children a network, a process table and a folder of their own.

    Processes forked after this cannot see others, and end when the first of them ends.

    Returns:
        False where the system does not allow it to this user.
    """
    if sys.platform != "linux":
        return False
    user, group = os.getuid(), os.getgid()
    if libc.unshare(NAMESPACES) != 0:
        return False
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _call("mount", libc.mount(b"none", b"/", None, PRIVATE_RECURSIVE, None))
    size = f"size={DISK},mode=700".encode()
    _call("mount", libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, size))
    return True


def end_with_parent() -> None:
    """Has the kernel kill this process when the one that started it ends."""
    if sys.platform == "linux":
        libc.prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def limit_resources() -> None:
    """Limits memory, the size and number of open files, and core dumps."""
    for name, value in (
        ("RLIMIT_DATA", MEMORY),
        ("RLIMIT_AS", 2 * MEMORY),
        ("RLIMIT_FSIZE", LARGEST_FILE),
        ("RLIMIT_NOFILE", OPEN_FILES),
        ("RLIMIT_CORE", 0),
    ):
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


FORBIDDEN = {
    "os.fork": "start other processes",
    "os.forkpty": "start other processes",
    "os.posix_spawn": "start other programs",
    "os.exec": "start other programs",
    "os.system": "start other programs",
    "subprocess.Popen": "start other programs",
    "os.kill": "send signals",
    "os.killpg": "send signals",
    "socket.connect": "use the network",
    "socket.bind": "use the network",
    "socket.getaddrinfo": "use the network",
    "socket.gethostbyname": "use the network",
}


def explain_what_is_forbidden() -> None:
    """Has Python refuse what a homework has no need of, with an error that says so."""

    def refuse(event, arguments, forbidden=FORBIDDEN):
        if event in forbidden:
            raise PermissionError(f"a homework that is graded may not {forbidden[event]}")

    sys.addaudithook(refuse)


def namespaces_allowed() -> bool:
    """Says whether this system lets this user make namespaces: only a try can tell."""
    if sys.platform != "linux":
        return False
    child = os.fork()
    if child == 0:
        os._exit(0 if libc.unshare(NAMESPACES) == 0 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def promise() -> str:
    """Says in a sentence or two what locks students' code in on this system."""
    version = landlock_version()
    if not version:
        return "Students' code runs unprotected."
    parts = ["the files of others"]
    if version >= TCP_FROM:
        parts.append("TCP connections")
    if version >= SCOPES_FROM:
        parts.append("signals to others")
    sentence = f"The kernel forbids students' code {', '.join(parts)} (Landlock {version})"
    if namespaces_allowed():
        return f"{sentence}, and gives it a network, processes and a disk of its own."
    return f"{sentence}; this system gives users no namespaces."


@dataclass(frozen=True)
class Strength:
    """Which layers lock code in."""

    namespaces: bool
    landlock: int


def strongest() -> Strength:
    """Returns all that this system has."""
    return Strength(namespaces_allowed(), landlock_version())


def weakest() -> Strength:
    """Returns what every system has."""
    return Strength(False, 0)


def lock_in(
    readable: Iterable[str | Path],
    folder: Path,
    announce: Callable[[int], None],
    strength: Strength,
) -> None:
    """Locks this process in, for ever. Call it in a fresh fork with one thread.

    Where namespaces are allowed, the caller comes back as a child of the process that entered,
    which waits and passes on nothing.

    Args:
        readable: files and folders that the student's code may read, beside the system's.
        folder: the empty folder that it may write, its working directory from now on.
        announce: called with the number of the process to kill, as other processes see it.
    """
    os.setsid()
    end_with_parent()
    if strength.namespaces and enter_namespaces(folder):
        child = os.fork()
        if child:
            announce(child)
            os.waitpid(child, 0)
            os._exit(0)
        end_with_parent()
    else:
        announce(os.getpid())
    os.chdir(folder)
    os.environ["TMPDIR"] = os.environ["HOME"] = str(folder)
    limit_resources()
    if strength.landlock:
        forbid_files([*SYSTEM, *readable], [*DEVICES, folder])
    explain_what_is_forbidden()
