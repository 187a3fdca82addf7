"""What a student's code attacks is untouched afterwards, in the strongest sandbox and in weak ones.

What is attacked belongs to the test: a file of its own, a process of its own. So nothing is harmed
where a wall is broken. The weakest sandbox is that of a Linux without Landlock and namespaces.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.weekly import weekly
from tools.book.notebooks import ROOT
from tools.homework import sandbox
from tools.homework.handles import StudentError
from tools.homework.session import SessionEndedError, TooSlowError, Workshop

LACKING = {"strongest": (), "weak": ("namespaces",), "weakest": ("namespaces", "landlock")}
STRENGTHS = {name: sandbox.weakened(lacking) for name, lacking in LACKING.items()}

pytestmark = pytest.mark.skipif(
    not sandbox.strongest().seccomp, reason="this system filters no system calls: it is no Linux"
)
only_strongest = pytest.mark.skipif(
    not sandbox.strongest().namespaces, reason="this system gives users no namespaces"
)

HELP = """
import ctypes, os, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *arguments):
    return libc.syscall(number, *arguments) == -1 and ctypes.get_errno() == 1
def fails(attempt):
    try: attempt()
    except OSError: return True
    return False
"""


@pytest.fixture(scope="module", params=STRENGTHS)
def strength(request):
    return request.param


@pytest.fixture(scope="module")
def walls(strength, request):
    if strength == "strongest":
        yield request.getfixturevalue("workshop")
    else:
        with Workshop(LACKING[strength]) as workshop:
            yield workshop


@pytest.fixture
def attack(walls):
    """Runs code in a sandbox and returns what it left in `seen`."""
    sessions = []

    def run(source, seconds=60.0):
        session = walls.open()
        sessions.append(session)
        session.deadline = time.monotonic() + seconds
        session.run(HELP + source)
        return session.names(["seen"]).get("seen")

    yield run
    for session in sessions:
        session.close()


def test_the_process_has_no_rights_and_one_socket(attack):
    seen = attack("""
seen = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines()
            if line.startswith(("Cap", "Seccomp:", "NoNewPrivs")))
seen["sockets"] = 0
for name in range(1000):
    try:
        seen["sockets"] += os.fstat(name).st_mode & 0o170000 == 0o140000
    except OSError: pass
""")
    # one is the grader's channel, two are the event loop's, which are connected to each other
    assert seen.pop("sockets") == 3
    assert seen.pop("NoNewPrivs") == "1"
    assert seen.pop("Seccomp") == "2"
    assert len(seen) == 5
    assert set(seen.values()) == {"0" * 16}


def test_no_socket_is_reached(attack, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of such a socket is short
    listeners = []
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for address in (f"{tmp_path.name}-{int(kind)}", f"\0{os.getpid()}-{int(kind)}"):
            listener = socket.socket(socket.AF_UNIX, kind)
            listener.bind(address)
            listeners.append(listener)
            if kind == socket.SOCK_STREAM:
                listener.listen()
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    listeners += [tcp, udp]
    names = [listener.getsockname() for listener in listeners[:4]]
    names = [name if isinstance(name, bytes) else str(tmp_path / name).encode() for name in names]
    seen = attack(f"""
seen = []
ports = {tcp.getsockname()[1]}, {udp.getsockname()[1]}
host = socket.inet_aton("127.0.0.1")
inet = [struct.pack("=HH4s8x", 2, socket.htons(port), host) for port in ports]
unix = [struct.pack("=H", 1) + name for name in {names!r}]
def attempt(family, kind, address):
    made = libc.socket(family, kind, 0)
    pair = (ctypes.c_int * 2)()
    libc.socketpair(1, 2, 0, pair)
    for number in {{made, pair[0]}} - {{-1, 0}}:
        if libc.connect(number, address, len(address)) == 0: seen.append(address)
        if libc.sendto(number, b"x", 1, 0, address, len(address)) == 1: seen.append(address)
for kind in (1, 2):
    for address in inet: attempt(2, kind, address)
    for address in unix: attempt(1, kind, address)
families = (1, 2, 10, 16, 17, 38, 40)  # UNIX, internet, netlink, packets, cryptography, hosts
seen += [family for family in families if libc.socket(family, 2, 0) != -1]
""")
    assert seen == []
    for listener in listeners:
        listener.setblocking(False)
        with listener, pytest.raises(BlockingIOError):
            listener.accept() if listener.type == socket.SOCK_STREAM else listener.recv(1)


def test_calls_that_no_homework_needs_are_refused(attack):
    seen = attack("""
