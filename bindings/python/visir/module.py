# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Opened artifacts and their runs."""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import math
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Union

import numpy

from visir import dlpack, dtypes, runtime

# Data at this alignment is used in place by the runtime.
ALIGNMENT = 64

# What run() takes for a tensor.
TensorLike = Union[numpy.ndarray, dlpack.SupportsDLPack, Sequence[Any], float]


@dataclasses.dataclass(frozen=True)
class Tensor:
    """Name, NumPy dtype and shape of an input or output.

    `shape` has the largest size of a dimension whose size is known when it
    runs; with such dimensions, `symbols` has their names, and None for others.
    """

    name: str
    dtype: numpy.dtype
    shape: tuple[int, ...]
    symbols: tuple[str | None, ...] = ()

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether a shape is right, but for sizes that the runtime checks."""
        if not self.symbols:
            return shape == self.shape
        return len(shape) == len(self.shape) and all(
            symbol is not None or have == want
            for have, want, symbol in zip(shape, self.shape, self.symbols)
        )


@dataclasses.dataclass(frozen=True)
class State:
    """A state: its name, size in bytes, and the largest length of its bounded
    dimension (0 without one)."""

    name: str
    bytes: int
    max_length: int


def empty_aligned(dtype: numpy.dtype, shape: Sequence[int]) -> numpy.ndarray:
    """An uninitialised C-contiguous array at an aligned address."""
    size = math.prod(shape) * dtype.itemsize
    raw = numpy.empty(size + ALIGNMENT, numpy.uint8)
    skip = -raw.ctypes.data % ALIGNMENT
    array = raw[skip : skip + size].view(dtype).reshape(shape)
    return array.view(dlpack.Bfloat16Array) if is_bfloat(dtype) else array


@functools.cache
def is_bfloat(dtype: numpy.dtype) -> bool:
    return dtype.name == "bfloat16"


def as_array(value: TensorLike, what: str) -> numpy.ndarray:
    """NumPy arrays as they are, other holders of tensors through DLPack."""
    if isinstance(value, numpy.ndarray):
        return value
    if not isinstance(value, dlpack.SupportsDLPack):
        return numpy.asarray(value)
    try:
        return dlpack.to_array(value)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise type(error)(f"{what}: {error}") from error


@functools.lru_cache
def dims_of(sizes: tuple[int, ...]) -> Any:
    """Sizes as the runtime reads them; of equal ones the same array."""
    return (ctypes.c_int64 * max(len(sizes), 1))(*sizes)


def views_of(arrays: list[numpy.ndarray], keep: list[Any]) -> Any:
    """TensorViews as the runtime takes them; `keep` collects what must stay
    alive."""
    views = (runtime.TensorView * max(len(arrays), 1))()
    for view, array in zip(views, arrays):
        view.data = array.ctypes.data
        view.dtype = dtypes.from_numpy(array.dtype)
        view.rank = array.ndim
        view.dims = dims = dims_of(array.shape)
        keep += [array, dims]
        if not array.flags.c_contiguous:
            steps = tuple(step // array.itemsize for step in array.strides)
            view.strides = strides = dims_of(steps)
            keep.append(strides)
    return views


def device_views(
    tensors: Sequence[Tensor],
    values: Mapping[str, dlpack.SupportsDLPack],
    what: str,
    stream: int,
    keep: list[Any],
) -> Any:
    """TensorViews of tensors in a device's memory; `keep` as for views_of."""
    names = [tensor.name for tensor in tensors]
    if sorted(values) != sorted(names):
        raise KeyError(f"{what}s are {sorted(values)}, expected {sorted(names)}")
    views = []
    for tensor in tensors:
        try:
            found = dlpack.to_device(values[tensor.name], stream)
        except ValueError as error:
            raise ValueError(f"{what} {tensor.name}: {error}") from error
        if found.dtype != dtypes.NAMES[dtypes.from_numpy(tensor.dtype)]:
            raise TypeError(
                f"dtype of {what} {tensor.name} is {found.dtype}, expected "
                f"{tensor.dtype}"
            )
        rank = len(found.shape)
        dims = dims_of(found.shape)
        strides = None
        if found.strides is not None:
            strides = dims_of(found.strides)
        keep += [dims, strides]
        views.append(
            runtime.TensorView(
                data=found.address,
                dtype=dtypes.from_numpy(tensor.dtype),
                rank=rank,
                dims=dims,
                strides=strides,
            )
        )
    return (runtime.TensorView * max(len(views), 1))(*views)


