#!/usr/bin/env python3
"""Trouble with a component of tests/cluster, to be made inside it (`cluster exec`):

  components.py still NAME SECONDS      it stands still for so long: etcd, kube-apiserver, ...
  components.py anew NAME               it is killed, and started again as it was
"""
import os, signal, subprocess, sys, time


def process(name):
    """The cluster's own, which was there before any other of tests/cluster; all of them are one binary, node."""
    return int(subprocess.run(["pgrep", "-o", "-f", f"/node {name} "], capture_output=True, text=True, check=True).stdout)


def stand_still(name, seconds):
    os.kill(process(name), signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(process(name), signal.SIGCONT)


def start_again(name):
    pid = process(name)
    words = open(f"/proc/{pid}/cmdline", "rb").read().rstrip(b"\0").split(b"\0")
    folder = os.readlink(f"/proc/{pid}/cwd")
    log = os.readlink(f"/proc/{pid}/fd/2")
    os.kill(pid, signal.SIGKILL)
    time.sleep(3)
    subprocess.Popen(words, cwd=folder, stdout=open(log, "ab"), stderr=subprocess.STDOUT, start_new_session=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["still"]:
        stand_still(sys.argv[2], float(sys.argv[3]))
    elif sys.argv[1:2] == ["anew"]:
        start_again(sys.argv[2])
    else:
        sys.exit(__doc__)
