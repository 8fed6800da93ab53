# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import numpy
import pytest

from test.frontends.onnx import importing
from test.frontends.onnx.judge import Judge


@pytest.fixture
def judge(tmp_path):
    return Judge(tmp_path)


@pytest.fixture
def draw():
    """draw(2, 3): an array of that shape."""
    generator = numpy.random.default_rng(7)

    def array(*shape, dtype=numpy.float32):
        return generator.standard_normal(shape).astype(dtype)

    return array


@pytest.fixture
def imported(tmp_path):
    """imported(model, *options): the import's output, which must succeed."""

    def run(model, *options):
        result = importing.run(importing.save(model, tmp_path), *options)
        assert result.code == 0, result.messages
        return result

    return run


@pytest.fixture
def refused(tmp_path):
    """refused(model, *options): the error texts of an import that fails."""

    def run(model, *options):
        result = importing.run(importing.save(model, tmp_path), *options)
        assert result.code in (1, 2)
        assert result.ir == ""
        return [
            line.split(": error: ", 1)[1]
            for line in result.messages
            if ": error: " in line
        ]

    return run