def has_whole_strides(array: numpy.ndarray) -> bool:
    """Whether its elements lie whole elements apart, as the runtime wants."""
    flags = array.flags
    return flags.aligned and (
        flags.c_contiguous
        or not any(step % array.itemsize for step in array.strides)
    )


class Entry:
    """One entry point of a module: its index, name, floating-point operations
    of a run, inputs and outputs (each a Tensor, in order)."""

    index: int
    name: str
    flops: float
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    def __init__(self, handle: ctypes.c_void_p, index: int) -> None:
        library = runtime.library()
        info = runtime.EntryInfo()
        runtime.check(
            library.visir_module_entry_info(handle, index, ctypes.byref(info))
        )
        self.index = index
        self.name = info.name.decode()
        self.flops = info.flops

        def tensors(query: Any, count: int) -> tuple[Tensor, ...]:
            return tuple(self._tensor(handle, query, i) for i in range(count))

        self.inputs = tensors(library.visir_module_input_info, info.input_count)
        self.outputs = tensors(
            library.visir_module_output_info, info.output_count
        )

    def _tensor(self, handle: ctypes.c_void_p, query: Any, index: int) -> Tensor:
        info = runtime.TensorInfo()
        runtime.check(query(handle, self.index, index, ctypes.byref(info)))
        symbols = tuple(
            symbol and symbol.decode()
            for symbol in info.dim_symbols[: info.rank]
        )
        return Tensor(
            info.name.decode(),
            dtypes.to_numpy(info.dtype),
            tuple(info.dims[: info.rank]),
            symbols if any(symbols) else (),
        )


