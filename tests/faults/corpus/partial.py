"""Asks about applied cases as users who may not see everything: what they may not see is never missing."""
import collections
import concurrent.futures
import contextlib
import dataclasses
import json
import re
import shlex

from .judge import GENERAL, named
from .needs import met
from .score import diagnose

# What a diagnosis may look at, by API group, spelled as its report spells it under "not checked".
GROUPS = {
    "": """pods pods/log events services configmaps secrets serviceaccounts persistentvolumeclaims persistentvolumes nodes namespaces
           resourcequotas limitranges""",
    "apps": "replicasets deployments statefulsets daemonsets controllerrevisions",
    "batch": "jobs cronjobs",
    "discovery.k8s.io": "endpointslices",
    "networking.k8s.io": "ingresses networkpolicies ingressclasses",
    "autoscaling": "horizontalpodautoscalers",
    "policy": "poddisruptionbudgets",
    "storage.k8s.io": "storageclasses",
    "scheduling.k8s.io": "priorityclasses",
    "resource.k8s.io": "resourceclaims deviceclasses",
    "admissionregistration.k8s.io": "validatingwebhookconfigurations mutatingwebhookconfigurations",
    "apiregistration.k8s.io": "apiservices",
    "rbac.authorization.k8s.io": "roles rolebindings clusterroles clusterrolebindings",
    "gateway.networking.k8s.io": "gateways httproutes gatewayclasses",
    "metrics.k8s.io": "pods.metrics.k8s.io",
}
RESOURCES = {resource: group for group, resources in GROUPS.items() for resource in resources.split()}

# What is always looked at, so that it is always said that it was not.
ALWAYS = {"pods", "events", "services", "endpointslices", "ingresses"}
# The same of what owns pods, unless a pod is asked about, of which only its own owner is of interest.
OWNERS = {"replicasets", "deployments", "statefulsets", "daemonsets", "jobs", "cronjobs"}

TYPICAL = """configmap-key-typo configmap-missing configmap-volume-missing secret-missing secret-key-missing image-tag-missing image-pull-secret-missing
image-private-no-secret crash-app-error crash-dependency-down init-container-waits-for-service oom-killed pvc-missing pvc-storage-class-typo
service-account-missing service-selector-typo service-scaled-to-zero service-target-port-wrong ingress-backend-missing quota-exceeded
unschedulable-cpu unschedulable-node-selector rollout-stuck-bad-image healthy-deployment healthy-waiting-claim healthy-headless-external
seed-all-at-once""".split()

# Who may `view` has no right to Secrets and nodes, but the kubelet and the scheduler say these.
SAID_TO_ALL = {"secret-missing", "secret-key-missing", "image-pull-secret-missing", "image-pull-unauthorized", "insufficient-resources"}
VIEW = "view"
LITTLE = "pods and events alone"

THREADS = 3
VERDICTS = ["right", "general", "silent", "wrong"]


def user(title):
    return "faults-" + re.sub("[^a-z0-9]+", "-", title)


def role(name, resources):
    by_group = collections.defaultdict(list)
    for resource in resources:
        by_group[RESOURCES[resource]].append(resource.split(".")[0])
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name},
            "rules": [{"apiGroups": [group], "resources": found, "verbs": ["get", "list"]} for group, found in by_group.items()]}


def binding(name, to):
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": to},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}]}


def lacking(cluster):
    """Who lacks what: one kind each, most of it, and what the cluster role `view` leaves out."""
    viewed = {resource for rule in cluster.get("clusterrole", "view")["rules"] for resource in rule["resources"]}
    return {**{f"without {resource}": {resource} for resource in RESOURCES}, LITTLE: set(RESOURCES) - {"pods", "events"},
            VIEW: set(RESOURCES) - viewed}


@contextlib.contextmanager
def users(cluster, who):
    """They are there for as long as it takes."""
    things = [binding(user(VIEW), "view")]
    for title in who.keys() - {VIEW}:
        name = user(title)
        things += [role(name, [r for r in RESOURCES if r not in who[title]]), binding(name, name)]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": things})
    made = cluster.kubectl("apply", "-f", "-", input=text)
    try:
        if made.returncode:
            raise SystemExit(f"can't make the users: {made.stderr.strip()}")
        yield
    finally:
        cluster.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", input=text)


def plural(kind):
    if kind == "PodMetrics":
        return "pods.metrics.k8s.io"
    return re.sub("y$", "ie", kind.lower() + "e" * kind.endswith("s")) + "s"


def asked(cluster, case, doctor):
    """What the diagnosis of a case looks at: who lacks anything else gets the same answers and is told the same."""
    try:
        record = json.loads(cluster.run(*shlex.split(doctor), "record", *case.ask.split(), "-n", case.name).stdout)
    except ValueError:
        return set(RESOURCES)
    kinds = {it["kind"] for it in record["collected"] + record["names"] + record["items"]}
    return {plural(kind) for kind in kinds} | ({"pods/log"} if record["logs"] else set())


def told(report):
    return [f for f in report["findings"] if f["severity"] in ("error", "warning")]


