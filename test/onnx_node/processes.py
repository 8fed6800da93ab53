# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs node tests in processes of their own, so that a crash costs one case."""

import collections
import json
import os
import pathlib
import selectors
import subprocess
import sys
import threading

from test.e2e.cuda import null
from test.e2e.vulkan.layers import Layers

ROOT = pathlib.Path(__file__).parents[2]
SECONDS_PER_CASE = 60


class Plain:
    """What surrounds a process: variables, and what they let others say."""

    def environment(self):
        return dict(os.environ)

    def message(self):
        return ""


class StandIn(Plain):
    """A stand-in for a GPU."""

    def environment(self):
        return {**os.environ, **null.environment()}


SURROUNDINGS = {"vulkan": Layers, "cuda": StandIn}


class Worker:
    """A process that runs one case at a time and may be replaced."""

    def __init__(self, engine):
        self.engine = engine
        self.process = None
        self.surroundings = SURROUNDINGS.get(engine, Plain)()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "test.onnx_node.worker", self.engine],
            cwd=ROOT,
            env=self.surroundings.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        if self.process.stdout.readline() != '"ready"\n':
            raise RuntimeError("worker of the node tests does not start")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def run(self, name):
        """Returns [outcome, reason] of a case."""
        if self.process is None:
            self.start()
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            ready = selector.select(SECONDS_PER_CASE)
        answer = self.process.stdout.readline() if ready else ""
        if answer:
            outcome, reason = json.loads(answer)
            if outcome == "failed":
                self.stop()  # a device that has failed may stay so
            return [outcome, reason]
        code = self.process.poll() if ready else None
        self.stop()
        if not ready:
            return ["failed", f"takes more than {SECONDS_PER_CASE} s"]
        text = self.surroundings.message()
        return ["failed", text or f"ends the process with exit code {code}"]


def run_all(names, engine, jobs, tell=None):
    """{name: (outcome, reason)}, by as many workers as jobs says; `tell` is
    called with each of them at once."""
    waiting = collections.deque(names)
    results = {}

    def work():
        worker = Worker(engine)
        while True:
            try:
                name = waiting.popleft()
            except IndexError:
                break
            results[name] = tuple(worker.run(name))
            if tell:
                tell(name, *results[name])
        worker.stop()

    threads = [threading.Thread(target=work) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
