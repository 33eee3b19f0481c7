"""Fits that run at once: in order, on one thread each, and what they changed is put back even where one fails."""

import pytest
import torch
from threadpoolctl import threadpool_info

from recognition.heads.at_once import at_once, beside


def blas_threads() -> set[int]:
    """Of NumPy's own library: others, which no fit uses, may be in the process too."""
    libraries = [library for library in threadpool_info() if "numpy" in library["filepath"]]
    return {library["num_threads"] for library in libraries if library["user_api"] == "blas"}


def test_what_is_begun_beside_the_others_does_not_change_their_order():
    assert at_once([lambda row=row: row for row in range(9)]) == list(range(9))
    assert beside(lambda: "other", [lambda row=row: row for row in range(9)]) == ("other", list(range(9)))


def test_a_fit_has_one_thread_and_a_fit_that_fails_leaves_the_threads_as_they_were():
    before = torch.get_num_threads(), blas_threads()
    seen = at_once([lambda: (torch.get_num_threads(), blas_threads())])
    assert seen == [(1, {1})]
    with pytest.raises(ZeroDivisionError):
        beside(lambda: 1 // 0, [lambda: 1])
    assert (torch.get_num_threads(), blas_threads()) == before
