"""The package `benchmarks`, as its scripts find it when they are run by path.

``python benchmarks/NAME.py`` puts this folder in front of the path, where ``import benchmarks``
finds this file in place of the folder itself: with the folder as its path it is the same package.
"""

from pathlib import Path

__path__ = [str(Path(__file__).parent)]
