"""Locks the process of a student's code in: no files but its own, no network, limited memory.

Five layers: limits of the kernel on memory and files, on every Unix; on Linux a filter of system
calls (`seccomp`); Landlock, which forbids all files but a list, from 5.13 on; `namespaces`, which
take away the network, the sight of other processes and of the disk, where the system allows them to
users; and an audit hook, which turns an attempt into an error that says in words what is forbidden.
`homework-grade` says before it starts which hold, and what is open without the others.
"""

import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.homework import namespaces, seccomp
from tools.homework.namespaces import call, libc

LARGEST_FILE = 10 * 2**20  # bytes
OPEN_FILES = 256
NICE = 10  # so that the grader, and who waits beside it, come first

# Numbers of the kernel: <linux/landlock.h>, <sched.h>, <sys/mount.h>, <sys/prctl.h>.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
OF_FILES_ALONE = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14 | 1 << 15
TCP_FROM, SCOPES_FROM = 4, 6  # versions of Landlock
PARENT_DEATH_SIGNAL, SET_DUMPABLE, NO_NEW_PRIVILEGES = 1, 4, 38

# What Python, NumPy and TensorFlow read, beside the packages and the course.
SYSTEM = (
    *("/usr", "/bin", "/lib", "/lib64", "/proc/self", "/proc/cpuinfo", "/proc/meminfo"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives"),
    *("/etc/localtime", "/etc/timezone", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf"),
    *("/etc/fonts", "/etc/mime.types"),
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


def landlock_version() -> int:
    """Returns the version of Landlock that the kernel has, 0 where it has none."""
    if sys.platform != "linux":
        return 0
    return max(libc.syscall(CREATE_RULESET, None, 0, 1), 0)


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
    ruleset = call("Landlock", libc.syscall(CREATE_RULESET, attributes, len(attributes), 0))
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
            call("Landlock", libc.syscall(ADD_RULE, ruleset, 1, rule, 0))
            os.close(descriptor)
    call("prctl", libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    call("Landlock", libc.syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def end_with_parent() -> None:
    """Has the kernel kill this process when the one that started it ends."""
    if sys.platform == "linux":
        libc.prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def hide_memory() -> None:
    """Keeps processes of the same user out of this one's memory, environment and files."""
    if sys.platform == "linux":
        libc.prctl(SET_DUMPABLE, 0, 0, 0, 0)


def limit_resources(processes: bool) -> None:
    """Limits memory, the size and number of open files, and core dumps.

    Args:
        processes: whether to limit their number, too: of this user, or of its namespace.
    """
    threads = 64 + 8 * (os.cpu_count() or 1)  # which count as well; TensorFlow has many
    for name, value in (
        *([("RLIMIT_NPROC", threads)] if processes else []),
        ("RLIMIT_DATA", namespaces.MEMORY),
        ("RLIMIT_AS", 2 * namespaces.MEMORY),
        ("RLIMIT_FSIZE", LARGEST_FILE),
        ("RLIMIT_NOFILE", OPEN_FILES),
        ("RLIMIT_CORE", 0),
    ):
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


FORBIDDEN = {
    "os.kill": "send signals",
    "os.killpg": "send signals",
    "socket.connect": "use the network",
    "socket.bind": "use the network",
    "socket.getaddrinfo": "use the network",
    "socket.gethostbyname": "use the network",
}
FORBIDDEN_ALONE = {
    "os.fork": "start other processes",
    "os.forkpty": "start other processes",
    "os.posix_spawn": "start other programs",
    "os.exec": "start other programs",
    "os.system": "start other programs",
    "subprocess.Popen": "start other programs",
}


def explain_what_is_forbidden(processes: bool) -> None:
    """Has Python refuse what a homework has no need of, with an error that says so.

    Args:
        processes: whether it may start others.
    """
    forbidden = {} if processes else FORBIDDEN | FORBIDDEN_ALONE

    def refuse(event, arguments):
        if event in forbidden:
            raise PermissionError(f"a homework that is graded may not {forbidden[event]}")

    sys.addaudithook(refuse)


@dataclass(frozen=True)
class Strength:
    """Which layers lock code in.

    Attributes:
        namespaces: whether it has surroundings of its own.
        landlock: the version of Landlock, 0 for none.
        seccomp: whether its system calls are filtered.
    """

    namespaces: bool
    landlock: int
    seccomp: bool

    @property
    def files(self) -> bool:
        """Whether something tells the files that code may change from others."""
        return self.namespaces or self.landlock > 0


@cache
def strongest() -> Strength:
    """Returns all that this system has."""
    return Strength(namespaces.allowed(), landlock_version(), seccomp.available())


def weakened(layers: Iterable[str]) -> Strength:
    """Returns what a system has that lacks some layers of this one: "namespaces", "landlock"."""
    lacking = set(layers)
    return Strength(
        strongest().namespaces and "namespaces" not in lacking,
        0 if "landlock" in lacking else strongest().landlock,
        strongest().seccomp and "seccomp" not in lacking,
    )


def promise(strength: Strength | None = None) -> str:
    """Says what students' code cannot do on this system, and what it can.

    Args:
        strength: the layers; without it all that this system has.
    """
    held = strength or strongest()
    closed: list[str] = []
    still_open: list[str] = []

    def say(holds, otherwise, words):
        (closed if holds else still_open).append(words if holds else otherwise)

    say(held.files, "read what this account may read", "read or change the files of others")
    if not held.files:
        say(held.seccomp, "write a file, not even one of its own", "change any file")
    disk = held.namespaces or (held.seccomp and not held.files)
    say(disk, "fill the disk", "fill the disk")
    tcp = "use the network other than by TCP" if held.landlock >= TCP_FROM else "use the network"
    say(held.seccomp, tcp, "use a network or a socket")
    others = "send signals to other processes, and start some"
    say(held.namespaces or held.seccomp, others, "reach other processes")
    whole = "hold more than 4 GiB of memory, by starting processes"
    if not (held.namespaces or held.seccomp):
        still_open.append(whole)
    text = f"Students' code cannot {', '.join(closed)}." if closed else ""
    layers = [
        name
        for name, holds in (
            ("namespaces", held.namespaces),
            (f"Landlock {held.landlock}", held.landlock),
            ("seccomp", held.seccomp),
        )
        if holds
    ]
    text += f" (This system has {', '.join(layers) or 'no way to lock code in'}.)"
    if still_open:
        text += f" NOT CLOSED here, students' code can: {'; '.join(still_open)}."
    return text.strip()


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
        strength: which layers to use.
    """
    os.setsid()
    end_with_parent()
    readable = [*SYSTEM, *readable]
    writable: list[str | Path] = [*DEVICES, folder]
    if strength.namespaces:
        _enter(readable, folder, announce)
        readable.append("/proc")
        writable += ["/tmp", "/dev/shm"]
    else:
        announce(os.getpid())
    os.chdir(folder)
    os.environ["TMPDIR"] = os.environ["HOME"] = str(folder)
    if sys.platform == "linux":
        namespaces.drop_rights(root=strength.namespaces)
    end_with_parent()  # a change of the user forgets it
    os.nice(NICE)
    limit_resources(processes=strength.namespaces)
    if not strength.files:
        hide_memory()
    if strength.landlock:
        forbid_files(readable, writable)
    explain_what_is_forbidden(processes=strength.namespaces)
    if strength.seccomp:
        seccomp.install(processes=strength.namespaces, files=strength.files)


def _enter(readable, folder, announce):
    """Comes back in namespaces, as a child of the process that has called."""
    namespaces.enter()
    told, tell = os.pipe()
    child = os.fork()
    if child:
        os.close(tell)
        announce(child)
        os.chdir("/")
        if os.read(told, 1):  # the new root is there, with the table of its processes
            namespaces.watch(child)
        os._exit(0)
    end_with_parent()
    namespaces.new_root(folder, readable, DEVICES)
    os.write(tell, b"x")
    os.close(told)
    os.close(tell)
