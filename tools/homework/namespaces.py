"""Gives a process a network, a process table and a root folder of its own, and takes its rights.

Everything here is Linux: <sched.h>, <sys/mount.h>, <sys/prctl.h>, <linux/capability.h>.
"""

import ctypes
import os
import struct
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

DISK = "64m"  # of its folder and of /tmp, each
MOST_PROCESSES = 32
NOBODY = 65534  # the user that code becomes where the grader is root
MEMORY = 4 * 2**30  # bytes that all its processes together may hold
LOOK_EVERY = 0.1  # seconds

NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PROCESSES, NEW_NETWORK = (
    0x00020000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
NAMESPACES = NEW_USER | NEW_MOUNTS | NEW_PROCESSES | NEW_NETWORK | NEW_IPC
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS, REMOUNT, BIND, RECURSIVE, PRIVATE = (
    *(1, 2, 4, 8, 0x20, 0x1000, 0x4000, 0x40000),
)
DETACH, RECURSIVELY, CURRENT_FOLDER = 2, 0x8000, -100
MOUNT_SETATTR = 442
SET_DUMPABLE, DROP_FROM_BOUND, AMBIENT, CLEAR_ALL = 4, 24, 47, 4
CAPABILITIES_VERSION = 0x20080522

libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, result: int) -> int:
    """Returns what a call of the C library returned.

    Raises:
        OSError: if it failed.
    """
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def mount(
    source: str, target: str | Path, kind: str = "", flags: int = 0, options: str = ""
) -> None:
    """Mounts a file system.

    Raises:
        OSError: if the kernel refuses.
    """
    words = (os.fsencode(source), os.fsencode(target), kind.encode() or None)
    call("mount", libc.mount(*words, ctypes.c_ulong(flags), options.encode() or None))


def enter() -> None:
    """Moves this process into new namespaces; its children get the process table, too.

    Raises:
        OSError: if the system does not allow it to this user.
    """
    process, told, tell = os.getpid(), *os.pipe()
    outside = os.fork()
    if outside == 0:  # which users there are inside can be said from outside alone
        os.close(tell)
        code = 1
        with suppress(OSError):
            if os.read(told, 1):
                _map_users(process)
                code = 0
        os._exit(code)
    entered = libc.unshare(NAMESPACES)
    number = ctypes.get_errno()
    if entered == 0:
        os.write(tell, b"x")
    os.close(told)
    os.close(tell)
    code = os.waitstatus_to_exitcode(os.waitpid(outside, 0)[1])
    if entered != 0 or code != 0:
        raise OSError(number, "namespaces: this system does not give them to this user")
    mount("none", "/", flags=RECURSIVE | PRIVATE)


def _map_users(process: int) -> None:
    """Says that the user and its group, and nobody where it is root, are the same inside."""
    place = Path("/proc") / str(process)
    nobody = f"\n{NOBODY} {NOBODY} 1" if os.getuid() == 0 else ""
    (place / "setgroups").write_text("deny")
    (place / "uid_map").write_text(f"{os.getuid()} {os.getuid()} 1{nobody}")
    (place / "gid_map").write_text(f"{os.getgid()} {os.getgid()} 1{nobody}")


def new_root(folder: Path, readable: Iterable[str | Path], devices: Iterable[str]) -> None:
    """Leaves this process no files but these, under the names that they have. Call it in a child.

    Args:
        folder: an empty folder, to write to.
        readable: files and folders to read.
        devices: files to read and write.

    Raises:
        OSError: if the kernel refuses.
    """
    mount("none", folder, "tmpfs", NO_SUID | NO_DEVICES, "size=1m,mode=755")
    for place in ("/tmp", "/dev/shm", "/proc"):
        _inside(folder, place).mkdir(parents=True)
    for place in ("/tmp", "/dev/shm"):
        mount("none", _inside(folder, place), "tmpfs", NO_SUID | NO_DEVICES, f"size={DISK}")
    paths = {str(path) for path in readable} | {os.path.realpath(path) for path in readable}
    for path in sorted(paths, key=len):
        if not path.startswith("/proc"):
            _show(path, _inside(folder, path), writable=False)
    for path in devices:
        _show(path, _inside(folder, path), writable=True)
    try:
        mount("none", _inside(folder, "/proc"), "proc", NO_SUID | NO_DEVICES | NO_PROGRAMS)
    except OSError:  # in a container that hides parts of it: the one that is there
        mount("/proc", _inside(folder, "/proc"), flags=BIND | RECURSIVE)
    own = _inside(folder, folder)
    own.mkdir(parents=True, exist_ok=True)
    owner = NOBODY if os.getuid() == 0 else os.getuid()
    mount("none", own, "tmpfs", NO_SUID | NO_DEVICES, f"size={DISK},mode=700,uid={owner}")
    os.chdir(folder)
    pivot_root = {"x86_64": 155, "aarch64": 41}[os.uname().machine]
    call("pivot_root", libc.syscall(pivot_root, b".", b"."))
    call("umount2", libc.umount2(b".", DETACH))
    os.chdir("/")
    mount("none", "/", flags=REMOUNT | BIND | READ_ONLY | NO_SUID | NO_DEVICES)


