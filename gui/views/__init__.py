"""One widget a file; each implements `seek(frame)` and `refresh(analysis)` and never calls another."""
