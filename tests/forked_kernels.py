"""A plugin of pytest: notebooks get kernels forked from one process that has imported TensorFlow.

    pytest -p tests.forked_kernels --nbval-lax --nbval-kernel-name=forked book

Importing TensorFlow and Keras takes longer than most notebooks run. Here it happens once. Each
notebook has a process of its own all the same, in which nothing has run: importing starts none of
TensorFlow's threads and makes no tensor. The package `ravine` is not imported ahead.

Jupyter starts a kernel as a program, so there is a small one that asks the forking process for a
fork, passes on Ctrl-C, and lives as long as the fork.
"""

import builtins
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

IMPORTED = (
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "keras",
    "matplotlib.pyplot",
    "numpy",
    "pandas",
    "scipy.stats",
    "tensorflow",
)
ADDRESS = "RAVINE_FORKED_KERNELS"


def pytest_configure(config):
    """Starts the forking process, before the workers of xdist, which share it."""
    if ADDRESS not in os.environ:
        config.add_cleanup(start())


def start():
    """Starts the forking process and makes Jupyter know the kernel `forked`.

    Returns:
        A function without arguments that ends the process and takes the kernel back.
    """
    folder = tempfile.TemporaryDirectory(prefix="kernels-")
    specification = Path(folder.name) / "kernels" / "forked" / "kernel.json"
    specification.parent.mkdir(parents=True)
    argv = [sys.executable, str(Path(__file__).resolve()), "ask", "{connection_file}"]
    specification.write_text(
        json.dumps({"argv": argv, "display_name": "forked", "language": "python"})
    )
    address = str(Path(folder.name) / "socket")
    before = os.environ.get("JUPYTER_PATH")
    os.environ[ADDRESS] = address
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [folder.name, before]))
    # What a notebook prints goes through its kernel; the rest is TensorFlow's start-up lines.
    process = subprocess.Popen(
        [sys.executable, __file__, "fork", address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not os.path.exists(address) and process.poll() is None:  # on a busy machine
        time.sleep(0.01)

    def stop():
        process.terminate()
        process.wait()
        folder.cleanup()
        del os.environ[ADDRESS], os.environ["JUPYTER_PATH"]
        if before is not None:
            os.environ["JUPYTER_PATH"] = before

    return stop


def fork_on_demand(address):
    """Imports, then forks a kernel for each connection until it is told to end."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"{address}.early")
    server.listen()  # who asks meanwhile waits
    os.rename(f"{address}.early", address)
    # pandas and Matplotlib look for a notebook around them when they are imported.
    builtins.get_ipython = lambda: SimpleNamespace(kernel=True)
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    for name in IMPORTED:
        __import__(name)
    del builtins.get_ipython
    # What was imported stays: no collection of garbage in a fork looks through it again.
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = server.accept()
        if os.fork() == 0:
            server.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            become_kernel(connection)
        connection.close()  # the fork alone holds it, so it closes when the fork ends


def become_kernel(connection):
    """Runs IPython's kernel in this fork, in the folder and environment of the one who asked."""
    request = json.loads(connection.makefile().readline())
    connection.sendall(f"{os.getpid()}\n".encode())
    os.chdir(request["folder"])
    if request["cores"]:  # of the worker, see `workers`
        os.sched_setaffinity(0, request["cores"])
    os.environ.clear()
    os.environ.update(request["environment"])
    os.environ.pop("JPY_PARENT_PID", None)  # the process that asked is not the parent of this one
    sys.path[0] = ""  # as in a notebook: its own folder
    threading.Thread(target=end_with, args=[connection], daemon=True).start()
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance(["-f", request["connection_file"], "--log-level=ERROR"])
    os._exit(0)


def end_with(connection):
    """Ends this process when the one at the other end has ended: Jupyter kills that one."""
    connection.recv(1)  # nothing is ever sent
    os.kill(os.getpid(), signal.SIGKILL)


def ask_for_kernel(connection_file):
    """Stands for the kernel before Jupyter: ends when the fork ends, and the fork when it ends."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.environ[ADDRESS])
    request = {
        "connection_file": connection_file,
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "cores": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [],
    }
    connection.sendall(json.dumps(request).encode() + b"\n")
    kernel = int(connection.makefile().readline())

    def pass_on(number, frame):
        with suppress(ProcessLookupError):
            os.kill(kernel, number)

    signal.signal(signal.SIGINT, pass_on)
    signal.signal(signal.SIGTERM, pass_on)
    connection.recv(1)  # returns when the fork has ended


if __name__ == "__main__":
    {"fork": fork_on_demand, "ask": ask_for_kernel}[sys.argv[1]](sys.argv[2])
