# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import shutil

import pytest

from scripts.lib import mca

ASSEMBLY = """
	.text
k0_contract:                            // @k0_contract
	b	k0_contract.body
k0_contract.body:
.LBB1_1:                                // =>This Inner Loop
	ldr	q0, [x0], #16
	fmla	v1.4s, v0.4s, v2.s[0]       // a comment
	fmla	v3.4s, v0.4s, v2.s[1]
	.p2align	4
	subs	x1, x1, #1
	b.ne	.LBB1_1
.LBB1_2:
	ldr	q0, [x0], #16
	fmla	v1.4s, v0.4s, v2.s[0]
	cbnz	x1, .LBB1_2
.LBB1_3:
	fmla	v4.4s, v0.4s, v2.s[0]
	fmla	v5.4s, v0.4s, v2.s[0]
	fmla	v6.4s, v0.4s, v2.s[0]
	b.ne	.LBB1_1
k1_norm.body:
.LBB2_1:
	fmla	v1.4s, v0.4s, v2.s[0]
	b.ne	.LBB2_1
k2_attention.body:
.LBB3_1:
	fmla	v1.4s, v0.4s, v2.4s
	fmla	v1.4s, v0.4s, v2.4s
	fsub	v1.4s, v0.4s, v2.4s
	b.ne	.LBB3_1
.LBB3_2:
	fmla	v1.4s, v0.4s, v2.s[0]
	tbnz	w8, #0, .LBB3_2
"""


def test_loops_that_wait_for_memory_are_left_out():
    text = """
k0_contract.body:
.LBB0_1:
	ldp	q0, q1, [x0], #32
	fmla	v2.4s, v0.4s, v4.s[0]
	fmla	v3.4s, v1.4s, v4.s[0]
	b.ne	.LBB0_1
"""
    assert [loop.loads for loop in mca.loops_of(text)] == [2]
    assert mca.inner_loops(text) == {}


def test_inner_loops_are_found():
    loops = mca.inner_loops(ASSEMBLY)
    assert set(loops) == {"k0_contract", "k2_attention"}
    assert loops["k0_contract"].multiply_adds == 2
    assert loops["k0_contract"].instructions == 5
    # The polynomial of a softmax is no product.
    assert loops["k2_attention"].multiply_adds == 1


@pytest.mark.skipif(
    not shutil.which(mca.LLVM_MCA), reason="needs llvm-mca of LLVM"
)
def test_models_of_cores():
    for precision in ("fp32", "fp16"):
        assert mca.multiply_adds_per_cycle("neoverse-n1", precision) == 2
        assert mca.multiply_adds_per_cycle("neoverse-v2", precision) == 4
    rows = mca.rows_of(mca.inner_loops(ASSEMBLY), "neoverse-n1")
    # Each sum waits for itself: one multiply-add in at least two cycles.
    assert all(row.cycles >= 1 and row.share <= 0.5 for row in rows)
