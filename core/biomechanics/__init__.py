"""HumanScore-style measures of human motion (arXiv 2604.20157). Its thresholds are not public: ours are editable starting points."""
