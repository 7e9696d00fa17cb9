# cython: boundscheck=False, wraparound=False, cdivision=True
"""The agreement kernel. Its specification is disagreement.py beside it."""
from libc.math cimport M_PI, fabs, sin, sqrt
from libc.stdint cimport int32_t

import numpy as np


cdef inline double _apart(
    const double[:] values, Py_ssize_t one, Py_ssize_t other, int metric, const double[:, :] table
) noexcept nogil:
    if one == other:
        return 0
    cdef double difference = fabs(values[one] - values[other]), whole = values[one] + values[other]
    cdef double low = values[0], high = values[values.shape[0] - 1], turn
    if metric == 0:
        return 1
    if metric == 1:
        return difference
    if metric == 2:
        return difference * difference
    if metric == 3:
        return difference * (difference + 1) / 2
    if metric == 4:
        return sqrt(difference)
    if metric == 5:
        return (difference / whole) * (difference / whole) if whole != 0 else 0
    if metric == 6:
        turn = sin(M_PI * difference / (high - low + 1))
        return turn * turn
    if metric == 7:
        return difference * difference / ((whole - 2 * low) * (2 * high - whole))
    return table[one, other]


def apart(const double[:] values, Py_ssize_t one, Py_ssize_t other, int metric, const double[:, :] table):
    return _apart(values, one, other, metric, table)


def within(const int32_t[:, :] codes, const double[:] values, int metric, const double[:, :] table):
    _check(codes, values.shape[0])
    result = np.zeros(codes.shape[0], dtype=np.float64)
    cdef double[:] found = result
    cdef Py_ssize_t unit, one, other, raters = codes.shape[1]
    for unit in range(codes.shape[0]):
        for one in range(raters):
            if codes[unit, one] < 0:
                continue
            for other in range(one + 1, raters):
                if codes[unit, other] >= 0:
                    found[unit] += 2 * _apart(values, codes[unit, one], codes[unit, other], metric, table)
    return result


def spread(const double[:] values, const double[:, :] shares, int metric, const double[:, :] table):
    if shares.shape[1] != values.shape[0]:
        raise ValueError(f"{shares.shape[1]} shares for {values.shape[0]} categories")
    result = np.zeros((shares.shape[0], shares.shape[1]), dtype=np.float64)
    cdef double[:, :] found = result
    cdef Py_ssize_t one, other, row
    cdef double between
    for one in range(values.shape[0]):
        for other in range(one):
            between = _apart(values, one, other, metric, table)
            for row in range(shares.shape[0]):
                found[row, one] += between * shares[row, other]
                found[row, other] += between * shares[row, one]
    return result


def widest(const double[:] values, int metric, const double[:, :] table):
    cdef Py_ssize_t one, other
    cdef double found = 0, between
    for one in range(values.shape[0]):
        for other in range(one):
            between = _apart(values, one, other, metric, table)
            if between > found:
                found = between
    return found


cdef _check(const int32_t[:, :] codes, Py_ssize_t categories):
    """Every code is a category or negative: nothing else checks again."""
    cdef Py_ssize_t unit, rater
    cdef int32_t highest
    for unit in range(codes.shape[0]):
        highest = -1
        for rater in range(codes.shape[1]):
            if codes[unit, rater] > highest:
                highest = codes[unit, rater]
        if highest >= categories:
            raise ValueError(f"unit {unit}: code {highest} is not below {categories}")
