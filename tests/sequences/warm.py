"""The warm process: has imported both engines, and forks for every command that a client hands it.

A fork is what a new process would be: it gets the client's command line, folder, environment, streams and process group
(so that killing the group kills it too), and has no open file or memory of another command.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import traceback
from pathlib import Path

for name in (
    "dvc.cli",
    "dvc.commands.checkout",
    "dvc.commands.data_sync",
    "dvc.commands.repro",
    "dvc.commands.status",
    "dvc.dvcfile",
    "dvc.repo",
    "dvc.repo.open_repo",
    "dvc.repo.plots",
    "dvc.scm",
    "dvc_data.index",
    "networkx",
    "pandas",
    "pyparsing",
    "rich.json",
    "ruamel.yaml",
    "smart_open",
    "snakemake.cli",
    "snakemake.dag",
    "snakemake.executors.local",
    "snakemake.persistence.file",
    "snakemake.report.html_reporter",
    "snakemake.scheduling.job_scheduler",
    "understudy.engines.accept",
    "understudy.engines.commit",
    "understudy.engines.render",
    "understudy.engines.safe_dvc",
    "voluptuous",
    "yaml",
):
    with contextlib.suppress(ImportError):
        __import__(name)


def serve(path: str) -> None:
    """Answer clients until the one who started this goes away."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(64)
        print("ready", flush=True)
        while True:
            connection, _ = server.accept()
            if os.fork() == 0:
                server.close()
                answer(connection)
            connection.close()


def answer(connection: socket.socket) -> None:
    """Run the command in a child of this child, whose end it tells the client."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, streams, _, _ = socket.recv_fds(connection, 4, 3)
    if not head:
        os._exit(0)  # the client was killed before it had said anything
    length, command = int.from_bytes(head, "big"), b""
    while len(command) < length:
        more = connection.recv(length - len(command))
        if not more:
            os._exit(0)  # the client was killed before it had said all
        command += more
    words, folder, environment, group = json.loads(command)
    child = os.fork()
    if child:
        for stream in streams:
            os.close(stream)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        with contextlib.suppress(OSError):
            connection.sendall((code if code >= 0 else 128 - code).to_bytes(4, "big"))
        os._exit(0)
    connection.close()
    try:
        os.setpgid(0, group)
    except OSError:
        os._exit(137)  # the group was killed meanwhile, and this process with it
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    os._exit(run(words))


def run(words: list[str]) -> int:
    """What `python` would do with these words; its exit status."""
    sys.executable = os.environ["WARM_PYTHON"]
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    folders = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    sys.path[:0] = folders
    try:
        if words[:2] == ["-m", "snakemake"]:
            sys.argv = words[1:]
            return importlib.import_module("snakemake.cli").main(words[2:]) or 0
        if words[0] == "-m":
            sys.argv = words[1:]
            sys.modules.pop(words[1], None)
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = words
            sys.path.insert(0, str(Path(words[0]).absolute().parent))
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
