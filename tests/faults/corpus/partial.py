"""Asks about applied cases as users who may not see everything: what they may not see is never missing."""
import contextlib
import dataclasses
import json
import re

from .judge import GENERAL, judge, named
from .needs import met
from .score import diagnose

# What a diagnosis may look at, as group/resource.
RESOURCES = {
    "pods": "", "pods/log": "", "events": "", "services": "", "endpointslices": "discovery.k8s.io", "configmaps": "", "secrets": "",
    "serviceaccounts": "", "persistentvolumeclaims": "", "persistentvolumes": "", "storageclasses": "storage.k8s.io", "nodes": "",
    "namespaces": "", "replicasets": "apps", "deployments": "apps", "statefulsets": "apps", "daemonsets": "apps", "jobs": "batch",
    "cronjobs": "batch", "ingresses": "networking.k8s.io", "horizontalpodautoscalers": "autoscaling", "resourcequotas": "",
    "limitranges": "", "resourceclaims": "resource.k8s.io", "deviceclasses": "resource.k8s.io", "networkpolicies": "networking.k8s.io", "poddisruptionbudgets": "policy", "ingressclasses": "networking.k8s.io",
}

# Each lacks one of these.
LACKING = ["pods", "pods/log", "events", "services", "endpointslices", "configmaps", "secrets", "serviceaccounts", "persistentvolumeclaims",
           "storageclasses", "nodes", "namespaces", "replicasets", "deployments", "jobs", "ingresses"]

# What is always looked at, so that it is always said that it was not.
ALWAYS = {"pods", "events", "services", "endpointslices", "ingresses"}
# The same of what owns pods, unless a pod is asked about, of which only its own owner is of interest.
OWNERS = {"replicasets", "deployments", "jobs"}

TYPICAL = """configmap-key-typo configmap-missing configmap-volume-missing secret-missing secret-key-missing image-tag-missing image-pull-secret-missing
image-private-no-secret crash-app-error crash-dependency-down init-container-waits-for-service oom-killed pvc-missing pvc-storage-class-typo
service-account-missing service-selector-typo service-scaled-to-zero service-target-port-wrong ingress-backend-missing quota-exceeded
unschedulable-cpu unschedulable-node-selector rollout-stuck-bad-image healthy-deployment healthy-waiting-claim healthy-headless-external
seed-all-at-once""".split()

# The kubelet says these in its own words to somebody who may not read Secrets.
BY_VIEW = ["pvc-storage-class-typo", "unschedulable-cpu", "secret-missing", "secret-key-missing", "image-pull-secret-missing", "image-private-no-secret"]


def user(resource):
    return "faults-without-" + resource.replace("/", "-")


def role(name, resources):
    by_group = {}
    for resource in resources:
        by_group.setdefault(RESOURCES[resource], []).append(resource)
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name},
            "rules": [{"apiGroups": [group], "resources": found, "verbs": ["get", "list"]} for group, found in by_group.items()]}


def binding(name, to):
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": to},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}]}


@contextlib.contextmanager
def users(cluster):
    """One for each thing that one may lack, and one who may view, for as long as it takes."""
    things = [binding("faults-view", "view"), role("faults-pods-and-events", ["pods", "events"]),
              binding("faults-pods-and-events", "faults-pods-and-events")]
    for lacking in LACKING:
        name = user(lacking)
        things += [role(name, [r for r in RESOURCES if r != lacking]), binding(name, name)]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": things})
    made = cluster.kubectl("apply", "-f", "-", input=text)
    try:
        if made.returncode:
            raise SystemExit(f"can't make the users: {made.stderr.strip()}")
        yield
    finally:
        cluster.kubectl("delete", "--ignore-not-found", "-f", "-", input=text)


def faults_of(full, answer, lacking, ask):
    """What is wrong with what somebody was told who lacks these, compared with what there is to be told."""
    report = answer.report
    if report is None:
        return [f"no JSON (exit {answer.code}): {(answer.stderr or answer.stdout).strip()[-200:]}"]
    wrong = []
    findings = [f for f in report["findings"] if f["severity"] in ("error", "warning")]
    there = {f["rule"] for f in full["findings"]}
    wrong += [f"claims {named(f)}" for f in findings if f["rule"] not in there | GENERAL]
    # A pod stands for its controller where that can't be known; nothing stands for anything else.
    objects = {re.sub(r"-[a-z0-9]+(-[a-z0-9]+)?$", "", f["object"]["name"]) for f in full["findings"]} | {f["object"]["name"] for f in full["findings"]}
    wrong += [f"blames {named(f)}" for f in findings if f["rule"] in there and not any(f["object"]["name"].startswith(o) for o in objects)]
    errors = any(f["severity"] == "error" for f in findings)
    if answer.code not in ({1} if errors else {0, 2}):
        wrong.append(f"exit status {answer.code} with {'an' if errors else 'no'} error")
    if answer.code == 2 and len(answer.stderr.strip().splitlines()) != 1:
        wrong.append(f"exit status 2 without one line that says why: {answer.stderr!r}")
    if "bug" in answer.stderr or "panicked" in answer.stderr or (answer.stderr and answer.code != 2):
        wrong.append(f"complains: {answer.stderr.strip()[:200]}")
    always = ALWAYS if ask.startswith("pod ") else ALWAYS | OWNERS
    unseen = {entry["what"] for entry in report["notChecked"]}
    lost = {f["rule"] for f in full["findings"] if f["root"]} - {f["rule"] for f in findings}
    for what in lacking:
        word = {"pods/log": "logs"}.get(what, what)
        if word not in unseen and (what in always or (lost and len(lacking) == 1)):
            wrong.append(f"does not say that {what} were not looked at" + (f", without which it misses {', '.join(sorted(lost))}" if lost else ""))
    return wrong


def partial(cluster, cases, doctor, everything=False, verbose=False):
    """True where nobody was told anything false. Which causes each still sees is printed."""
    if not everything:
        cases = [case for case in cases if case.name in TYPICAL]
    cases = [case for case in met(cluster, cases) if case.name in cluster.namespaces()]
    told = failed = 0
    with users(cluster):
        for case in cases:
            full = diagnose(cluster, case, doctor, case.ask).report
            if full is None or "findings" not in full:
                failed += 1
                print(f"{case.name}: no diagnosis even for who may see everything")
                continue
            who = [(user(lacking), [lacking]) for lacking in LACKING]
            who.append(("faults-pods-and-events", [r for r in LACKING if r not in ("pods", "events")]))
            silent = []
            for name, lacking in who:
                answer = diagnose(cluster, case, f"{doctor} --as={name}", case.ask)
                for fault in faults_of(full, answer, lacking, case.ask):
                    failed += 1
                    print(f"WRONG  {case.name} as {name}: {fault}")
                    if verbose:
                        print(answer.stdout)
                if case.cause != "none" and answer.report and case.cause not in {f["rule"] for f in answer.report["findings"]}:
                    silent.append(name.removeprefix("faults-"))
                told += 1
            if silent:
                print(f"       {case.name}: {case.cause} is not seen {', '.join(silent)}")
        for case in cases:
            if case.name in BY_VIEW:
                # The nearest name is not known to somebody who may not look; the cause is.
                verdict = judge(dataclasses.replace(case, says=()), diagnose(cluster, case, f"{doctor} --as=faults-view", case.ask))
                told += 1
                if verdict.kind != "right":
                    failed += 1
                    print(f"{verdict.kind.upper():6} {case.name} as faults-view: {verdict.why}")
    print(f"{told} diagnoses in part, {failed} faults")
    return failed == 0
