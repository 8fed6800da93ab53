# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# pylint: disable=undefined-variable
import lit.formats
import lit.util

config.name = "visir"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.test_source_root = config.visir_source + "/test"
config.test_exec_root = config.visir_build + "/test"
config.environment["PATH"] = ":".join(
    [
        config.visir_build + "/bin",
        config.llvm_tools,
        config.environment.get("PATH", ""),
    ]
)
config.environment["FILECHECK_OPTS"] = "--dump-input-filter=error"
