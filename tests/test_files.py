"""A file is replaced whole or not at all, whatever happens meanwhile."""

import errno
import os
import re
import resource
import stat
import subprocess
import sys

import pytest

from ravine import files
from ravine.files import InUseError, WriteError, only_writer, whole_file, write_whole


def names(directory):
    return sorted(path.name for path in directory.iterdir())


@pytest.fixture
def path(tmp_path):
    """A file that is there."""
    path = tmp_path / "new directory" / "state [1]"  # what a pattern must not read as one
    write_whole(path, b"old")
    return path


def test_replaces(path):
    assert path.read_bytes() == b"old"
    with whole_file(path) as file:
        file.write(b"new, and ")
        assert path.read_bytes() == b"old"
        file.write(b"whole")
        file.seek(0)
        assert file.read(3) == b"new"
    assert path.read_bytes() == b"new, and whole"
    assert names(path.parent) == [path.name]
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask()


def umask():
    value = os.umask(0)
    os.umask(value)
    return value


def test_keeps_the_old_file_where_it_is_told(path):
    kept = path.with_name("kept")
    for content in (b"1", b"2"):
        with whole_file(path, keep=kept) as file:
            file.write(content)
    assert (kept.read_bytes(), path.read_bytes()) == (b"1", b"2")


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interruption_leaves_the_old_file_and_nothing_else(path, error):
    with pytest.raises(error), whole_file(path, keep=path.with_name("kept")) as file:
        file.write(b"new")
        raise error
    assert path.read_bytes() == b"old"
    assert names(path.parent) == [path.name]


def test_all_is_on_the_disk_before_the_old_file_goes(path, monkeypatch):
    """Content first, then the names, then the directory that holds them."""
    done = []
    fsync, replace = os.fsync, os.replace

    def noting_fsync(descriptor):
        state = os.fstat(descriptor)
        done.append("directory" if stat.S_ISDIR(state.st_mode) else state.st_size)
        fsync(descriptor)

    def noting_replace(source, target):
        done.append(os.path.basename(target))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(os, "replace", noting_replace)
    with whole_file(path, keep=path.with_name("kept")) as file:
        file.write(b"new")
    assert done == [3, "kept", path.name, "directory"]


WRITER = """
import sys
from pathlib import Path
from ravine.files import whole_file

with whole_file(Path(sys.argv[1])) as file:
    file.write(b"slow")
    file.flush()
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def writer(path):
    """Another process in the midst of writing the same file."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout.readline() == b"writing\n"
        yield process


def test_what_a_killed_writer_left_goes_with_the_next_save(path, writer):
    writer.kill()
    writer.wait()
    (left,) = set(names(path.parent)) - {path.name}
    assert (path.parent / left).read_bytes() == b"slow"
    others = ["other" + left.removeprefix(path.name), left + ".bak", path.name + ".mine.tmp"]
    for name in others:
        (path.parent / name).touch()
    write_whole(path.with_name("other run"), b"")  # which is not its to remove
    assert left in names(path.parent)
    write_whole(path, b"new")
    assert names(path.parent) == sorted([path.name, "other run", *others])


def test_what_a_living_writer_writes_stays(path, writer):
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert len(names(path.parent)) == 2
    writer.communicate()  # lets it end
    assert writer.returncode == 0
    assert path.read_bytes() == b"slow"
    assert names(path.parent) == [path.name]


def test_a_file_beyond_the_limit(path):
    """As on a full disk, the error comes in the midst of writing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(WriteError) as caught:
            write_whole(path, bytes(1_000_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(caught.value) == (
        f"{path} could not be written (File too large): free space and do the same again, what was "
        "there before is unchanged."
    )
    assert path.read_bytes() == b"old" and names(path.parent) == [path.name]


FULL_DISK = """
import sys
from pathlib import Path
import numpy as np
from ravine.training import Checkpoint

checkpoint = Checkpoint(Path(sys.argv[1]) / "adam.npz", {"seed": 0})
checkpoint.save([np.zeros(50_000)], [{"epoch": 0}])
checkpoint.save([np.ones(50_000)], [{"epoch": 1}])
try:
    checkpoint.save([np.ones(50_000)], [{"epoch": 2}])  # the third of 0.4 MB on 1 MB
except OSError as error:
    print(error)
