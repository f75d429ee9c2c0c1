"""The words of the problem: frozen values and the pure rules on them, without I/O."""
