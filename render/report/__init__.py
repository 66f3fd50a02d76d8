"""The report of one analysis as a single HTML file that needs nothing else."""

from render.report.page import write_html

__all__ = ["write_html"]
