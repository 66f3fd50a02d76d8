"""What only the pictures can tell: one cheap pass over the frames, at reduced size. `measure` is its front door."""
