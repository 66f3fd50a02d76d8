"""The commands of `main.py evaluate`, one module for each kind of input."""
