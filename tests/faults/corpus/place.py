"""Puts the cases on the cluster and takes them off again."""
import concurrent.futures
import shlex
import sys
import time

THREADS = 4
HOLDERS = "pods,persistentvolumeclaims,deployments,configmaps"  # what a case may give a finalizer


def apply_all(cluster, cases):
    """Until their symptoms show; False where one could not be applied."""
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(lambda case: apply(cluster, case), cases))
    failed = [case.name for case, (_, errors) in zip(cases, results) if errors]
    for case, (_, errors) in zip(cases, results):
        for error in errors:
            print(f"{case.name}: {error}", file=sys.stderr)
    time.sleep(max(0, max((shown for shown, _ in results), default=0) - time.time()))
    print(f"{len(cases) - len(failed)} applied" + (f", {len(failed)} failed" if failed else ""))
    return not failed


def apply(cluster, case):
    """When its symptoms will have shown, and what went wrong."""
    errors = []

    def check(out, fine=()):
        if out.returncode and not any(word in out.stderr for word in fine):
            errors.append(out.stderr.strip())

    check(cluster.kubectl("create", "namespace", case.name), fine=["AlreadyExists"])
    if case.namespace_labels:
        check(cluster.kubectl("label", "--overwrite", "namespace", case.name, *case.namespace_labels.split()))
    with cluster.within(case.name) as kubectl:
        for _ in range(10):
            out = kubectl("apply", "-f", "-", input=case.text)
            if 'serviceaccount "default" not found' not in out.stderr:
                break
            time.sleep(1)  # the namespace is new: its ServiceAccount comes a moment later
        check(out)
        if case.then:
            # what comes then is done to something that runs
            time.sleep(5)
            kubectl("wait", "--for=condition=Ready", "pods", "--all", "--timeout=15s")
            check(kubectl(*shlex.split(case.then)[1:]))
    return time.time() + case.settle, errors


def delete_all(cluster, cases):
    """Until it is gone; False where something stays."""
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda case: delete(cluster, case), cases))
    names = {ns for case in cases for ns in case.namespaces}
    left = names
    for _ in range(120):
        left = names & cluster.namespaces()
        if not left:
            return True
        for ns in left:
            release(cluster, ns)
        time.sleep(1)
    print(f"still there: {', '.join(sorted(left))}", file=sys.stderr)
    return False


def delete(cluster, case):
    with cluster.within(case.name) as kubectl:
        kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", input=case.text)
    cluster.kubectl("delete", "namespace", case.name, "--wait=false", "--ignore-not-found")


def release(cluster, ns):
    """Takes away the finalizers that hold a namespace back."""
    held = 'jsonpath={range .items[?(@.metadata.finalizers)]}{.kind}/{.metadata.name} {end}'
    for thing in cluster.kubectl("-n", ns, "get", HOLDERS, "-o", held).stdout.split():
        cluster.kubectl("-n", ns, "patch", thing.lower(), "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
