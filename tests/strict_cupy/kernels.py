"""`cupy.ElementwiseKernel` of the strict stand-in: the CUDA source is compiled as C and really runs, on the processor.

The rules about arguments are those of CuPy 14.2 (cupy/_core/_kernel.pyx). The source must keep to what C and CUDA's C++
have in common: `(T)0.5` and not `T(0.5)`; no templates, references or `auto`.

One call of a C function is one thread of a GPU, and they come in no useful order. A thread does `loop_prep`, which does
not know the element, the operation for its element, if there is one left for it, and `after_loop`. An element that
reaches beyond a raw array raises IndexError; a GPU would read or spoil somebody else's memory.
"""

import ctypes
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.strict_cupy.array import allocate, ndarray, operand
from tests.strict_cupy.counts import launch
from tests.strict_cupy.views import checked_dtype

C_TYPES = {
    "float64": "double", "float32": "float", "int64": "long long", "int32": "int", "bool": "bool",
    "uint8": "unsigned char",
}  # fmt: skip

PRELUDE = r"""
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <tgmath.h>
#define __device__ __attribute__((unused))
#define __host__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __expf(x) expf(x)
#define __logf(x) logf(x)
#define __fdividef(x, y) ((float)(x) / (float)(y))
#define __frcp_rn(x) (1.0f / (float)(x))
#define __fmaf_rn(x, y, z) fmaf(x, y, z)
#define __ldg(p) (*(p))
#define rsqrt(x) (1 / sqrt(x))
#define rsqrtf(x) (1 / sqrtf(x))
#define abs(x) _Generic((x), float: fabsf, double: fabs, default: llabs)(x)
/* as fmin and fmax do, these let a number win over a NaN */
#define min(x, y) ({ __typeof__((x) + (y)) _a = (x), _b = (y); _a < _b || _b != _b ? _a : _b; })
#define max(x, y) ({ __typeof__((x) + (y)) _a = (x), _b = (y); _a > _b || _b != _b ? _a : _b; })
static jmp_buf _beyond;
void __ubsan_handle_out_of_bounds(void *_where, void *_index) { longjmp(_beyond, 1); }
"""
# `run` starts the threads in strides that are coprime to their number. A thread finds its element in every array.
PARAMETERS = (
    "ptrdiff_t _threads, ptrdiff_t _size, int _ndim, ptrdiff_t *_shape, int _nargs, char **_data, ptrdiff_t *_strides, "
    "ptrdiff_t *_sizes"
)
FIND = r"""
    char *_at[_nargs];
    for (int _p = 0; _p < _nargs; _p++) {
      ptrdiff_t _rest = i;
      _at[_p] = _data[_p];
      for (int _d = _ndim - 1; _d >= 0; _d--) {
        _at[_p] += _rest % _shape[_d] * _strides[_p * _ndim + _d];
        _rest /= _shape[_d];
      }
    }
"""
RUN = r"""
int run(ptrdiff_t _stride, PARAMETERS) {
  ptrdiff_t _t = 0;
  if (setjmp(_beyond)) return 1;
  for (ptrdiff_t _k = 0; _k < _threads; _k++) {
    _thread(_t, _threads, _size, _ndim, _shape, _nargs, _data, _strides, _sizes);
    _t = (_t + _stride) % _threads;
  }
  return 0;
}
""".replace("PARAMETERS", PARAMETERS)


class CompileException(Exception):
    """The kernel's source does not compile; the message holds what the compiler said and the source."""


class Parameter(NamedTuple):
    """One parameter of a kernel. `dtype` is None where `ctype` is a placeholder such as T."""

    name: str
    ctype: str
    dtype: np.dtype | None
    raw: bool
    const: bool


def parameters(text, const):
    """The parameters in a declaration such as `T x, raw float32 y`."""
    found = []
    for declaration in text.split(",") if text.strip() else ():
        words = declaration.split()
        if len(words) < 2:
            raise Exception(f"Syntax error: {declaration}")  # a plain exception in CuPy, too
        *keywords, ctype, name = words
        if set(keywords) - {"raw"}:
            raise Exception(f'Unknown keyword "{keywords[-1]}"')
        # A surprise of CuPy's: types have NumPy's names, so that `float` is a double and `int` has 64 bits.
        dtype = None if len(ctype) == 1 else checked_dtype(ctype)
        found.append(Parameter(name, ctype, dtype, "raw" in keywords, const))
    return tuple(found)


