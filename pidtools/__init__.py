"""How much task knowledge a teacher network still has to give its student, in bits."""

__version__ = "0.1.0.dev0"
