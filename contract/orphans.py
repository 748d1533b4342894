"""No process goes on after the one that watches over it is gone: the kernel is asked to tell it (prctl(2), Linux).

A worker whose parent was killed would consume for ever, with nobody to stop it or to start it again. Elsewhere than on
Linux there is no such thing, and it does.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1

# looked up here, not where it is called: between fork and exec of a process with threads nothing may be loaded
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


def stop_with_parent(parent: int) -> None:
    """Have SIGTERM sent to this process when the thread that forked it ends. `parent` is the process it was forked by.

    If that is gone already, SIGTERM comes at once. Forgotten by a fork, kept by an exec.
    """
    if _prctl is None:
        return
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
