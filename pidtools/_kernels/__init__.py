"""Compiled kernels. Its modules import numba, so they are loaded on first use, never at import."""
