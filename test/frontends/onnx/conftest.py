# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import numpy
import pytest

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
