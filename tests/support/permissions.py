"""Processes that permissions bind, also where the tests are run by root."""

from __future__ import annotations

import sys

_DROP = """
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # refused to others than root, who need it not
os.execv(sys.argv[1], sys.argv[1:])
"""
BOUND = (sys.executable, "-c", _DROP)
"""What a command is prefixed with: see capabilities(7). The owner of a directory without permissions cannot read it."""
