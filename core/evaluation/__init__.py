"""Human ratings, agreement with them, win ratios, sensitivity, and the baselines that make the scores believable."""
