# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tool says, and exits with, where a user goes wrong: each case in
full, since the text is what the user has. What only one part says is tested
beside that part (test/frontends, test/runtime, test/tools)."""

import os
import pathlib
import re
import subprocess

import numpy
import onnx
import pytest
from conftest import model_of, tensor
from onnx import TensorProto, helper

from visir import locate

FLOWER = pathlib.Path(__file__).parents[2] / "models/photos/flower.jpg"
FAILED, UNSUPPORTED, USAGE = 1, 2, 64


@pytest.fixture
def visir(tmp_path, monkeypatch):
    """Runs the tool in an empty folder: (exit code, lines of stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        done = subprocess.run(
            [locate.tool(), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stderr.splitlines()

    return run


def relu(shape=(2, 3), kind=TensorProto.FLOAT, **fields):
    node = helper.make_node("Relu", ["x"], ["y"], name="act")
    model = model_of(
        [node], [tensor("x", shape, kind)], [tensor("y", shape, kind)]
    )
    for name, number in fields.items():
        if name == "opset":
            model.opset_import[0].version = number
        else:
            setattr(model, name, number)
    return model


def save(model, name="m.onnx"):
    onnx.save(model, name)
    return name


@pytest.fixture
def artifact(visir):
    assert visir("compile", save(relu()), "-q", "-o", "m.visir") == (0, [])
    return pathlib.Path("m.visir")


def test_symbolic_dimensions_tell_the_option_to_add(visir):
    save(relu(("N", 3, "H", None)))
    code, lines = visir("compile", "m.onnx", "-o", "m.visir")
    assert (code, lines) == (
        FAILED,
        [
            "error: m.onnx: input 'x' has symbolic dimensions, expected static "
            "ones: add --shape x=1x3x<H>x<dim3>"
        ],
    )
    assert not os.path.exists("m.visir")
    option = re.search(r"--shape \S+$", lines[0])[0]
    option = option.replace("<H>", "5").replace("<dim3>", "4").split()
    assert visir("compile", "m.onnx", "-o", "m.visir", *option)[0] == 0


def test_symbolic_batch_is_told(visir):
    save(relu(("N", 3)))
    code, lines = visir("compile", "m.onnx", "-q", "--remarks")
    assert code == 0
    assert "remark: m.onnx: symbolic batch 'N' of input 'x' becomes 1" in lines


def test_everything_unsupported_is_listed_at_once(visir):
    nodes = [
        helper.make_node("Frobnicate", ["x"], ["a"], name="first", size=3),
        helper.make_node("MaxPool", ["x"], ["b"], name="second",
                         kernel_shape=[2, 2], auto_pad="ODD"),
        helper.make_node("Gelu", ["x"], ["c"], name="third"),
        helper.make_node("Relu", ["x"], ["d"], name="fourth",
                         domain="com.example"),
    ]  # fmt: skip
    outputs = [tensor(name, None) for name in "abcd"]
    save(model_of(nodes, [tensor("x", (1, 3, 8, 8))], outputs))
    assert visir("compile", "m.onnx", "-o", "m.visir") == (
        UNSUPPORTED,
        [
            "error: first: operator Frobnicate (opset 17) is not supported: the "
            "operator has no import; attributes: size = 3 : i64",
            "error: second: operator MaxPool (opset 17) is not supported: "
            "auto_pad is 'ODD', expected NOTSET, SAME_UPPER, SAME_LOWER or "
            'VALID; attributes: auto_pad = "ODD" kernel_shape = array<i64: 2, '
            "2>",
            "error: third: operator Gelu (opset 17) is not supported: opset is "
            "17, expected at least 20",
            "error: fourth: operator com.example.Relu (opset 0) is not "
            "supported: domain is 'com.example', expected the default one",
        ],
    )
    assert not os.path.exists("m.visir")


def with_weights(location):
    """y = x + w, where w lies in a file."""
    node = helper.make_node("Add", ["x", "w"], ["y"])
    model = model_of([node], [tensor("x", (2,))], [tensor("y", (2,))])
    weights = model.graph.initializer.add(
        name="w", data_type=TensorProto.FLOAT, dims=[2]
    )
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=location)
    return model


def make_secret(folder):
    """Eight bytes outside of the model's folder, and ways to them."""
    secret = folder / "secret.bin"
    secret.write_bytes(bytes(8))
    (folder / "model").mkdir()
    (folder / "model" / "link.bin").symlink_to("../secret.bin")
    os.link(secret, folder / "model" / "hard.bin")


@pytest.mark.parametrize(
    "location, text",
    [
        ("/etc/hostname", "is not a relative path"),
        ("../secret.bin", "leaves the folder of the model"),
        ("link.bin", "passes through a symbolic link or a file, expected folders"),
        ("hard.bin", "has 2 hard links, expected 1"),
        ("none.bin", "cannot be read: No such file or directory"),
    ],
)
def test_external_data_stays_in_the_folder(visir, tmp_path, location, text):
    make_secret(tmp_path)
    save(with_weights(location), "model/m.onnx")
    assert visir("compile", "model/m.onnx", "-o", "m.visir") == (
        FAILED,
        [f"error: w: tensor 'w': external data '{location}' {text}"],
    )


def test_wrong_names_in_options(visir):
    save(relu())
    for option in ("--bind", "--shape"):
        assert visir("compile", "m.onnx", option, "z=1") == (
            FAILED,
            [f"error: m.onnx: {option} names 'z', expected an input: 'x'"],
        )
    assert visir("compile", "m.onnx", "--bind", "z") == (
        USAGE, ["error: --bind is 'z', expected name=value"],
    )  # fmt: skip
    assert visir("compile", "m.onnx", "--state", "z=y") == (
        FAILED,
        ["error: m.onnx: state z=y names no input of any entry point"],
    )


def test_files_that_are_no_models(visir):
    assert visir("compile", "none.onnx", "-o", "m.visir") == (
        FAILED,
        ["error: none.onnx: cannot read 'none.onnx': No such file or directory"],
    )
    pathlib.Path("text.onnx").write_text("hello")
    code, lines = visir("compile", "text.onnx", "-o", "m.visir")
    assert code == FAILED
    assert lines == [
        "error: text.onnx: 'text.onnx' is not an ONNX file: its protobuf "
        "encoding is broken"
    ]


def test_models_of_one_name(visir):
    os.mkdir("other")
    save(relu())
    save(relu(), "other/m.onnx")
    assert visir("compile", "m.onnx", "other/m.onnx", "-o", "m.visir") == (
        FAILED,
        [
            "error: m.onnx: name of entry point m is taken, expected models "
            "with different file names"
        ],
    )


def test_preprocessing_that_is_no_file(visir):
    save(relu((1, 3, 8, 8)))
    assert visir("compile", "m.onnx", "--preprocess", "none.txt") == (
        USAGE,
        [
            "error: preprocessing is none.txt, expected imagenet or a file: No "
            "such file or directory"
        ],
    )


def test_bound_arrays_that_do_not_fit(visir):
    save(relu())
    numpy.save("wide.npy", numpy.zeros((2, 3), "c16"))
    assert visir("compile", "m.onnx", "--bind", "x=wide.npy") == (
        USAGE,
        ["error: dtype of wide.npy is <c16, expected little-endian numbers"],
    )
    numpy.savez("two.npz", a=numpy.zeros(3), b=numpy.zeros(3))
    os.rename("two.npz", "two.npy")
    assert visir("compile", "m.onnx", "--bind", "x=two.npy") == (
        USAGE, ["error: number of arrays in two.npy is 2, expected 1"],
    )  # fmt: skip


def damage_magic(data):
    data[0] ^= 1


def damage_version(data):
    data[12] += 1


def damage_manifest(data):
    data[200] ^= 1


def damage_length(data):
    del data[-5:]


@pytest.mark.parametrize(
    "damage, text",
    [
        (damage_magic, r"file magic is 57495349\w+, expected 56495349\w+"),
        (damage_version, "file version is 2, expected 1"),
        (damage_manifest, r"digest of the manifest is \w+..., expected \w+..."),
        (damage_length, r"file size is \d+, expected \d+"),
    ],
)
def test_damaged_artifacts(visir, artifact, damage, text):
    data = bytearray(artifact.read_bytes())
    damage(data)
    artifact.write_bytes(data)
    for command in (["run", "m.visir", "--random=1"], ["inspect", "m.visir"]):
        code, lines = visir(*command)
        assert code == FAILED
        assert len(lines) == 1 and re.fullmatch("error: " + text, lines[0])


def test_damaged_constants_are_found_by_a_full_check(visir):
    node = helper.make_node("Mul", ["x", "w"], ["y"])
    weights = numpy.float32([7, 8, 9])
    save(
        model_of([node], [tensor("x", (3,))], [tensor("y", (3,))], {"w": weights})
    )
    assert visir("compile", "m.onnx", "-q", "-o", "m.visir")[0] == 0
    artifact = pathlib.Path("m.visir")
    data = artifact.read_bytes()
    assert data.count(weights.tobytes()) == 1
    artifact.write_bytes(data.replace(weights.tobytes(), bytes(12)))
    for command in (
        ["run", "m.visir", "--random=1", "--full"],
        ["verify", "m.visir"],
    ):
        code, lines = visir(*command)
        assert code == FAILED
        assert re.fullmatch(
            r"error: digest of section \d is \w+\.\.\., expected \w+\.\.\.",
            lines[0],
        )


def test_artifact_that_is_missing(visir):
    assert visir("run", "none.visir") == (
        FAILED, ['error: cannot open "none.visir": no such file'],
    )  # fmt: skip


@pytest.mark.parametrize(
    "array, text",
    [
        (numpy.zeros((2, 4), "f4"),
         'input 0 "x": dimension 1 is 4, expected 3'),
        (numpy.zeros((2, 3), "f8"), 'input 0 "x": dtype is f64, expected f32'),
        (numpy.zeros((6,), "f4"), 'input 0 "x": rank is 1, expected 2'),
        (numpy.zeros((2, 3), ">f4"),
         '"x.npy": dtype is >f4, expected a little-endian number'),
    ],
)  # fmt: skip
def test_inputs_that_do_not_fit(visir, artifact, array, text):
    numpy.save("x.npy", array)
    assert visir("run", artifact, "--input", "x=x.npy") == (
        FAILED, [f"error: {text}"],
    )  # fmt: skip


def test_inputs_that_are_not_there(visir, artifact):
    assert visir("run", artifact) == (
        USAGE,
        [
            'error: input "x" is missing, expected --input x=FILE.npy or '
            "--random SEED"
        ],
    )
    assert visir("run", artifact, "--input", "z=x.npy") == (
        USAGE, ['error: input is "z", expected one of x'],
    )  # fmt: skip
    assert visir("run", artifact, "--input", "x=none.npy") == (
        FAILED, ['error: "none.npy": cannot be opened'],
    )  # fmt: skip


def test_other_names_at_run(visir, artifact):
    assert visir("run", artifact, "--random=1", "--entry", "other") == (
        FAILED,
        ['error: entry "other" does not exist, expected one of 1 such as "main"'],
    )
    code, lines = visir("run", artifact, "--random=1", "--target", "z80")
    assert code == FAILED
    assert lines[0].startswith(
        "error: target is z80, expected one that is in the artifact and runs "
        "here: x86-64-v"
    )
    assert visir("run", artifact, "--random=1", "--output", "none") == (
        FAILED, ['error: "none/y.npy": cannot be opened'],
    )  # fmt: skip


@pytest.fixture
def pictures(visir):
    """p.visir takes pictures; cut.jpg and cut.png end early."""
    save(relu((1, 3, 224, 224)))
    done = visir(
        "compile", "m.onnx", "-q", "-o", "p.visir", "--preprocess", "imagenet"
    )
    assert done == (0, [])
    pathlib.Path("cut.jpg").write_bytes(FLOWER.read_bytes()[:5000])
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0"
    pathlib.Path("cut.png").write_bytes(png)
    pathlib.Path("text.jpg").write_text("hello")


@pytest.mark.parametrize(
    "name, text",
    [
        ("cut.jpg", "JPEG picture is damaged: .+"),
        ("cut.png", "PNG picture is damaged: .+"),
        ("text.jpg", "is no JPEG or PNG picture"),
        ("none.jpg", "cannot be opened"),
    ],
)
def test_pictures_that_cannot_be_read(visir, pictures, name, text):
    code, lines = visir("run", "p.visir", "--input", name)
    assert code == FAILED
    assert re.fullmatch(f'error: "{name}": {text}', lines[0])


def test_picture_without_preprocessing(visir, artifact):
    code, lines = visir("run", artifact, "--input", FLOWER)
    assert (code, lines) == (
        FAILED,
        [
            f'error: "{FLOWER}": input 0 has no stored preprocessing, expected '
            "an artifact compiled with --preprocess, or a .npy file"
        ],
    )


def test_compare_refuses_like_compile(visir):
    assert visir("compare", "none.onnx") == (
        FAILED,
        ["error: none.onnx: cannot read 'none.onnx': No such file or directory"],
    )
    assert visir("compare", save(relu()), "--target", "z80")[1] == [
        "error: m.onnx: target is z80, expected one of x86-64-v2, x86-64-v3, "
        "x86-64-v4, x86-64-v4+avx512vpopcntdq, aarch64, host, "
        "aarch64:cortex-a53, aarch64:cortex-a76, aarch64:cortex-x1, aarch64:neoverse-n1, aarch64:neoverse-v2, "
        "aarch64:apple-m1, plain, cuda:sm_75, cuda:sm_80, cuda:sm_86, "
        "cuda:sm_87, cuda:sm_89, cuda:sm_90, cuda:sm_100, cuda:sm_110, "
        "cuda:sm_120, vulkan"
    ]
