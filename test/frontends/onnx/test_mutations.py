# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""1000 broken files: no crash, no hang, bounded memory, an error each time
that a file is not imported."""

import collections
import os
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


@pytest.fixture
def importer():
    """ask(path): the tool's answer and the seconds that it took."""
    sanitized = os.environ.get("ASAN_OPTIONS") is not None
    with subprocess.Popen(
        [importing.TOOL, "--batch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        # Address sanitizer reserves terabytes.
        preexec_fn=None if sanitized else limit_memory,
    ) as process, selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)

        def ask(path):
            begin = time.monotonic()
            process.stdin.write(f"{path}\n")
            process.stdin.flush()
            answer = selector.select(60) and process.stdout.readline().strip()
            return answer, time.monotonic() - begin

        yield ask
        process.kill()


def test_mutated_files(importer, tmp_path):
    models = [case.model for _, case in sorted(cases.load().items())]
    # The first import pays for what is loaded lazily.
    importer(importing.save(models[0], tmp_path))
    answers = collections.Counter()
    for i, data in enumerate(mutate.mutated(models, FILES, seed=20)):
        path = importing.save(data, tmp_path, f"{i}.onnx")
        answer, seconds = importer(path)
        if seconds > SECONDS:
            # Somebody else may have had the processor.
            answer, seconds = importer(path)
        assert answer in ("imported", "refused"), path
        assert seconds <= SECONDS, path
        path.unlink()
        answers[answer] += 1
    # The mutations must reach beyond the first check, and hurt.
    assert answers["imported"] >= FILES // 10
    assert answers["refused"] >= FILES // 10
