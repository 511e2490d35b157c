"""How benchmarks measure and keep; the scripts beside this folder say what."""
