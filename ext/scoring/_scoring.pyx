# cython: boundscheck=False, wraparound=False, cdivision=True
"""The scoring kernel. Its specification is scoring.py beside it; it raises OverflowError where 64 bits do not suffice."""
from libc.stdint cimport int64_t

import numpy as np

from opsledger.ext.scoring.scoring import Scores

cdef extern from *:
    bint mul_overflows "__builtin_mul_overflow"(int64_t, int64_t, int64_t*) nogil
    bint add_overflows "__builtin_add_overflow"(int64_t, int64_t, int64_t*) nogil

cdef enum:
    OUT = 0
    COUNTS = 1
    FAILS_SECTION = 2
    FAILS_FORM = 3


cdef int64_t times(int64_t one, int64_t other) except? -1:
    cdef int64_t product
    if mul_overflows(one, other, &product):
        raise OverflowError
    return product


cdef int64_t plus(int64_t one, int64_t other) except? -1:
    cdef int64_t total
    if add_overflows(one, other, &total):
        raise OverflowError
    return total


cdef int64_t divisor(int64_t one, int64_t other):
    while other:
        one, other = other, one % other
    return one


def score(questions, const int64_t[:, :] states, const int64_t[:, :] points, const int64_t[:, :] fails):
    cdef const int64_t[:] section = questions.section, weight = questions.weight, worth = questions.possible, bonus = questions.bonus
    cdef Py_ssize_t rows = states.shape[0], columns = section.shape[0], row, at
    if (states.shape[1] != columns or points.shape[0] != rows or points.shape[1] != columns or fails.shape[0] != rows
            or fails.shape[1] != columns or weight.shape[0] != columns or worth.shape[0] != columns or bonus.shape[0] != columns):
        raise ValueError(f"every array must have {columns} columns and those of answers the same rows")
    cdef int64_t sections = 0
    for at in range(columns):
        if section[at] < 0:
            raise ValueError(f"section {section[at]}")
        if section[at] >= sections:
            sections = section[at] + 1
    earned_array, possible_array = np.zeros((rows, columns), dtype=np.int64), np.zeros((rows, columns), dtype=np.int64)
    whole_array, scratch = np.zeros(rows, dtype=np.int64), np.zeros((4, max(sections, 1)), dtype=np.int64)
    cdef int64_t[:, :] earned = earned_array, possible = possible_array
    cdef int64_t[:] whole = whole_array, place = scratch[0], counted = scratch[1], failed = scratch[2], factor = scratch[3]
    cdef bint relative = questions.relative, form_failed
    cdef int64_t top = questions.most[0], bottom = questions.most[1], common, unit, total, base, extra, room, scale, counted_points, gained, lost
    for row in range(rows):
        place[:], counted[:], failed[:], factor[:] = 0, 0, 0, 1
        form_failed, common = False, 1
        for at in range(columns):
            if fails[row, at] >= FAILS_SECTION:
                failed[section[at]] = 1
            if fails[row, at] == FAILS_FORM:
                form_failed = True
            if relative and states[row, at] != OUT and not bonus[at] and worth[at]:
                place[section[at]] = plus(place[section[at]], worth[at])
                if states[row, at] == COUNTS:
                    counted[section[at]] = 1
        if relative:
            for at in range(sections):
                if counted[at]:
                    common = times(common // divisor(common, place[at]), place[at])
            for at in range(sections):
                factor[at] = common // place[at] if counted[at] else 0
        total = base = extra = 0
        for at in range(columns):
            if states[row, at] != COUNTS:
                continue
            unit = times(weight[at], factor[section[at]])
            possible[row, at] = times(unit, worth[at])
            if not bonus[at]:
                total = plus(total, possible[row, at])
            if form_failed:
                continue
            counted_points = points[row, at]
            if counted_points > 0 and (fails[row, at] or failed[section[at]]):
                continue
            earned[row, at] = times(unit, counted_points)
            if bonus[at] and counted_points > 0:
                extra = plus(extra, earned[row, at])
            else:
                base = plus(base, earned[row, at])
        if total == 0:
            earned[row, :], possible[row, :] = 0, 0
            whole[row] = form_failed
            continue
        whole[row] = total
        room = plus(times(top, total), -times(bottom, base))
        scale = times(extra, bottom)
        if scale > room:
            whole[row] = times(total, scale)
            for at in range(columns):
                earned[row, at] = times(earned[row, at], room if bonus[at] and earned[row, at] > 0 else scale)
                possible[row, at] = times(possible[row, at], scale)
        elif plus(base, extra) < 0:
            gained = lost = 0
            for at in range(columns):
                if earned[row, at] > 0:
                    gained = plus(gained, earned[row, at])
                else:
                    lost = plus(lost, -earned[row, at])
            whole[row] = times(total, lost)
            for at in range(columns):
                earned[row, at] = times(earned[row, at], lost if earned[row, at] > 0 else gained)
                possible[row, at] = times(possible[row, at], lost)
    return Scores(earned_array, possible_array, whole_array)
