"""The reference extractor: Detectron2 boxes, DWPose key points, TokenHMR meshes, on weights that the user brings."""