def faults_of(full, answer, lacking, ask):
    """What is wrong with what somebody was told who lacks these, compared with what there is to be told."""
    report = answer.report
    if report is None:
        return [f"no JSON (exit {answer.code}): {(answer.stderr or answer.stdout).strip()[-200:]}"]
    wrong = []
    findings = told(report)
    there = {f["rule"] for f in full["findings"]}
    wrong += [f"claims {named(f)}" for f in findings if f["rule"] not in there | GENERAL]
    # A pod stands for its controller where that can't be known; nothing stands for anything else.
    objects = {o["name"] for f in full["findings"] for o in [f["object"], *f["affected"], *(e["object"] for e in f["explains"])]}
    objects |= {re.sub(r"-[a-z0-9]+(-[a-z0-9]+)?$", "", name) for name in objects}
    wrong += [f"blames {named(f)}" for f in findings if f["rule"] in there | GENERAL and not any(f["object"]["name"].startswith(o) for o in objects)]
    errors = any(f["severity"] == "error" for f in findings)
    if answer.code not in ({1} if errors else {0, 2}):
        wrong.append(f"exit status {answer.code} with {'an' if errors else 'no'} error")
    if answer.code == 2 and len(answer.stderr.strip().splitlines()) != 1:
        wrong.append(f"exit status 2 without one line that says why: {answer.stderr!r}")
    if "bug" in answer.stderr or "panicked" in answer.stderr or (answer.stderr and answer.code != 2):
        wrong.append(f"complains: {answer.stderr.strip()[:200]}")
    always = ALWAYS if ask.startswith("pod ") else ALWAYS | OWNERS
    unseen = {entry["what"] for entry in report["notChecked"]}
    wrong += [f"does not say what it may hide that {entry['what']} were not looked at" for entry in report["notChecked"] if not entry["hides"]]
    lost = {f["rule"] for f in full["findings"] if f["root"]} - {f["rule"] for f in findings}
    for what in sorted(lacking):
        word = {"pods/log": "logs"}.get(what, what)
        if word not in unseen and (what in always or (lost and len(lacking) == 1)):
            wrong.append(f"does not say that {what} were not looked at" + (f", without which it misses {', '.join(sorted(lost))}" if lost else ""))
    return wrong


def seen_by(full, report):
    """How much of what there is to be told somebody was told: all roots, more general ones or some, or nothing."""
    roots = {f["rule"] for f in told(full) if f["root"]}
    said = {f["rule"] for f in told(report)}
    return "right" if roots <= said else "general" if said else "silent"


@dataclasses.dataclass
class Told:
    """What one user was told of one case."""
    title: str
    case: str
    verdict: str
    faults: list
    output: str = ""


def ask_all(cluster, case, doctor, who):
    """What every user is told of a case."""
    def full():
        report = diagnose(cluster, case, doctor, case.ask).report
        return report if report and "findings" in report else None

    everything, matters = full(), asked(cluster, case, doctor)
    if everything is None:
        return [Told("all", case.name, "wrong", ["no diagnosis even for who may see everything"])]
    return [ask_as(cluster, case, f"{doctor} --as={user(title)}", title, lacks, everything, full)
            for title, lacks in who.items() if lacks & matters]


def ask_as(cluster, case, doctor, title, lacks, everything, full):
    answer = diagnose(cluster, case, doctor, case.ask)
    faults = faults_of(everything, answer, lacks, case.ask)
    if faults:  # what crashes is not the same in all moments
        everything = {"findings": everything["findings"] + (full() or everything)["findings"]}
        answer = diagnose(cluster, case, doctor, case.ask)
        faults = faults_of(everything, answer, lacks, case.ask)
    verdict = "wrong" if faults else seen_by(everything, answer.report)
    if title == VIEW and case.cause in SAID_TO_ALL and not faults and case.cause not in {f["rule"] for f in told(answer.report)}:
        verdict, faults = "wrong", [f"does not name {case.cause}, which is said to all"]
    return Told(title, case.name, verdict, faults, answer.stdout)


def table(answers):
    """A line for each user: how many cases are right, …"""
    counts = collections.defaultdict(collections.Counter)
    for it in answers:
        counts[it.title][it.verdict] += 1
    width = max(map(len, counts))
    lines = [" " * width + "".join(f"{verdict:>9}" for verdict in VERDICTS)]
    return lines + [f"{title:{width}}" + "".join(f"{count[verdict]:9}" for verdict in VERDICTS) for title, count in counts.items()]


def partial(cluster, cases, doctor, everything=False, verbose=False):
    """True where nobody was told anything false. How much each still sees is printed."""
    if not everything:
        cases = [case for case in cases if case.name in TYPICAL] or cases
    applied = cluster.namespaces()
    cases = [case for case in met(cluster, cases) if case.name in applied]
    answers, who = [], lacking(cluster)
    with users(cluster, who), concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        for of_case in pool.map(lambda case: ask_all(cluster, case, doctor, who), cases):
            answers += of_case
            for it in of_case:
                for fault in it.faults:
                    print(f"WRONG  {it.case} as {it.title}: {fault}")
                if it.faults and verbose:
                    print(it.output)
            unseen = [f"{it.title} ({it.verdict})" for it in of_case if it.verdict in ("general", "silent")]
            if unseen:
                print(f"       {of_case[0].case}: not all is seen {', '.join(unseen)}", flush=True)
    print("\n".join(table(answers)))
    faults = sum(it.verdict == "wrong" for it in answers)
    print(f"{len(answers)} diagnoses in part, {faults} wrong")
    return faults == 0