class Module:
    """An artifact, ready to run.

    May be used from several threads; their runs take turns, without Python's
    global lock. As a context manager it closes itself at the end of the block,
    otherwise when it is no longer referred to.
    """

    target: str
    """The instruction set whose program runs, such as 'x86-64-v3'."""
    device: str
    """Where it runs: 'cpu', 'vulkan: NAME OF THE DEVICE'."""
    producer: str
    """The compiler that wrote the artifact, and its version."""
    options: str
    """The compiler's options that made it."""
    entries: tuple[Entry, ...]

    def __init__(
        self,
        source: str | os.PathLike[str] | bytes | bytearray | memoryview,
        threads: int = 0,
        target: str | None = None,
        device: str | None = None,
        copy_constants: bool = False,
        self_test: str = "first",
    ) -> None:
        """As load()."""
        library = runtime.library()
        self._lock = threading.Lock()
        self._finalizers: list[Callable[[], Any]] = []
        options = runtime.ContextOptions(thread_count=threads)
        options.struct_bytes = ctypes.sizeof(options)
        self._context = self._own(
            library.visir_context_release,
            library.visir_context_create,
            ctypes.byref(options),
        )
        if self_test not in runtime.SELF_TESTS:
            raise ValueError(
                f"self_test is {self_test!r}, expected one of "
                f"{', '.join(runtime.SELF_TESTS)}"
            )
        flags = runtime.SELF_TESTS[self_test]
        flags |= runtime.COPY_CONSTANTS if copy_constants else 0
        self._handle = self._open(source, target, device, flags)
        self._session = self._own(
            library.visir_session_release,
            library.visir_session_create,
            self._handle,
            None,
        )
        info = runtime.ModuleInfo()
        library.visir_module_info(self._handle, ctypes.byref(info))
        self.target = info.target.decode()
        self.device = library.visir_module_device(self._handle).decode()
        if " (refused: " in self.device:
            warnings.warn(f"runs on {self.device}", RuntimeWarning, 3)
        self.producer = info.producer.decode()
        self.options = info.options.decode()
        self.entries = tuple(
            Entry(self._handle, i) for i in range(info.entry_count)
        )
        self.states = tuple(self._state(i) for i in range(info.state_count))

    def _state(self, index: int) -> State:
        info = runtime.StateInfo()
        runtime.check(
            runtime.library().visir_module_state_info(
                self._handle, index, ctypes.byref(info)
            )
        )
        return State(info.name.decode(), info.bytes, info.max_length)

    def _open(
        self, source: Any, target: str | None, device: str | None, flags: int
    ) -> ctypes.c_void_p:
        library = runtime.library()
        opened: tuple[Any, ...]
        choice = runtime.ModuleOptions(
            flags=flags,
            target=target and target.encode(),
            device=device and device.encode(),
        )
        choice.struct_bytes = ctypes.sizeof(choice)
        if isinstance(source, (bytes, bytearray, memoryview)):
            given = numpy.frombuffer(source, numpy.uint8)
            # The runtime reads the constants where they are.
            self._data = empty_aligned(numpy.dtype("u1"), given.shape)
            self._data[:] = given
            opened = (
                library.visir_module_open_memory,
                self._context,
                self._data.ctypes.data,
                len(given),
            )
        else:
            opened = (
                library.visir_module_open_file,
                self._context,
                os.fsencode(source),
            )
        return self._own(
            library.visir_module_release, *opened, ctypes.byref(choice)
        )

    def _own(
        self, release: Any, create: Any, *arguments: Any
    ) -> ctypes.c_void_p:
        """Calls create(*arguments, out handle) and releases the handle with
        this object."""
        handle = ctypes.c_void_p()
        runtime.check(create(*arguments, ctypes.byref(handle)))
        self._finalizers.append(weakref.finalize(self, release, handle))
        return handle

    def __enter__(self) -> Module:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives back memory and threads, once a run under way has ended; may
        be called again. Results of runs stay valid."""
        with self._lock:
            while self._finalizers:
                self._finalizers.pop()()

    def _check_open(self) -> None:
        if not self._finalizers:
            raise ValueError("module is closed, expected an open one")

    @property
    def threads(self) -> int:
        """How many threads a run uses."""
        self._check_open()
        return runtime.library().visir_context_thread_count(self._context)

    @property
    def memory_bytes(self) -> int:
        """What the session holds: arena, states, scratch."""
        self._check_open()
        return runtime.library().visir_session_memory_bytes(self._session)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The inputs of the first entry point."""
        return self.entries[0].inputs

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The outputs of the first entry point."""
        return self.entries[0].outputs

    def entry(self, name: str | None = None) -> Entry:
        """The entry point of a name; the first one without a name. KeyError
        lists the names."""
        for entry in self.entries:
            if name is None or entry.name == name:
                return entry
        names = [entry.name for entry in self.entries]
        raise KeyError(f"entry is {name}, expected one of {names}")

    def run(
        self,
        inputs: Mapping[str, TensorLike],
        entry: str | None = None,
        *,
        out: Mapping[str, TensorLike] | None = None,
    ) -> dict[str, Any]:
        """Runs an entry point on {name: array} and returns {name: array}.

        inputs: NumPy arrays or anything that speaks DLPack on the CPU (torch
            tensors without gradient, say), of exactly the dtype and shape that
            the entry point states. What is dense and at a multiple of 64 bytes
            is read in place, anything else through one copy. A bounded
            dimension has any size within its bound, the same wherever its
            symbol stands, and outputs have the sizes that follow.
        entry: the name of the entry point; the first one without it.
        out: {name: array} that receive outputs, writable and not overlapping
            inputs; the same objects are in the result. Others are new NumPy
            arrays, which speak DLPack (bfloat16 ones too).

        Raises KeyError for a name that is missing or unknown, TypeError for a
        dtype, ValueError for a shape, a device or a closed module, and
        RuntimeFailure for what the runtime refuses.
        """
        entry_point = self.entry(entry)
        arrays = checked_inputs(entry_point, inputs)
        given = dict(out or {})
        with self._lock:
            self._check_open()
            shapes = self._output_shapes(entry_point, arrays)
            results = checked_outputs(entry_point, given, shapes)
            self._run(entry_point.index, arrays, results)
        return {
            tensor.name: given.get(tensor.name, array)
            for tensor, array in zip(entry_point.outputs, results)
        }

    def _run(
        self,
        entry: int,
        arrays: list[numpy.ndarray],
        results: list[numpy.ndarray],
    ) -> None:
        keep: list[Any] = []
        runtime.check(
            runtime.library().visir_run(
                self._session,
                entry,
                views_of(arrays, keep),
                len(arrays),
                views_of(results, keep),
                len(results),
            )
        )

    def enqueue(
        self,
        inputs: Mapping[str, dlpack.SupportsDLPack],
        outputs: Mapping[str, dlpack.SupportsDLPack],
        entry: str | None = None,
        *,
        stream: int = 0,
    ) -> None:
        """Starts a run on tensors in the memory of a CUDA device.

        inputs, outputs: {name: tensor}, one for each of the entry point, of
            anything that speaks DLPack on CUDA (torch tensors, say), dense, at
            a multiple of 64 bytes, on the module's device. They must live
            until the run is done.
        stream: the address of a CUDA stream, such as torch's
            `stream.cuda_stream`; 0 for the default one. The outputs hold their
            values when the stream gets there.

        Raises as `run` does; a kernel that fails makes `wait` raise.
        """
        entry_point = self.entry(entry)
        keep: list[Any] = []
        given = device_views(entry_point.inputs, inputs, "input", stream, keep)
        made = device_views(
            entry_point.outputs, outputs, "output", stream, keep
        )
        with self._lock:
            self._check_open()
            runtime.check(
                runtime.library().visir_session_enqueue(
                    self._session,
                    entry_point.index,
                    given,
                    len(entry_point.inputs),
                    made,
                    len(entry_point.outputs),
                    stream,
                )
            )

    def wait(self) -> None:
        """Returns when all runs that `enqueue` started are done; raises
        RuntimeFailure if a kernel of one of them failed."""
        with self._lock:
            self._check_open()
            runtime.check(runtime.library().visir_session_wait(self._session))

    def _output_shapes(
        self, entry: Entry, arrays: list[numpy.ndarray]
    ) -> list[tuple[int, ...]]:
        """The shapes of the outputs of a run with these inputs."""
        if not any(output.symbols for output in entry.outputs):
            return [output.shape for output in entry.outputs]
        keep: list[Any] = []
        views = views_of(arrays, keep)
        shapes = []
        for i, output in enumerate(entry.outputs):
            dims = (ctypes.c_int64 * runtime.MAX_RANK)(*output.shape)
            if output.symbols:
                runtime.check(
                    runtime.library().visir_session_output_dims(
                        self._session,
                        entry.index,
                        views,
                        len(arrays),
                        i,
                        dims,
                    )
                )
            shapes.append(tuple(dims[: len(output.shape)]))
        return shapes

    def state_length(self, name: str) -> int:
        """How much of a state's bounded dimension is in use."""
        length = ctypes.c_uint64()
        with self._lock:
            self._check_open()
            runtime.check(
                runtime.library().visir_session_state_length(
                    self._session, name.encode(), ctypes.byref(length)
                )
            )
        return length.value

    def set_state_length(self, name: str, length: int) -> None:
        """Sets it, to go back to an earlier run."""
        with self._lock:
            self._check_open()
            runtime.check(
                runtime.library().visir_session_set_state_length(
                    self._session, name.encode(), length
                )
            )

    def _generate(
        self, options: runtime.GeneratorOptions, prompt: list[int]
    ) -> tuple[list[int], float]:
        """The tokens of a text, and its score."""
        library = runtime.library()
        generator = ctypes.c_void_p()
        given = (ctypes.c_int64 * max(len(prompt), 1))(*prompt)
        tokens = (ctypes.c_int64 * max(options.max_length, 1))()
        length, score = ctypes.c_uint32(), ctypes.c_float()
        with self._lock:
            self._check_open()
            runtime.check(
                library.visir_generator_create(
                    self._session,
                    ctypes.byref(options),
                    ctypes.byref(generator),
                )
            )
            status = library.visir_generator_run(
                generator,
                given,
                len(prompt),
                tokens,
                ctypes.byref(length),
                ctypes.byref(score),
            )
            library.visir_generator_release(generator)
        runtime.check(status)
        return list(tokens[: length.value]), score.value

    def warmup(self) -> None:
        """Touches all memory, so that the first run is as fast as the next."""
        with self._lock:
            self._check_open()
            runtime.library().visir_session_warmup(self._session)

    def reset(self) -> None:
        """Sets all states to their initial values."""
        with self._lock:
            self._check_open()
            runtime.library().visir_session_reset(self._session)


