"""Training a manifold: distortions, losses, sampler, trainer."""