arrays, results = checkpoint.load()
print(arrays[0].mean(), results, sorted(path.name for path in checkpoint.path.parent.iterdir()))
"""


def test_a_full_disk(tmp_path):
    mount = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    small = 'mount -t tmpfs -o size=1m tmpfs "$1" && shift && exec "$@"'
    disk = [*mount, small, "sh", str(tmp_path)]
    try:
        subprocess.run([*disk, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this account may not mount a small disk")
    command = [*disk, sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stderr == ""
    error, left = done.stdout.splitlines()
    assert error == (
        f"{tmp_path / 'adam.npz'} could not be written (No space left on device): free space and "
        "do the same again, what was there before is unchanged."
    )
    assert left == "1.0 [{'epoch': 1}] ['adam.npz', 'adam.previous.npz']"


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_an_error_at_the_end_leaves_the_old_file(path, monkeypatch, call):
    def no_space(*_):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(os, call, no_space)
    with pytest.raises(WriteError, match=r"\(Disk quota exceeded\): free space"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old" and names(path.parent) == [path.name]


def test_a_place_that_cannot_be_written(path):
    with pytest.raises(WriteError, match=rf"^{re.escape(str(path / 'x'))} could not .*can be writ"):
        write_whole(path / "x", b"new")  # a file is no directory


def test_a_disk_without_locks(path, monkeypatch):
    """Nothing is then removed that somebody may be writing."""

    def no_locks(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(files.os, "lockf", no_locks)
    left = path.with_name(f"{path.name}.01234567.tmp")
    left.touch()
    write_whole(path, b"new")
    assert path.read_bytes() == b"new" and left.exists()


HOLDER = """
import sys
from pathlib import Path
from ravine.files import InUseError, only_writer

try:
    with only_writer(Path(sys.argv[1])):
        print("holding", flush=True)
        sys.stdin.read()
except InUseError as error:
    print(error)
"""


@pytest.fixture
def hold(tmp_path):
    """Starts processes that hold a folder until they are told, and returns what they say first."""
    started = []

    def start(folder=tmp_path / "runs"):
        command = [sys.executable, "-c", HOLDER, str(folder)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_one_writer_per_folder(tmp_path, hold):
    folder = tmp_path / "runs"
    first, said = hold()
    assert said == "holding"
    with pytest.raises(InUseError) as caught, only_writer(folder):
        pass
    assert (
        hold()[1]
        == str(caught.value)
        == (
            f"{folder} is in use, another run writes there: wait until it ends, or choose another "
            "folder."
        )
    )
    assert hold(tmp_path / "elsewhere")[1] == "holding"
    first.communicate()  # lets it end
    assert names(folder) == []
    with only_writer(folder), pytest.raises(InUseError), only_writer(folder):
        pass
    assert hold()[1] == "holding"


def test_a_killed_writer_holds_nothing(tmp_path, hold):
    process, _ = hold()
    process.kill()
    process.wait()
    with pytest.raises(ValueError), only_writer(tmp_path / "runs"):
        raise ValueError
    with only_writer(tmp_path / "runs"):
        pass
    assert names(tmp_path / "runs") == []


def test_a_folder_that_cannot_be_held(path):
    message = r"could not be written .*can be written"
    with pytest.raises(WriteError, match=message), only_writer(path):
        pass


def test_who_opened_the_lock_of_one_who_leaves_tries_again(tmp_path, monkeypatch):
    """Between opening and locking the other has removed the file, and a third made a new one."""
    flock, calls = files.fcntl.flock, []

    def late(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            (tmp_path / files.LOCK).unlink()
        return flock(*arguments)

    monkeypatch.setattr(files.fcntl, "flock", late)
    with only_writer(tmp_path), pytest.raises(InUseError), only_writer(tmp_path):
        pass
    assert len(calls) == 3


@pytest.mark.parametrize("taken", ["removed", "locked"])
def test_a_file_that_was_taken_for_one_left_behind_is_opened_again(path, monkeypatch, taken):
    """Another process cleans up between our opening a temporary file and our locking it."""
    lockf, calls = os.lockf, []

    def late(descriptor, *arguments):
        calls.append(descriptor)
        if len(calls) == 1 and taken == "locked":
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        if len(calls) == 1:
            (opened,) = path.parent.glob("*.tmp")
            opened.unlink()
        return lockf(descriptor, *arguments)

    monkeypatch.setattr(files.os, "lockf", late)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert len(calls) == 2
