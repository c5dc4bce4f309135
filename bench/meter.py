"""Runs a command and says what it and all that it started took: python3 meter.py RESULT LIMIT_SECONDS COMMAND...

Wall time is that from fork to the end, on the monotonic clock. CPU time, and bytes written, are the kernel's own accounts
of the command and of every process of it that was waited for: getrusage(2), and write_bytes of /proc/PID/io, which counts
what is handed to the storage layer, cancelled or not. Peak memory is the largest sum of resident sizes seen in the process
tree every 20 ms, or the exact peak of its largest single process, whichever is more.
"""

import json
import os
import resource
import signal
import sys
import threading
import time

INTERVAL_SECONDS = 0.02
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def main(result_file, limit_seconds, command):
    # A child's peak begins with that of the process that it was forked from.
    own_peak = peak_of(os.getpid())
    io_before = written_bytes()
    cpu_before = cpu_seconds()
    start = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ, setsid=True)
    watch = Watch(pid, start + limit_seconds)
    watch.start()
    _, status = os.waitpid(pid, 0)
    wall = time.monotonic() - start
    watch.stop()
    exact = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    result = {
        "wallSeconds": wall,
        "cpuSeconds": cpu_seconds() - cpu_before,
        "peakBytes": max(watch.peak, exact if exact > own_peak else 0),
        "writtenBytes": written_bytes() - io_before,
        "exit": os.waitstatus_to_exitcode(status),
        "late": watch.late,
    }
    with open(result_file, "w") as file:
        json.dump(result, file)


class Watch(threading.Thread):
    """Looks at the memory of a process tree now and then, and ends it when it takes too long."""

    def __init__(self, pid, deadline):
        super().__init__(daemon=True)
        self.pid = pid
        self.deadline = deadline
        self.peak = 0
        self.late = False
        self.ended = threading.Event()

    def run(self):
        pause = INTERVAL_SECONDS / 10
        while not self.ended.wait(pause):
            pause = INTERVAL_SECONDS
            self.peak = max(self.peak, *tree_memory(self.pid))
            if time.monotonic() > self.deadline and not self.late:
                self.late = True
                os.killpg(self.pid, signal.SIGKILL)

    def stop(self):
        self.ended.set()
        self.join()


def tree_memory(root):
    """The sum of what the processes of a tree hold now, and the largest peak of one."""
    total = 0
    largest = 0
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        try:
            total += int(read(f"/proc/{pid}/statm").split()[1]) * PAGE_BYTES
            largest = max(largest, peak_of(pid))
            for thread in os.listdir(f"/proc/{pid}/task"):
                waiting.extend(read(f"/proc/{pid}/task/{thread}/children").split())
        except (OSError, IndexError):
            # It ended meanwhile.
            continue
    return total, largest


def peak_of(pid):
    for line in read(f"/proc/{pid}/status").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def written_bytes():
    for line in read("/proc/self/io").splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    return 0


def read(file):
    with open(file) as opened:
        return opened.read()


main(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
