# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Documents that are made from sources: see scripts/docs."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
TBLGEN = "mlir-tblgen"
LLVM = pathlib.Path("/usr/lib/llvm-22")

# File, generator of mlir-tblgen and what it reads.
TABLES = {
    "visir-dialect.md": (
        ["-gen-dialect-doc", "-dialect=visir"],
        "dialects/visir/VisirOps.td",
    ),
    "visir-exec-dialect.md": (
        ["-gen-dialect-doc", "-dialect=visir_exec"],
        "dialects/visir_exec/VisirExec.td",
    ),
    "passes.md": (["-gen-pass-doc"], "compiler/transforms/Passes.td"),
}
COMMANDS = (
    "compile", "run", "generate", "bench", "profile", "inspect", "verify", "devices",
    "compare", "ops", "targets",
)  # fmt: skip


def tool():
    build = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
    return build / "bin" / "visir"


def output_of(*command):
    done = subprocess.run(
        [*map(str, command)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def table(generator, source):
    includes = ["-I", LLVM / "include", "-I", ROOT]
    return output_of(LLVM / "bin" / TBLGEN, *generator, *includes, source)


def operators():
    """The support table; one row for each operator."""
    table = json.loads(output_of(tool(), "ops", "--json"))
    lines = [
        "# ONNX operators",
        "",
        f"Of the default domain, opset {table['first_opset']} to "
        f"{table['last_opset']}. An operator is imported with the meaning of "
        "every opset from the first one named on; a form of it that is not "
        "supported is refused with its reason.",
        "",
        "| operator | since opset |",
        "|---|---|",
    ]
    lines += [
        f"| {row['op']} | {row['first_opset']} |" for row in table["operators"]
    ]
    return "\n".join(lines) + "\n"


def helps():
    """What each command says of itself."""
    parts = ["# Commands\n"]
    for name in COMMANDS:
        text = output_of(tool(), name, "--help").rstrip()
        parts.append(f"## visir {name}\n\n```\n{text}\n```\n")
    return "\n".join(parts)


def documents():
    """{file name: text}"""
    made = {name: table(*how) for name, how in TABLES.items()}
    made["onnx-operators.md"] = operators()
    made["commands.md"] = helps()
    return made


def undescribed(text):
    """Operations and passes of a generated document that nothing describes:
    their heading is followed by no line in italics."""
    for part in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        name = re.match(r"`([^`]+)`", head)
        if name and not re.match(r"\s*_\S", body):
            yield name[1]


def problems(made):
    for name in TABLES:
        for what in undescribed(made[name]):
            yield f"{name}: {what} has no summary"
    page = (ROOT / "docs" / "cli.md").read_text()
    known = re.findall(r"^  (\w+) ", output_of(tool(), "--help"), re.MULTILINE)
    for command in known:
        if f"## visir {command}" not in page:
            yield f"docs/cli.md: visir {command} has no section"


def main(words=None):
    parser = argparse.ArgumentParser(prog="scripts/docs")
    parser.add_argument("folder", nargs="?", default="docs/generated")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args(words)
    made = documents()
    found = list(problems(made))
    for problem in found:
        print(problem, file=sys.stderr)
    if not arguments.check:
        folder = ROOT / arguments.folder
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in made.items():
            (folder / name).write_text(text)
            print(folder / name)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
