"""Arrays kept from one training step to the next, so that no step waits for the system to hand out fresh memory.

Fresh memory is dear: the system clears every page at its first use, and a training step touches hundreds of megabytes.
"""

import math


class Workspace:
    """Arrays by name.

    The same name gives the same memory each time, so what a pass wrote there lasts until the next pass asks for it: one
    workspace serves one pass at a time. `at(name)` is a workspace within this one, for a part that uses the same names.
    """

    def __init__(self):
        self._memory, self._shapes, self._inner = {}, {}, {}

    def at(self, name):
        """The workspace called `name` inside this one."""
        return self._inner.setdefault(name, Workspace())

    def empty(self, xp, name, shape, dtype):
        """An array of module `xp` with arbitrary contents."""
        size = math.prod(shape)
        memory = self._memory.get(name)
        if memory is None or memory.size < size or memory.dtype != dtype:
            memory = self._memory[name] = xp.empty(size, dtype=dtype)
            self._shapes[name] = None
        return memory[:size].reshape(shape)

    def zeros(self, xp, name, shape, dtype):
        """An array that is zero where its user has not written since it was first asked for in this shape."""
        array = self.empty(xp, name, shape, dtype)
        if self._shapes[name] != shape:
            array[...] = 0
            self._shapes[name] = shape
        return array


class _Fresh:
    """A workspace that keeps nothing: every array is new, and results never change behind anybody's back."""

    def at(self, name):
        return self

    def empty(self, xp, name, shape, dtype):
        return xp.empty(shape, dtype=dtype)

    def zeros(self, xp, name, shape, dtype):
        return xp.zeros(shape, dtype=dtype)


FRESH = _Fresh()
