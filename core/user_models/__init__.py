"""Models that people bring themselves: what is needed, where it belongs, and what is wrong with what lies there."""
