# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MatMul, Gemm, Conv, ConvTranspose and Einsum."""

import itertools

import numpy
import pytest

from test.frontends.onnx.judge import by_onnxruntime


@pytest.mark.parametrize(
    "left, right",
    [
        ((4,), (4,)),
        ((4,), (4, 3)),
        ((2, 4), (4,)),
        ((5, 2, 4), (4, 3)),
        ((4,), (5, 4, 3)),
        ((5, 1, 2, 4), (6, 4, 3)),
    ],
)
def test_matmul(judge, draw, left, right):
    judge.check("MatMul", [draw(*left), draw(*right)], opset=13)


def test_matmul_of_a_scalar_is_refused(judge, draw):
    reason = judge.reason("MatMul", [draw(), draw(3)], opset=13)
    assert "rank of an operand is 0, expected at least 1" in reason


@pytest.mark.parametrize("opset", [7, 9, 13])
@pytest.mark.parametrize("a, b", list(itertools.product((0, 1), repeat=2)))
def test_gemm(judge, draw, opset, a, b):
    left, right = draw(2, 4), draw(4, 3)
    operands = [left.T.copy() if a else left, right.T.copy() if b else right]
    judge.check(
        "Gemm",
        [*operands, draw(2, 1)],
        opset=opset,
        transA=a,
        transB=b,
        alpha=0.5,
        beta=2.0,
    )


def test_gemm_bias_must_fit(judge, draw):
    operands = [draw(2, 4), draw(4, 3), draw(5, 2, 3)]
    reason = judge.reason("Gemm", operands, opset=13)
    assert "shape of C is [5, 2, 3], expected one that broadcasts" in reason


@pytest.mark.parametrize("opset", [7, 11, 22])
@pytest.mark.parametrize(
    "size, kernel, attributes",
    [
        ((11,), (3,), {"strides": [2], "pads": [1, 2]}),
        ((7, 8), (3, 2), {"dilations": [2, 1], "pads": [1, 0, 2, 1]}),
        ((7, 8), (3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ((7, 8), (2, 2), {"auto_pad": "SAME_LOWER", "strides": [2, 1]}),
        ((7, 8), (3, 3), {"auto_pad": "VALID"}),
        ((5, 6, 4), (3, 2, 2), {"strides": [1, 2, 1]}),
    ],
)
def test_conv(judge, draw, opset, size, kernel, attributes):
    judge.check(
        "Conv",
        [draw(2, 4, *size), draw(6, 2, *kernel), draw(6)],
        opset=opset,
        group=2,
        kernel_shape=kernel,
        by=by_onnxruntime,
        **attributes,
    )


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"strides": [2, 2], "output_padding": [1, 0]},
        {"strides": [2, 3], "pads": [1, 0, 0, 2], "dilations": [1, 2]},
        {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
        {"strides": [2, 2], "auto_pad": "SAME_LOWER"},
        {"strides": [3, 2], "output_shape": [14, 11]},
    ],
)
def test_conv_transpose(judge, draw, attributes):
    judge.check(
        "ConvTranspose",
        [draw(2, 4, 5, 5), draw(4, 3, 3, 3), draw(6)],
        opset=11,
        group=2,
        by=by_onnxruntime,
        **attributes,
    )


def test_conv_transpose_names_the_attribute(judge, draw):
    reason = judge.reason(
        "ConvTranspose",
        [draw(1, 1, 4, 4), draw(1, 1, 3, 3)],
        opset=11,
        strides=[1],
    )
    assert "number of strides is 1, expected 2" in reason


EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ba", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("iji->j", (3, 2, 3)),
    ("bhwc,hkc->bhwk", (2, 3, 4, 5), (3, 6, 5)),
    ("b h i d, b h j d -> b h i j", (2, 3, 4, 5), (2, 3, 6, 5)),
    ("...ij,...jk->...ik", (5, 2, 3), (3, 4)),
    ("...i,...i->...", (2, 1, 3), (4, 3)),
    ("i,j,k->kij", (2,), (3,), (4,)),
    ("ab,bc,cd,de->ae", (2, 9), (9, 3), (3, 8), (8, 2)),
    ("ij,ij,j->", (2, 3), (2, 3), (3,)),
    ("a...b->b...", (2, 3, 4, 5)),
    ("ij,jk->ik", (2, 1), (3, 4)),
    ("ijk,k->ij", (2, 3, 4), (4,)),
    (
        "bijk,r,ri,rj,rk,or,pr->bop",
        *((2, 3, 4, 5), (6,), (6, 3), (6, 4), (6, 5), (2, 6), (3, 6)),
    ),
    ("bijk,oia,apjc,cqk->bopq", (2, 3, 4, 2), (3, 3, 5), (5, 2, 4, 3), (3, 4, 2)),
    ("ab,bc,cd,de,ef,fg,gh,hi,ij->aj", *((2, 3), (3, 2)) * 4, (2, 3)),
]


@pytest.mark.parametrize(
    "equation, shapes", [(e, s) for e, *s in EQUATIONS]
)
def test_einsum(judge, draw, equation, shapes):
    inputs = [draw(*shape) for shape in shapes]
    expected = numpy.einsum(equation, *inputs.copy())
    judge.check(
        "Einsum", inputs, opset=12, equation=equation, expected=[expected]
    )


@pytest.mark.parametrize(
    "equation, text",
    [
        ("ij->ik", "the output of the equation has a label that no operand"),
        ("ij->ii", "the output of the equation has a label twice"),
        ("i->i", "rank of operand 0 is 2, expected that of i"),
        ("ij,j->i", "number of operands of the equation is 2, expected 1"),
        ("i1->i", "a label of the equation is 1, expected a letter"),
    ],
)
def test_einsum_refuses(judge, draw, equation, text):
    assert text in judge.reason(
        "Einsum", [draw(2, 3)], opset=12, equation=equation
    )
