"""What goes wrong with the material of a training run."""


class DatasetError(Exception):
    """The clips or the checkpoint do not allow the run; the message is one sentence for people."""