from tools.homework import seccomp
import platform
column = seccomp.ARCHITECTURES[platform.machine()][1]
seen = []
for name, numbers in seccomp.ALWAYS.items():
    if numbers[column] is not None and not refused(numbers[column], 0, 0, 0, 0, 0, 0):
        seen.append(name)
if column == 0 and not refused(0x40000000 | 41, 1, 1, 0): seen.append("the x32 socket")
if not refused(seccomp.CLONE[column], 0x10000000, 0): seen.append("clone into a namespace")
if not refused(seccomp.IOCTL[column], 0, 0x5412, b"x"): seen.append("typing into a terminal")
""")
    assert seen == []


def test_files_of_others_stay_as_they_are(attack, tmp_path):
    victim = tmp_path / "neighbour.ipynb"
    victim.write_text("precious")

    def state():
        found = victim.stat()
        return found.st_mode, found.st_mtime_ns, found.st_uid, found.st_nlink, victim.read_text()

    before = state()
    attack(f"""
import shutil
victim, folder = {str(victim)!r}, {str(tmp_path)!r}
for attempt in (lambda: open(victim, "w").write("mine"), lambda: open(victim, "r+"),
                lambda: os.truncate(victim, 0), lambda: os.utime(victim, (1, 1)),
                lambda: os.chmod(victim, 0), lambda: os.rename(victim, folder + "/x"),
                lambda: os.link(victim, folder + "/y"), lambda: os.symlink("z", folder + "/z"),
                lambda: os.mkdir(folder + "/w"), lambda: os.mkfifo(folder + "/f"),
                lambda: os.setxattr(victim, "user.x", b""), lambda: os.remove(victim),
                lambda: shutil.rmtree(folder)):
    fails(attempt)
libc.unlink(victim.encode())
libc.open(victim.encode(), 0o1001)
libc.creat((folder + "/c").encode(), 0o600)
""")
    assert state() == before
    assert list(tmp_path.iterdir()) == [victim]


def test_files_of_others_cannot_be_read(attack, strength, tmp_path):
    if not STRENGTHS[strength].files:
        pytest.skip("this sandbox says that it cannot hide files")
    victim = tmp_path / "secret"
    victim.write_text("precious")
    places = ["pyproject.toml", ".git", "tools/homework/locked", "tests/homework/samples.py"]
    paths = [str(victim), str(tmp_path), *(str(ROOT / place) for place in places)]
    paths += ["/root", "/home", "/run", "/var", "/etc/shadow", "/proc/1/root/etc/shadow"]
    seen = attack(f"""
import tensorflow as tf
seen = []
for path in {paths!r}:
    try:
        os.listdir(path) if os.path.isdir(path) else open(path).close()
        seen.append(path)
    except OSError: pass
    try:
        if tf.io.gfile.listdir(path): seen.append(path)
    except Exception: pass
""")
    assert seen == []


def test_a_system_that_shows_files_says_so():
    assert "read what this account may read" in sandbox.promise(STRENGTHS["weakest"])
    assert "fill the disk" in sandbox.promise(sandbox.Strength(False, 6, True))
    assert "NOT CLOSED" not in sandbox.promise(sandbox.Strength(True, 6, True))


def test_other_processes_are_left_alone(attack):
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    signals = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: signals.append(number))
    try:
        seen = attack(f"""
import resource
seen = []
for process in ({victim.pid}, {os.getpid()}):
    libc.kill(process, 9 if process == {victim.pid} else 10)
    libc.tgkill(process, process, 10)
    if libc.ptrace(16, process, 0, 0) == 0: seen.append("traced")
    if libc.setpriority(0, process, 19) == 0: seen.append("slowed")
    if not fails(lambda: resource.prlimit(process, resource.RLIMIT_NOFILE, (0, 0))):
        seen.append("limited")
    if not fails(lambda: os.sched_setaffinity(process, {{0}})): seen.append("moved")
for name in ("mem", "environ", "maps", "fd/0"):
    path = f"/proc/{os.getpid()}/{{name}}"
    try:
        os.readlink(path) if name == "fd/0" else open(path, "rb").read(1)
        seen.append(path)
    except OSError: pass
