# cython: boundscheck=False, wraparound=False, cdivision=True
"""The calendar kernel. Its specification is timeline.py beside it."""
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int64_t


cdef Py_ssize_t first_beyond(const int64_t *values, Py_ssize_t size, int64_t value) noexcept nogil:
    """bisect_right: how many values are <= value."""
    cdef Py_ssize_t low = 0, high = size, middle
    while low < high:
        middle = (low + high) >> 1
        if values[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low


cdef Py_ssize_t first_not_below(const int64_t *values, Py_ssize_t size, int64_t value) noexcept nogil:
    """bisect_left: how many values are < value."""
    cdef Py_ssize_t low = 0, high = size, middle
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


cdef class Timeline:
    cdef Py_ssize_t size
    cdef int64_t *starts
    cdef int64_t *ends
    cdef int64_t *before  # size + 1 values: open time before each start, then all of it

    def __cinit__(self, object starts, object ends):
        cdef Py_ssize_t k
        cdef int64_t last = 0
        self.size = len(starts)
        if len(ends) != self.size:
            raise ValueError("as many starts as ends")
        self.starts = <int64_t *> PyMem_Malloc((3 * self.size + 1) * sizeof(int64_t))
        if self.starts == NULL:
            raise MemoryError
        self.ends = self.starts + self.size
        self.before = self.ends + self.size
        self.before[0] = 0
        for k in range(self.size):
            self.starts[k], self.ends[k] = starts[k], ends[k]
            if self.starts[k] >= self.ends[k] or (k > 0 and self.starts[k] < last):
                raise ValueError("intervals must be sorted, disjoint and not empty")
            last = self.ends[k]
            self.before[k + 1] = self.before[k] + last - self.starts[k]

    def __dealloc__(self):
        PyMem_Free(self.starts)

    def __len__(self):
        return self.size

    cdef int64_t sum_before(self, int64_t at) noexcept nogil:
        cdef Py_ssize_t k = first_beyond(self.starts, self.size, at) - 1
        if k < 0:
            return 0
        return self.before[k] + min(at, self.ends[k]) - self.starts[k]

    cdef object instant_of(self, int64_t start, int64_t target):
        cdef int64_t wanted
        cdef Py_ssize_t k
        if target == 0:
            return start
        wanted = self.sum_before(start) + target
        if wanted < 0 or wanted > self.before[self.size]:
            return None
        if target > 0:
            k = first_not_below(self.before, self.size + 1, wanted) - 1
        else:
            k = first_beyond(self.before, self.size + 1, wanted) - 1
        return self.starts[k] + wanted - self.before[k]

    def open_before(self, int64_t at):
        return self.sum_before(at)

    def elapsed(self, int64_t start, int64_t end):
        return self.sum_before(end) - self.sum_before(start)

    def due(self, int64_t start, int64_t target):
        return self.instant_of(start, target)

    def elapsed_many(self, object starts, object ends):
        cdef int64_t start, end
        cdef list found = []
        for start, end in zip(starts, ends, strict=True):
            found.append(self.sum_before(end) - self.sum_before(start))
        return found

    def due_many(self, object starts, object targets):
        cdef int64_t start, target
        cdef list found = []
        for start, target in zip(starts, targets, strict=True):
            found.append(self.instant_of(start, target))
        return found

    def between(self, int64_t start, int64_t end):
        cdef Py_ssize_t k
        cdef Py_ssize_t first = first_beyond(self.ends, self.size, start)
        cdef Py_ssize_t last = first_not_below(self.starts, self.size, end)
        if end <= start:
            return []
        return [(max(self.starts[k], start), min(self.ends[k], end)) for k in range(first, last)]
