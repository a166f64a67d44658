"""The cluster that the cases run on: one that a kubeconfig names, or the one that tests/cluster keeps."""
import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile

OURS = os.path.join(os.path.dirname(__file__), "..", "..", "cluster", "cluster")


class Cluster:
    def __init__(self, title, prefix=(), env=None):
        self.title, self.prefix, self.env = title, list(prefix), env

    def run(self, *argv, **kw):
        """Runs a command that sees the cluster through KUBECONFIG."""
        kw.setdefault("stdin", None if "input" in kw else subprocess.DEVNULL)
        return subprocess.run([*self.prefix, *argv], text=True, capture_output=True, env=self.env, **{k: v for k, v in kw.items() if v is not None})

    def kubectl(self, *argv, **kw):
        return self.run("kubectl", *argv, **kw)

    def get(self, *argv):
        """What `kubectl get` answers, as JSON; None where it is not there."""
        out = self.kubectl("get", *argv, "-o", "json")
        if out.returncode == 0:
            return json.loads(out.stdout)
        if "NotFound" in out.stderr:
            return None
        raise RuntimeError(f"kubectl get {' '.join(argv)}: {out.stderr.strip()}")

    def namespaces(self):
        return {n["metadata"]["name"] for n in self.get("namespaces")["items"]}

    @functools.cached_property
    def _config(self):
        return json.loads(self.kubectl("config", "view", "--raw", "--flatten", "--minify", "-o", "json").stdout)

    @contextlib.contextmanager
    def within(self, namespace):
        """kubectl with another default namespace. `-n` would not do: it forbids a manifest to name a second one."""
        config = dict(self._config)
        config["contexts"] = [{**c, "context": {**c["context"], "namespace": namespace}} for c in config["contexts"]]
        with tempfile.NamedTemporaryFile("w", prefix="kubeconfig-", suffix=".json") as f:
            json.dump(config, f)
            f.flush()
            yield lambda *argv, **kw: self.kubectl(f"--kubeconfig={f.name}", *argv, **kw)


def choose(kubeconfig):
    """--kubeconfig, then KUBECONFIG, then tests/cluster. Never ~/.kube/config: it may be anyone's."""
    kubeconfig = kubeconfig or os.environ.get("KUBECONFIG")
    if kubeconfig:
        cluster = Cluster("", env={**os.environ, "KUBECONFIG": os.path.abspath(kubeconfig)})
        context = cluster.kubectl("config", "current-context")
        if context.returncode:
            sys.exit(f"{kubeconfig}: {context.stderr.strip()}")
        cluster.title = f"context {context.stdout.strip()} of {kubeconfig}"
        return cluster
    script = os.path.normpath(os.environ.get("CLUSTER", OURS))
    if os.path.exists(script) and subprocess.run([script, "status"]).returncode == 0:
        return Cluster(os.path.relpath(script), [script, "exec"])
    sys.exit("no cluster: `tests/cluster/cluster up` starts one; or name one with KUBECONFIG or --kubeconfig")
