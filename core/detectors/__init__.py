"""Local tracks -> candidates of events: one file for each family of evidence. `core.glitches` weighs them against each other."""
