# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""1000 broken files: no crash, no hang, bounded memory, an error each time
that a file is not imported."""

import collections
import os
import pathlib
import re
import resource
import selectors
import subprocess
import time

import pytest

from test.frontends.onnx import importing, mutate
from test.onnx_node import cases

FILES = 1000
SECONDS = 1.0
MEMORY = 3 << 30


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def is_sanitized():
    """The address sanitizer reserves terabytes of address space."""
    return os.environ.get("ASAN_OPTIONS") is not None


class Importer:
    """The tool, which answers one path after the other."""

    def __init__(self, process, selector):
        self.process = process
        self.selector = selector

    def ask(self, path):
        """The tool's answer and the seconds that it took."""
        begin = time.monotonic()
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        ready = self.selector.select(60)
        answer = ready and self.process.stdout.readline().strip()
        return answer, time.monotonic() - begin

    def peak(self):
        """The most memory that was in use, in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) << 10


@pytest.fixture
def importer():
    with subprocess.Popen(
        [importing.TOOL, "--batch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        preexec_fn=None if is_sanitized() else limit_memory,
    ) as process, selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        yield Importer(process, selector)
        process.kill()


def test_mutated_files(importer, tmp_path):
    models = [case.model for _, case in sorted(cases.load().items())]
    # The first import pays for what is loaded lazily.
    importer.ask(importing.save(models[0], tmp_path))
    answers = collections.Counter()
    for i, data in enumerate(mutate.mutated(models, FILES, seed=20)):
        path = importing.save(data, tmp_path, f"{i}.onnx")
        answer, seconds = importer.ask(path)
        if seconds > SECONDS:
            # Somebody else may have had the processor.
            answer, seconds = importer.ask(path)
        assert answer in ("imported", "refused"), path
        assert seconds <= SECONDS, path
        path.unlink()
        answers[answer] += 1
    if is_sanitized():
        # Where address space cannot be limited, what was in use counts.
        assert importer.peak() <= MEMORY
    # The mutations must reach beyond the first check, and hurt.
    assert answers["imported"] >= FILES // 10
    assert answers["refused"] >= FILES // 10
