"""The benchmark of glitches: planted faults, negative controls and clean footage, judged by what `core.pipeline.analyze` says of them."""
