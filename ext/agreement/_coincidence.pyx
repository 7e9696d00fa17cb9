# cython: boundscheck=False, wraparound=False, cdivision=True
"""The agreement kernel. Its specification is coincidence.py beside it."""
from libc.stdint cimport int32_t, int64_t

import numpy as np


cdef _check(const int32_t[:, :] codes, Py_ssize_t categories):
    """Every code is a category or negative: nothing below checks again."""
    cdef Py_ssize_t unit, rater
    cdef int32_t highest
    for unit in range(codes.shape[0]):
        highest = -1
        for rater in range(codes.shape[1]):
            if codes[unit, rater] > highest:
                highest = codes[unit, rater]
        if highest >= categories:
            raise ValueError(f"unit {unit}: code {highest} is not below {categories}")


def counts(const int32_t[:, :] codes, Py_ssize_t categories):
    _check(codes, categories)
    result = np.zeros((codes.shape[0], categories), dtype=np.int64)
    cdef int64_t[:, :] found = result
    cdef Py_ssize_t unit, rater
    for unit in range(codes.shape[0]):
        for rater in range(codes.shape[1]):
            if codes[unit, rater] >= 0:
                found[unit, codes[unit, rater]] += 1
    return result


def coincidences(const int32_t[:, :] codes, const int64_t[:] weights, Py_ssize_t categories):
    if weights.shape[0] != codes.shape[0]:
        raise ValueError(f"{weights.shape[0]} weights for {codes.shape[0]} units")
    _check(codes, categories)
    result = np.zeros((categories, categories), dtype=np.float64)
    cdef double[:, :] found = result
    cdef Py_ssize_t unit, one, other, given, raters = codes.shape[1]
    cdef double share
    for unit in range(codes.shape[0]):
        given = 0
        for one in range(raters):
            given += codes[unit, one] >= 0
        if given < 2 or weights[unit] == 0:
            continue
        share = <double>weights[unit] / (given - 1)
        for one in range(raters):
            if codes[unit, one] < 0:
                continue
            for other in range(raters):
                if other != one and codes[unit, other] >= 0:
                    found[codes[unit, one], codes[unit, other]] += share
    return result
