# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds Visir's wheels from a CMake build, without other tools.

`pip install .` calls build_wheel() and gets the package with the compiler in
it: the program `visir` with LLVM inside, and the few libraries that a machine
may lack.
build_runtime_wheel() makes the small one that only loads and runs. Both
install the package `visir`: take one or the other.
"""

import base64
import hashlib
import os
import pathlib
import re
import stat
import subprocess
import tempfile
import zipfile

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
RUNTIME = "libvisir-runtime.so"
# Part of every Debian or Ubuntu system that has Python.
OF_THE_SYSTEM = re.compile(
    r"(ld-linux.*|lib(c|m|dl|rt|pthread|util|resolv|gcc_s|stdc\+\+))\.so.*"
)
# A fixed time, so that the same build gives the same bytes.
TIME = (2020, 1, 1, 0, 0, 0)


def version():
    text = (ROOT / "CMakeLists.txt").read_text()
    return re.search(r"project\(Visir VERSION ([\d.]+)", text)[1]


def build_folder(targets):
    """The CMake build, its targets made or brought up to date."""
    folder = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
    if not (folder / "CMakeCache.txt").exists():
        configure = ["cmake", "--preset", "dev", "-B", str(folder)]
        subprocess.run(configure, cwd=ROOT, check=True)
    build = ["cmake", "--build", str(folder), "--target", *targets]
    subprocess.run(build, cwd=ROOT, check=True)
    return folder


def needed_libraries(program):
    """{name: path} of the shared libraries that the system may lack."""
    listing = subprocess.run(
        ["ldd", str(program)], check=True, capture_output=True, text=True
    ).stdout
    found = re.findall(r"^\s*(\S+) => (/\S+)", listing, re.MULTILINE)
    return {n: p for n, p in found if not OF_THE_SYSTEM.fullmatch(n)}


def platform_tag():
    machine = os.uname().machine
    # The oldest glibc that the build can run with is its own.
    release = os.confstr("CS_GNU_LIBC_VERSION").split()[1].replace(".", "_")
    return f"py3-none-manylinux_{release}_{machine}"


def metadata(name, compiler):
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version()}",
        "Summary: Ahead-of-time compiler for vision models"
        if compiler
        else "Summary: Runs models compiled by Visir",
        "License: Apache-2.0 WITH LLVM-exception",
        "Requires-Python: >=3.10",
        "Requires-Dist: numpy",
        "Provides-Extra: onnx",
        "Requires-Dist: onnx; extra == 'onnx'",
    ]
    return "\n".join(lines) + "\n"


def wheel_files(build, name, compiler):
    """{path in the wheel: bytes or file, executable or not}."""
    files = {
        f"visir/{path.name}": path
        for path in sorted((HERE / "visir").glob("*.py"))
    }
    files["visir/py.typed"] = HERE / "visir" / "py.typed"
    files[f"visir/lib/{RUNTIME}"] = build / "lib" / RUNTIME
    info = f"{name.replace('-', '_')}-{version()}.dist-info"
    if compiler:
        program = build / "standalone" / "visir"
        files["visir/bin/visir"] = program
        for library, path in needed_libraries(program).items():
            files[f"visir/lib/{library}"] = pathlib.Path(path)
        scripts = "[console_scripts]\nvisir = visir.locate:run_tool\n"
        files[f"{info}/entry_points.txt"] = scripts.encode()
    files[f"{info}/METADATA"] = metadata(name, compiler).encode()
    wheel = (
        "Wheel-Version: 1.0\nGenerator: visir\nRoot-Is-Purelib: false\n"
        f"Tag: {platform_tag()}\n"
    )
    files[f"{info}/WHEEL"] = wheel.encode()
    return files, info


def stripped(path):
    """A file's bytes; of a program or library without its symbols."""
    data = path.read_bytes()
    if not data.startswith(b"\x7fELF"):
        return data
    with tempfile.NamedTemporaryFile() as made:
        command = ["strip", "--strip-unneeded", "-o", made.name, str(path)]
        subprocess.run(command, check=True)
        return pathlib.Path(made.name).read_bytes()


def write_wheel(folder, name, compiler):
    """Writes a wheel and returns its file name."""
    targets = ["visir_runtime_shared"]
    if compiler:
        targets.append("visir-standalone")
    build = build_folder(targets)
    files, info = wheel_files(build, name, compiler)
    base = f"{name.replace('-', '_')}-{version()}-{platform_tag()}.whl"
    record = []
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(pathlib.Path(folder) / base, "w") as archive:
        for path, content in files.items():
            data = content if isinstance(content, bytes) else stripped(content)
            mode = 0o755 if "/bin/" in path or ".so" in path else 0o644
            entry = zipfile.ZipInfo(path, TIME)
            # pip marks only regular files as executable.
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
            digest = hashlib.sha256(data).digest()
            digest = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(data)}")
        record.append(f"{info}/RECORD,,")
        text = "\n".join(record) + "\n"
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD", TIME), text)
    return base


def build_wheel(folder, config_settings=None, metadata_directory=None):
    """The hook that pip calls."""
    return write_wheel(folder, "visir", compiler=True)


def build_sdist(folder, config_settings=None):
    raise NotImplementedError("install from a checkout or from a wheel")


def build_runtime_wheel(folder):
    return write_wheel(folder, "visir-runtime", compiler=False)
