"""Benchmarks: each script says what is measured, `benchmarks.tools` how."""