libc.kill(-1, 0)
""")
        assert seen == []
        assert victim.poll() is None
        assert not signals
    finally:
        signal.signal(signal.SIGUSR1, before)
        victim.communicate(b"\n")
    assert victim.returncode == 0


def alive(name):
    for path in Path("/proc").glob("[0-9]*/comm"):
        with suppress(OSError):
            if path.read_text().strip() == name:
                return True
    return False


def test_no_process_outlives_the_submission(walls, strength):
    session = walls.open()
    name = f"hw{secrets.token_hex(6)}"  # by which the test finds it among all processes
    session.run(f"""{HELP}
import time
seen = child = libc.fork()
if child == 0:
    libc.setsid()
    libc.prctl(1, 0)
    libc.prctl(15, b"{name}")
    while True: time.sleep(1)
time.sleep(0.3)
""")
    seen = session.names(["seen"])["seen"]
    assert alive(name) == STRENGTHS[strength].namespaces
    assert (seen == -1) != STRENGTHS[strength].namespaces
    session.close()
    deadline = time.monotonic() + 5
    while alive(name) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(name)


@pytest.mark.parametrize(
    "source",
    [
        "while True:\n    libc.fork()",
        # Little more than is allowed, and held: without the watcher it ends by itself, in no need
        # of a system that has run out of memory.
        pytest.param(
            "import time\nfor _ in range(3): os.fork()\nheld = b'x' * (7 * 10**8)\ntime.sleep(20)",
            marks=weekly,
        ),
    ],
    ids=["many processes", "much memory in several"],
)
@only_strongest
def test_too_many_processes_end_the_submission_and_nothing_else(source, workshop):
    session, neighbour = workshop.open(), workshop.open()
    session.deadline = neighbour.deadline = time.monotonic() + 300
    with pytest.raises(SessionEndedError) as ended:
        session.run(HELP + source)
    assert not isinstance(ended.value, TooSlowError)
    neighbour.run("seen = 41 + 1")
    assert neighbour.names(["seen"]) == {"seen": 42}
    neighbour.close()


def test_memory_files_and_the_disk_are_limited(attack, strength):
    code = """
def limited(attempt, error):
    try: attempt()
    except error: return True
    return False
def fill(folder):
    for number in range(100):
        open(f"{folder}/{number}", "wb").write(bytes(9 * 2**20))
seen = [limited(lambda: bytearray(5 * 2**30), MemoryError),
        limited(lambda: open("large", "wb").write(bytes(11 * 2**20)), OSError),
        limited(lambda: [open("/dev/null") for _ in range(300)], OSError),
        HELD_BY_NONE or limited(lambda: fill("."), OSError),
        limited(lambda: fill("/tmp"), OSError),
        limited(lambda: fill("/dev/shm"), OSError)]
"""
    # The sandbox that shares the disk and knows whose files are whose says so: see `promise`.
    alone = STRENGTHS[strength].files and not STRENGTHS[strength].namespaces
    seen = attack(code.replace("HELD_BY_NONE", str(alone)))
    assert seen == [True] * 6


def test_nothing_secret_is_in_its_environment(attack, monkeypatch):
    monkeypatch.setenv("RAVINE_HOMEWORK_KEY", "secret")
    seen = attack("seen = [name for name, value in os.environ.items() if value == 'secret']")
    assert seen == []


@only_strongest
def test_programs_run_where_they_are_locked_in(attack, strength):
    if not STRENGTHS[strength].namespaces:
        with pytest.raises(StudentError, match="may not start other programs"):
            attack("os.system('ls')")
        return
    seen = attack("""
import os, subprocess, sys
open(os.path.join(os.sep, "tmp", "own"), "w").write("allowed")
look = "import os, socket; print(os.listdir('/tmp')); socket.socket()"
done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True)
!echo word > file
seen = ["own" in done.stdout, "PermissionError" in done.stderr, open("file").read()]
""")
    assert seen == [True, True, "word\n"]
    assert not Path("/", "tmp", "own").exists()


def test_students_code_imports_the_graders_own_package(tmp_path):
    """Else a checkout without an environment of its own grades by another one's classes."""
    package = shutil.copytree(ROOT / "src/ravine", tmp_path / "src/ravine")
    script = (
        "from tools.homework.session import Workshop\n"
        "with Workshop() as workshop:\n"
        "    session = workshop.open()\n"
        "    session.run('import ravine.training; seen = ravine.training.__file__')\n"
        "    print(session.names(['seen'])['seen'])\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{package.parent}:{ROOT}"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).is_relative_to(package)
