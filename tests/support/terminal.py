"""Programs in a terminal."""
import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading

from waiting import environment

PATIENCE = 60  # seconds
ROWS = 50


def in_terminal(columns, command, interrupted_after=None, **variables):
    """Returns what a command writes to a terminal of this width, and its exit code. It gets SIGINT after
    so many seconds, if any are given, and is killed after a minute."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave,
                               env=environment(**{"TERM": "xterm", **variables}))
    os.close(slave)
    timers = [threading.Timer(PATIENCE, process.kill)]
    if interrupted_after is not None:
        timers.append(threading.Timer(interrupted_after, process.send_signal, [signal.SIGINT]))
    for timer in timers:
        timer.start()
    written = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while part := os.read(master, 1 << 16):
            written += part
    code = process.wait()
    for timer in timers:
        timer.cancel()
    os.close(master)
    return written.decode(), code