def _inside(root: Path, path: str | Path) -> Path:
    return root / str(path).lstrip("/")


def _show(path: str, target: Path, writable: bool) -> None:
    """Mounts a file or folder at its place in the new root, if it is not there with another."""
    if not os.path.exists(path) or target.exists():
        return
    if os.path.isdir(path):
        target.mkdir(parents=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(path, target, flags=BIND | RECURSIVE)
    if writable:
        return
    attributes = struct.pack("=4Q", READ_ONLY | NO_SUID, 0, 0, 0)
    where = os.fsencode(target)
    words = (CURRENT_FOLDER, where, RECURSIVELY, attributes, len(attributes))
    if libc.syscall(MOUNT_SETATTR, *words) != 0:  # Linux before 5.12
        kept = os.statvfs(target).f_flag & (NO_SUID | NO_DEVICES | NO_PROGRAMS)
        mount("none", target, flags=BIND | REMOUNT | READ_ONLY | kept)


def drop_rights(root: bool) -> None:
    """Gives up every right beyond those of a plain user, for this process and its children.

    Args:
        root: whether to become nobody where the user is root. In namespaces that costs nothing: the
            new root folder shows what may be read.
    """
    for capability in range(64):
        libc.prctl(DROP_FROM_BOUND, capability, 0, 0, 0)
    libc.prctl(AMBIENT, CLEAR_ALL, 0, 0, 0)
    if root and os.getuid() == 0:
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        libc.prctl(SET_DUMPABLE, 1, 0, 0, 0)  # its own memory is still its own
    header, none = struct.pack("=Ii", CAPABILITIES_VERSION, 0), bytes(24)
    call("capset", libc.capset(header, none))


def watch(child: int) -> None:
    """Waits for the first process of the namespaces, which share this process' new root.

    Ends all of them when they are too many, or hold too much memory together. Never returns.
    """
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        processes = [name for name in os.listdir("/proc") if name.isdigit()]
        if len(processes) > MOST_PROCESSES or _too_much_memory(processes):
            os.kill(child, 9)
        time.sleep(LOOK_EVERY)
    os._exit(0)


def _too_much_memory(processes: list[str]) -> bool:
    """Says whether processes hold too much; one alone has its own limit.

    What several hold in common counts for each in the first sum, which is quickly made, and once
    in the second.
    """
    if len(processes) < 2 or sum(map(_resident, processes)) <= MEMORY:
        return False
    return sum(map(_share, processes)) > MEMORY


def _resident(process: str) -> int:
    with suppress(OSError, ValueError, IndexError), open(f"/proc/{process}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _share(process: str) -> int:
    with suppress(OSError, ValueError), open(f"/proc/{process}/smaps_rollup") as file:
        for line in file:
            if line.startswith("Pss:"):
                return 1024 * int(line.split()[1])
    return 0


def allowed() -> bool:
    """Says whether this system lets this user do all of this: only a try can tell."""
    if sys.platform != "linux" or os.uname().machine not in ("x86_64", "aarch64"):
        return False
    with tempfile.TemporaryDirectory(prefix="homework-") as folder:
        child = os.fork()
        if child == 0:
            code = 1
            with suppress(OSError):
                enter()
                inner = os.fork()
                if inner:
                    code = os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1])
                else:
                    new_root(Path(folder), ["/usr"], ["/dev/null"])
                    drop_rights(root=True)
                    code = 0
            os._exit(code & 0xFF)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