def checked_array(
    value: TensorLike, tensor: Tensor, role: str
) -> numpy.ndarray:
    """The array of a value that must be what the entry point states."""
    what = f"{role} {tensor.name}"
    array = as_array(value, what)
    if array.dtype != tensor.dtype:
        raise TypeError(
            f"dtype of {what} is {array.dtype}, expected {tensor.dtype}"
        )
    if not tensor.fits(array.shape):
        symbols = tensor.symbols or (None,) * len(tensor.shape)
        shape = tuple(
            f"{symbol} <= {size}" if symbol else size
            for size, symbol in zip(tensor.shape, symbols)
        )
        raise ValueError(
            f"shape of {what} is {array.shape}, expected {shape}"
        )
    return array


def checked_inputs(
    entry: Entry, inputs: Mapping[str, TensorLike]
) -> list[numpy.ndarray]:
    """The arrays in the entry point's order, as the runtime can read them."""
    wanted = {tensor.name: tensor for tensor in entry.inputs}
    if set(inputs) != set(wanted):
        raise KeyError(
            f"inputs are {sorted(inputs)}, expected {sorted(wanted)}"
        )
    arrays = []
    for name, tensor in wanted.items():
        array = checked_array(inputs[name], tensor, "input")
        if not has_whole_strides(array):
            array = numpy.array(array, order="C")
        arrays.append(array)
    return arrays


