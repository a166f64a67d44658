#!/usr/bin/env python3
"""Trouble with a component of tests/cluster, to be made inside it (`cluster exec`):

  components.py still NAME SECONDS      it stands still for so long: etcd, kube-apiserver, ...
  components.py anew NAME               it is killed, and started again as it was
"""
import os, signal, subprocess, sys, time


def process(name):
    """The cluster's own, and not that of its crowd; all of them are one binary, node."""
    listed = subprocess.run(["pgrep", "-a", "-f", f"/node {name} "], capture_output=True, text=True, check=True).stdout.splitlines()
    own = [line for line in listed if "crowd" not in line and "127.0.0.1:2479" not in line]
    return int(own[0].split()[0])


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