def c_type(dtype):
    """The name of a dtype in C."""
    if dtype.name not in C_TYPES:
        raise TypeError(f"the strict stand-in for CuPy has no {dtype} in kernels")
    return C_TYPES[dtype.name]


def decide_types(in_params, out_params, in_dtypes, out_dtypes):
    """The dtype of every parameter, given the arrays' dtypes (None for numbers, () for no outputs), and of T, U, ..."""
    types = {}
    pairs = [*(zip(out_params, out_dtypes, strict=True) if out_dtypes else ()), *zip(in_params, in_dtypes, strict=True)]
    for p, dtype in pairs:
        if dtype is not None:
            expected = types.setdefault(p.ctype, dtype) if p.dtype is None else p.dtype
            if dtype != expected:
                raise TypeError(f"Type is mismatched. {p.name} {dtype} {expected} {p.ctype}")
    return [types[p.ctype] if p.dtype is None else p.dtype for p in (*in_params, *out_params)], types


@lru_cache
def compiled(source):
    """The function `run` of a C source."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise RuntimeError("the strict stand-in for CuPy compiles kernels but finds no C compiler: install one")
    with tempfile.TemporaryDirectory() as folder:
        c, o, so = (str(Path(folder, "kernel")) + suffix for suffix in (".c", ".o", ".so"))
        Path(c).write_text(source)
        options = "-std=gnu11 -O1 -fPIC -fgnu89-inline -Werror=implicit-function-declaration -fsanitize=bounds"
        for command in ([compiler, *options.split(), "-c", c, "-o", o], [compiler, "-shared", o, "-o", so, "-lm"]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise CompileException(f"{done.stderr}\n{source}")
        return ctypes.CDLL(so).run  # once loaded, the file is not needed any more


class ElementwiseKernel:
    """A kernel of one's own: `operation` for every element, `i` being its index."""

    __module__ = "cupy"

    def __init__(self, in_params, out_params, operation, name="kernel", reduce_dims=True, preamble="",
                 no_return=False, return_tuple=False, *, options=(), loop_prep="", after_loop=""):  # fmt: skip
        if not name.isidentifier():
            raise ValueError(f'Invalid kernel name: "{name}"')
        self.in_params, self.out_params = parameters(in_params, True), parameters(out_params, False)
        self.params = self.in_params + self.out_params
        self.nin, self.nargs = len(self.in_params), len(self.params)
        if any(p.name == "i" for p in self.params):
            raise ValueError("Can not use 'i' as a parameter name")
        self.name, self.preamble = name, preamble
        self.loop_prep, self.operation, self.after_loop = loop_prep, operation, after_loop
        self.no_return, self.return_tuple = no_return, return_tuple

    def __call__(self, *args, size=None, stream=None, block_size=128):
        """Run on arrays and numbers; outputs that are not given are allocated. `size` if all arrays are raw."""
        if len(args) not in (self.nin, self.nargs):
            raise TypeError(
                f"Wrong number of arguments for {self.name!r}. It must be either {self.nin} or {self.nargs} "
                f"(with outputs), but given {len(args)}."
            )
        for value in args:
            operand(value)  # refuses NumPy arrays
        inputs, outputs = list(args[: self.nin]), list(args[self.nin :])
        shape = self._shape(args, size)
        kinds = [a.dtype if isinstance(a, ndarray) else None for a in args]  # None: a number
        dtypes, types = decide_types(self.in_params, self.out_params, kinds[: self.nin], kinds[self.nin :])
        if not outputs:
            if size is None and any(p.raw for p in self.out_params):
                raise ValueError("Output array size is Undecided")
            outputs = [allocate(shape, dtype) for dtype in dtypes[self.nin :]]
        for p, out in zip(self.out_params, outputs, strict=True):
            if not isinstance(out, ndarray):
                raise TypeError("Output arguments type must be cupy.ndarray")
            if not p.raw and out.shape != shape:
                raise ValueError("Out shape is mismatched")
        if 0 not in shape:
            launch(self.name)
            self._run(shape, [*inputs, *outputs], dtypes, types, block_size)
        if self.no_return:
            return None
        return outputs[0] if len(outputs) == 1 and not self.return_tuple else tuple(outputs)

    def _shape(self, args, size):
        """What the loop runs over: all arrays that are not raw, outputs included, broadcast together."""
        shapes = [a.shape for p, a in zip(self.params, args, strict=False) if isinstance(a, ndarray) and not p.raw]
        if size is not None and shapes:
            raise ValueError("Specified 'size' can be used only if all of the ndarray are 'raw'.")
        if size is None and not shapes:
            raise ValueError("Loop size is undecided.")
        return (size,) if size is not None else np.broadcast_shapes(*shapes)

    def _run(self, shape, args, dtypes, types, block_size):
        hosts, steps = [], []
        for p, value, dtype in zip(self.params, args, dtypes, strict=True):
            if isinstance(value, ndarray):
                host = value._host
            else:
                host = np.empty((), dtype)
                host[()] = value  # a number takes the parameter's type
            if not p.const and any(n > 1 and not step for n, step in zip(host.shape, host.strides, strict=True)):
                raise ValueError(f"{self.name}: {p.name} is broadcast: a race on a GPU")  # stricter
            if p.raw and not host.flags.c_contiguous:  # stricter: CuPy follows the strides, slowly
                raise ValueError(f"{p.name}: a raw array must be C-contiguous")
            hosts.append(host)
            steps += [0] * len(shape) if p.raw else np.broadcast_to(host, shape).strides
        self._refuse_races(hosts, shape)
        size = int(np.prod(shape))
        block = min(block_size, size)
        threads = -(-size // block) * block  # some of the last block find no element
        stride = next(s for s in range(int(threads * 0.618) + 1, 2 * threads + 2) if np.gcd(s, threads) == 1)
        pointers = (ctypes.c_void_p * len(hosts))(*(host.ctypes.data for host in hosts))
        if compiled(self.source(dtypes, types, [isinstance(a, ndarray) for a in args]))(
            *map(ctypes.c_ssize_t, (stride, threads, size)), len(shape), _numbers(shape), len(hosts), pointers,
            _numbers(steps), _numbers([host.size for host in hosts]),
        ):  # fmt: skip
            raise IndexError(f"{self.name}: an index beyond a raw array")

    def _refuse_races(self, hosts, shape):
        """Stricter than CuPy: an output may be an input itself, but not the same memory shifted or turned.

        A GPU computes the elements side by side, so that nobody knows which of them sees what another has written.
        """
        for n, (p, out) in enumerate(zip(self.params, hosts, strict=True)):
            for q, other in list(zip(self.params, hosts, strict=True))[:n] if not p.const else ():
                if p.raw or q.raw:  # the source alone knows which elements these touch
                    continue
                other = np.broadcast_to(other, shape)
                if _elements(out) != _elements(other) and _overlap(out, other):
                    raise ValueError(f"{self.name}: {p.name} and {q.name} share memory, shifted: a race on a GPU")

    def source(self, dtypes, types, arrays):
        """The C source for these types; `arrays` tells arrays from numbers."""
        lines = [PRELUDE]
        lines += [f"typedef {c_type(dtype)} {name};" for name, dtype in sorted(types.items())]
        lines += [self.preamble, f"static void _thread(ptrdiff_t _t, {PARAMETERS}) {{"]
        elements = []
        for n, (p, dtype, is_array) in enumerate(zip(self.params, dtypes, arrays, strict=True)):
            ctype = ("const " if p.const else "") + c_type(dtype)
            if p.raw and is_array:
                lines += [f"{ctype} (*_arg{n})[_sizes[{n}]] = (void *)_data[{n}];", f"#define {p.name} (*_arg{n})"]
            elif is_array:
                elements += [f"#define {p.name} (*({ctype} *)_at[{n}])"]
            else:
                lines += [f"#define {p.name} (*({ctype} *)_data[{n}])"]
        forget = [f"#undef {p.name}" for p, is_array in zip(self.params, arrays, strict=True) if is_array and not p.raw]
        rest = [f"#undef {p.name}" for p in self.params if f"#undef {p.name}" not in forget]
        lines += [f"{self.loop_prep};", "for (ptrdiff_t i = _t; i < _size; i += _threads) {", FIND, *elements]
        return "\n".join([*lines, f"{self.operation};", "}", *forget, f"{self.after_loop};", "}", *rest, RUN])


def _numbers(values):
    return (ctypes.c_ssize_t * max(1, len(values)))(*values)


def _elements(a):
    """Where an array's elements lie: equal for arrays that have each element in the same place."""
    return a.ctypes.data, a.itemsize, [step for length, step in zip(a.shape, a.strides, strict=True) if length > 1]


def _overlap(a, b):
    try:
        return np.shares_memory(a, b, max_work=10_000)
    except np.exceptions.TooHardError:  # too intricate to tell
        return False
