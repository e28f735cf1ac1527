"""Sums and products of answers over rows, which for whole numbers are exact."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk, ssyrk

from .answers import Codes

Array = NDArray[np.float64]

ROWS_AS_NUMBERS = 2**14
"""Rows widened to floating point at a time."""

WHOLE_IN_SINGLE = 2**24
"""Up to here single precision holds every whole number."""


@dataclass(frozen=True)
class RowSums:
    """Exact sums over complete rows: of the items, and of their products."""

    n: int
    sums: Array
    products: Array

    def __add__(self, other: "RowSums") -> "RowSums":
        return RowSums(self.n + other.n, self.sums + other.sums, self.products + other.products)


def sums_and_products(codes: Codes, frequency: Array | None = None) -> tuple[Array, Array]:
    """(items,) sums and (items, items) sums of products of complete rows.

    Both are whole numbers without rounding, so that parts add up to exactly the whole. `frequency`
    tells how many rows each column stands for, by default one.
    """
    if frequency is not None:
        values = codes.astype(np.float64)
        return values @ frequency, (values * frequency) @ values.T
    sums = codes.sum(axis=1, dtype=np.int64).astype(np.float64)
    products = np.zeros((len(codes), len(codes)))
    largest = int(codes.max(initial=0)) ** 2 * ROWS_AS_NUMBERS
    single = largest <= WHOLE_IN_SINGLE
    for start in range(0, codes.shape[1], ROWS_AS_NUMBERS):
        part = codes[:, start : start + ROWS_AS_NUMBERS]
        if single:
            products += ssyrk(1.0, part.astype(np.float32).T, trans=1)
        else:
            products += dsyrk(1.0, part.astype(np.float64).T, trans=1)
    return sums, np.triu(products) + np.triu(products, 1).T
