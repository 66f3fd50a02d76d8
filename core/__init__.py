"""The domain of Telltale: no Qt, no OpenGL, no drawing."""
