# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints the error of one exported model on CUDA, and whether its first answer
is the same, as JSON.

python -m test.e2e.cuda.worker MODEL.onnx GOLDEN.npz PRECISION
"""

import json
import os
import sys
import tempfile

import numpy
import visir

from test.e2e.models.worker import relative_error
from test.e2e.precision import same_top


def main():
    path, golden_path, precision = sys.argv[1:]
    with numpy.load(golden_path) as arrays:
        inputs = {n[3:]: arrays[n] for n in arrays.files if n[:3] == "in:"}
        golden = {n[4:]: arrays[n] for n in arrays.files if n[:4] == "out:"}
    with tempfile.TemporaryDirectory() as folder:
        artifact = os.path.join(folder, "model.visir")
        visir.compile(
            path,
            "cuda:sm_90",
            output=artifact,
            options=["--precision", precision],
        )
        results = visir.load(artifact, device="cuda").run(inputs)
    error = relative_error(results, golden)
    print(json.dumps({"error": error, "same_top": same_top(results, golden)}))


if __name__ == "__main__":
    main()
