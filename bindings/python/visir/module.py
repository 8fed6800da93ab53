# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Opened artifacts and their runs."""

import ctypes
import dataclasses
import os
import threading
import weakref

import numpy

from visir import dtypes, runtime

# Data at this alignment is used in place by the runtime.
ALIGNMENT = 64


@dataclasses.dataclass(frozen=True)
class Tensor:
    """Name, NumPy dtype and shape of an input or output."""

    name: str
    dtype: numpy.dtype
    shape: tuple[int, ...]


def empty_aligned(dtype, shape):
    """An uninitialised C-contiguous array at an aligned address."""
    count = int(numpy.prod(shape, dtype=numpy.int64))
    size = count * dtype.itemsize
    raw = numpy.empty(size + ALIGNMENT, numpy.uint8)
    skip = -raw.ctypes.data % ALIGNMENT
    return raw[skip : skip + size].view(dtype).reshape(shape)


def as_array(value):
    """NumPy arrays as they are, other holders of tensors through DLPack."""
    if isinstance(value, numpy.ndarray):
        return value
    if hasattr(value, "__dlpack__"):
        return numpy.from_dlpack(value)
    return numpy.asarray(value)


def view_of(array, keep):
    """A TensorView of an array; `keep` collects what must stay alive."""
    dims = (ctypes.c_int64 * max(array.ndim, 1))(*array.shape)
    keep += [array, dims]
    return runtime.TensorView(
        data=array.ctypes.data,
        dtype=dtypes.from_numpy(array.dtype),
        rank=array.ndim,
        dims=dims,
        strides=None,
    )


class Entry:
    """One entry point of a module: its index, inputs and outputs."""

    def __init__(self, handle, index):
        library = runtime.library()
        info = runtime.EntryInfo()
        runtime.check(
            library.visir_module_entry_info(handle, index, ctypes.byref(info))
        )
        self.index = index
        self.name = info.name.decode()
        self.flops = info.flops

        def tensors(query, count):
            return tuple(self._tensor(handle, query, i) for i in range(count))

        self.inputs = tensors(library.visir_module_input_info, info.input_count)
        self.outputs = tensors(
            library.visir_module_output_info, info.output_count
        )

    def _tensor(self, handle, query, index):
        info = runtime.TensorInfo()
        runtime.check(query(handle, self.index, index, ctypes.byref(info)))
        return Tensor(
            info.name.decode(),
            dtypes.to_numpy(info.dtype),
            tuple(info.dims[: info.rank]),
        )


class Module:
    """An artifact, ready to run. May be used from several threads; their runs
    take turns."""

    def __init__(self, source, threads=0, target=None):
        library = runtime.library()
        self._lock = threading.Lock()
        options = runtime.ContextOptions(thread_count=threads)
        options.struct_bytes = ctypes.sizeof(options)
        self._context = self._own(
            library.visir_context_release,
            library.visir_context_create,
            ctypes.byref(options),
        )
        choice = runtime.ModuleOptions(target=target and target.encode())
        choice.struct_bytes = ctypes.sizeof(choice)
        if isinstance(source, (bytes, bytearray, memoryview)):
            # The runtime reads the constants where they are.
            self._data = empty_aligned(numpy.dtype("u1"), (len(source),))
            self._data[:] = numpy.frombuffer(source, numpy.uint8)
            opened = (
                library.visir_module_open_memory,
                self._context,
                self._data.ctypes.data,
                len(source),
            )
        else:
            opened = (
                library.visir_module_open_file,
                self._context,
                os.fsencode(source),
            )
        self._handle = self._own(
            library.visir_module_release, *opened, ctypes.byref(choice)
        )
        self._session = self._own(
            library.visir_session_release,
            library.visir_session_create,
            self._handle,
            None,
        )
        info = runtime.ModuleInfo()
        library.visir_module_info(self._handle, ctypes.byref(info))
        self.target = info.target.decode()
        self.producer = info.producer.decode()
        self.options = info.options.decode()
        self.entries = tuple(
            Entry(self._handle, i) for i in range(info.entry_count)
        )

    def _own(self, release, create, *arguments):
        """Calls create(*arguments, out handle) and releases the handle with
        this object."""
        handle = ctypes.c_void_p()
        runtime.check(create(*arguments, ctypes.byref(handle)))
        weakref.finalize(self, release, handle)
        return handle

    @property
    def threads(self):
        return runtime.library().visir_context_thread_count(self._context)

    @property
    def inputs(self):
        """The inputs of the first entry point."""
        return self.entries[0].inputs

    @property
    def outputs(self):
        """The outputs of the first entry point."""
        return self.entries[0].outputs

    def entry(self, name=None):
        """The entry point of a name; the first one without a name."""
        for entry in self.entries:
            if name is None or entry.name == name:
                return entry
        names = [entry.name for entry in self.entries]
        raise KeyError(f"entry is {name}, expected one of {names}")

    def run(self, inputs, entry=None):
        """Runs an entry point on {name: array} and returns {name: array}.

        Arrays are NumPy's or anything that speaks DLPack, of exactly the
        dtype and shape that the entry point states: TypeError and ValueError
        otherwise, KeyError for a name that is missing or unknown.
        """
        entry = self.entry(entry)
        arrays = checked_inputs(entry, inputs)
        results = [empty_aligned(t.dtype, t.shape) for t in entry.outputs]
        keep = []
        views = [view_of(array, keep) for array in arrays]
        outs = [view_of(array, keep) for array in results]
        with self._lock:
            runtime.check(
                runtime.library().visir_run(
                    self._session,
                    entry.index,
                    (runtime.TensorView * max(len(views), 1))(*views),
                    len(views),
                    (runtime.TensorView * max(len(outs), 1))(*outs),
                    len(outs),
                )
            )
        return {t.name: a for t, a in zip(entry.outputs, results)}

    def warmup(self):
        """Touches all memory, so that the first run is as fast as the next."""
        with self._lock:
            runtime.library().visir_session_warmup(self._session)

    def reset(self):
        """Sets all states to their initial values."""
        with self._lock:
            runtime.library().visir_session_reset(self._session)


def checked_inputs(entry, inputs):
    """The arrays in the entry point's order, C-contiguous."""
    wanted = {tensor.name: tensor for tensor in entry.inputs}
    if set(inputs) != set(wanted):
        raise KeyError(
            f"inputs are {sorted(inputs)}, expected {sorted(wanted)}"
        )
    arrays = []
    for name, tensor in wanted.items():
        array = as_array(inputs[name])
        if array.dtype != tensor.dtype:
            raise TypeError(
                f"dtype of input {name} is {array.dtype}, "
                f"expected {tensor.dtype}"
            )
        if array.shape != tensor.shape:
            raise ValueError(
                f"shape of input {name} is {array.shape}, "
                f"expected {tensor.shape}"
            )
        arrays.append(numpy.asarray(array, order="C"))
    return arrays


def load(source, threads=0, target=None):
    """Opens an artifact: a path, or its bytes. threads is how many a run uses,
    0 for one per processor; the results are the same for any number."""
    return Module(source, threads, target)
