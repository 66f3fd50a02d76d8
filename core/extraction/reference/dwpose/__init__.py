"""DWPose: 133 key points of each person, by onnxruntime or by mmpose, and their way into the 60 of a track."""
