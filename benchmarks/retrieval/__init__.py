"""How good the answers are: questions with labelled places over public packages, for every mode and its rivals."""
