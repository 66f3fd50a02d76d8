"""TokenHMR: one person's crop to an SMPL pose, shape and camera, and the 1024 numbers that TAG calls appearance.

Written anew from the published descriptions (Dwivedi et al., TokenHMR, CVPR 2024; Goel et al., Humans in 4D, ICCV 2023); the names and
shapes of the weights are those of the released checkpoints, which the user brings.
"""
