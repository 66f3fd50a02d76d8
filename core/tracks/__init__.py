"""Local measurements at the video's own rate, from a HumanTrack alone: the clock by which events are located."""
