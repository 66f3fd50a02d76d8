"""Scripts that make what is shipped. A regular package, since detectron2 installs another one of this name that would come first."""