def checked_outputs(
    entry: Entry,
    given: Mapping[str, TensorLike],
    shapes: list[tuple[int, ...]],
) -> list[numpy.ndarray]:
    """An array for each output: what the caller gives, or a new one."""
    names = [tensor.name for tensor in entry.outputs]
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise KeyError(f"outputs are {unknown}, expected some of {names}")
    arrays = []
    for tensor, shape in zip(entry.outputs, shapes):
        if tensor.name not in given:
            arrays.append(empty_aligned(tensor.dtype, shape))
            continue
        value = given[tensor.name]
        if not hasattr(value, "__dlpack__"):
            raise TypeError(
                f"output {tensor.name} is a {type(value).__name__}, expected "
                "an array"
            )
        array = checked_array(value, tensor, "output")
        if not array.flags.writeable or not has_whole_strides(array):
            raise ValueError(
                f"memory of output {tensor.name} is read-only or misaligned, "
                "expected a writable array"
            )
        arrays.append(array)
    return arrays


def load(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview,
    threads: int = 0,
    target: str | None = None,
    device: str | None = None,
    *,
    copy_constants: bool = False,
    self_test: str = "first",
) -> Module:
    """Opens an artifact.

    source: a path, which is mapped into memory, or the artifact's bytes, which
        are copied. A mapped file must not change while the module is open.
    threads: how many threads a run uses, 0 for one per processor; the results
        are the same bits for any number.
    target: the program to take of several, such as 'x86-64-v3'; the best one
        that this machine runs without it.
    device: 'cpu', 'cuda', 'cuda:1', 'vulkan', 'vulkan:discrete', or a kind, a
        colon and a part of the device's name; the best one without it.
    copy_constants: read the constants into memory of huge pages instead of
        mapping the file: products of few rows, which read all weights for
        little work, as a decoder's do, take less time.
    self_test: when a Vulkan device is judged by results that the artifact
        carries: 'first' (use), 'always' or 'never'. One that computes wrong
        results is refused: with a RuntimeWarning if another program runs on
        what `device` and `target` allow, else with RuntimeFailure.

    Raises RuntimeFailure for a file that is missing, damaged or for another
    machine.
    """
    return Module(source, threads, target, device, copy_constants, self_test)
