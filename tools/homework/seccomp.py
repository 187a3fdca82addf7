"""Refuses system calls that a homework has no need of: a filter in the Linux kernel (seccomp).

Landlock and namespaces know files and networks. This layer closes what they leave open: sockets of
every kind, UNIX sockets in folders among them, the tracing and the memory of other processes, new
namespaces, and the parts of the kernel in which faults are found most often. A refused call fails
with "Operation not permitted", and the program goes on.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable, Iterator

SET_SECCOMP, GET_SECCOMP, FILTER, NO_NEW_PRIVILEGES = 22, 21, 2, 38
# Instructions of the filter's machine, <linux/bpf_common.h>: load a word, compare, return.
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # where a call's data lie
ALLOW, ERROR = 0x7FFF0000, 0x00050000
X32 = 0x40000000  # the numbers of a second set of calls on x86-64

ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

# Numbers of the calls on x86-64 and on AArch64; None where one has none. From 424 on they agree.
ALWAYS: dict[str, tuple[int | None, int | None]] = {
    # networks: the process keeps the one socket that it was born with
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "kcmp": (312, 272),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    # what stays in the kernel when the process has ended
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # new surroundings
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # the machine
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "syslog": (103, 116),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "vhangup": (153, 58),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}
# Where no namespace holds them together: the process starts no others.
PROCESSES: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "tkill": (200, 130),
}
# Where no namespace hides the files of others: Landlock does not know these.
LABELS: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
}
# Where neither knows which files are its own: it changes none at all.
CHANGES: dict[str, tuple[int | None, int | None]] = {
    "creat": (85, None),
    "truncate": (76, 45),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "mknod": (133, None),
    "mknodat": (259, 33),
}
# These are refused for some arguments alone, or as if the kernel did not know them.
SOCKETPAIR, CLONE, CLONE3, PRLIMIT, IOCTL = (53, 199), (56, 220), (435, 435), (302, 261), (16, 29)
KILL, TGKILL = (62, 129), (234, 131)
OPEN, OPENAT, OPENAT2 = (2, None), (257, 56), (437, 437)
STREAM, WITHOUT_FLAGS = 1, 0xF
NEW_NAMESPACES, THREAD = 0x7E020000, 0x00010000
TYPE_INTO_TERMINAL, TERMINAL_OF_LINUX = 0x5412, 0x541C
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

libc = ctypes.CDLL(None, use_errno=True)


def available() -> bool:
    """Says whether this system can filter calls and this module knows its numbers."""
    known = sys.platform == "linux" and platform.machine() in ARCHITECTURES
    return known and libc.prctl(GET_SECCOMP, 0, 0, 0, 0) >= 0


def _step(code, value, if_so=0, if_not=0):
    return struct.pack("=HBBI", code, if_so, if_not, value)


def _error(number=errno.EPERM):
    return _step(RETURN, ERROR | number)


def _argument(place):
    """Loads the lower half of an argument: what these calls read of it."""
    return _step(LOAD, ARGUMENTS + 8 * place)


def _rule(number: int, body: list[bytes]) -> Iterator[bytes]:
    """Yields a body that runs for one call; where it returns nothing, the next rule follows."""
    yield _step(LOAD, NUMBER)
    yield _step(EQUAL, number, 0, len(body))
    yield from body


def program(processes: bool, files: bool) -> bytes:
    """Writes the filter.

    Args:
        processes: whether the process may start others and send signals to them, and may say who
            may use a file: where namespaces keep them in.
        files: whether it may change files, where other layers allow it.
    """
    architecture, column = ARCHITECTURES[platform.machine()]
    bitwise_and = 0x54
    bodies: list[tuple[tuple[int | None, int | None], list[bytes]]] = [
        (
            SOCKETPAIR,
            [_argument(1), _step(bitwise_and, WITHOUT_FLAGS), _step(EQUAL, STREAM, 1, 0), _error()],
        ),
        (CLONE, [_argument(0), _step(ANY_BIT, NEW_NAMESPACES, 0, 1), _error()]),
        (CLONE3, [_error(errno.ENOSYS)]),  # its flags lie in memory; callers fall back to clone
        (PRLIMIT, [_argument(0), _step(EQUAL, 0, 1, 0), _error()]),
        *(
            (IOCTL, [_argument(1), _step(EQUAL, request, 0, 1), _error()])
            for request in (TYPE_INTO_TERMINAL, TERMINAL_OF_LINUX)
        ),
    ]
    bodies += [(numbers, [_error()]) for numbers in ALWAYS.values()]
    if not processes:
        own = _step(EQUAL, os.getpid(), 1, 0)
        bodies += [(CLONE, [_argument(0), _step(ANY_BIT, THREAD, 1, 0), _error()])]
        bodies += [(call, [_argument(0), own, _error()]) for call in (KILL, TGKILL)]
        bodies += [(numbers, [_error()]) for numbers in (*PROCESSES.values(), *LABELS.values())]
    if not files:
        bodies += [
            (call, [_argument(place), _step(ANY_BIT, WRITING, 0, 1), _error()])
            for call, place in ((OPEN, 1), (OPENAT, 2))
        ]
        bodies += [(OPENAT2, [_error(errno.ENOSYS)])]
        bodies += [(numbers, [_error()]) for numbers in CHANGES.values()]
    return b"".join(_assembled(architecture, column, bodies))


def _assembled(architecture: int, column: int, bodies: Iterable) -> Iterator[bytes]:
    yield _step(LOAD, ARCHITECTURE)
    yield _step(EQUAL, architecture, 1, 0)
    yield _error()
    yield _step(LOAD, NUMBER)
    yield _step(0x35, X32, 0, 1)  # greater or equal
    yield _error()
    for numbers, body in bodies:
        if numbers[column] is not None:
            yield from _rule(numbers[column], body)
    yield _step(RETURN, ALLOW)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def install(processes: bool, files: bool) -> None:
    """Filters the calls of this process and of all that it starts, for ever.

    Args:
        processes: whether it may start others.
        files: whether it may change files.

    Raises:
        OSError: if the kernel refuses.
    """
    steps = program(processes, files)
    whole = _Program(len(steps) // 8, steps)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.prctl(SET_SECCOMP, FILTER, ctypes.byref(whole), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
