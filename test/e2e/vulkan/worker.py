# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Judges one exported model on Vulkan; prints one JSON line.

python -m test.e2e.vulkan.worker MODEL.onnx GOLDEN.npz PRECISION
"""

import json
import os
import sys
import tempfile

import numpy
import visir

from test.e2e.models.worker import relative_error, same_bits
from test.e2e.precision import same_top


def judge(path, golden_path, precision):
    with numpy.load(golden_path) as arrays:
        inputs = {n[3:]: arrays[n] for n in arrays.files if n[:3] == "in:"}
        golden = {n[4:]: arrays[n] for n in arrays.files if n[:4] == "out:"}
    with tempfile.TemporaryDirectory() as folder:
        artifact = os.path.join(folder, "model.visir")
        visir.compile(
            path,
            "vulkan",
            output=artifact,
            options=["--precision", precision],
        )
        module = visir.load(artifact, device="vulkan")
        results = module.run(inputs)
        again = module.run(inputs)
    return {
        "device": module.device,
        "error": relative_error(results, golden),
        "same_top": same_top(results, golden),
        "same_bits": same_bits(results, again),
    }


def main():
    try:
        report = judge(*sys.argv[1:])
    except visir.UnsupportedError as error:
        report = {"unsupported": str(error)}
    except Exception as error:
        report = {"failure": f"{type(error).__name__}: {error}"}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
