"""Kernels of the searches, in numba's Python; imported only where they are used."""
