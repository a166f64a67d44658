"""What a case needs of the cluster, and how the cluster is asked whether it has it.

A check returns None where the need is met, else why not.
"""
import concurrent.futures
import contextlib
import json
import os
import time


def single_node(cluster, _):
    nodes = [n for n in cluster.get("nodes")["items"] if not n["spec"].get("unschedulable")
             and not any(t["effect"] != "PreferNoSchedule" for t in n["spec"].get("taints", []))]
    return None if len(nodes) == 1 else f"{len(nodes)} nodes take pods, not one"


def ingress_class_nginx(cluster, _):
    return None if cluster.get("ingressclass", "nginx") else "there is no IngressClass nginx"


def no_default_class(cluster, _):
    default = [c["metadata"]["name"] for c in cluster.get("storageclasses")["items"]
               if c["metadata"].get("annotations", {}).get("storageclass.kubernetes.io/is-default-class") == "true"]
    return f"{', '.join(default)} is the default StorageClass" if default else None


def no_metrics(cluster, _):
    return "the metrics API is there" if cluster.get("apiservice", "v1beta1.metrics.k8s.io") else None


def no_load_balancer(cluster, ns):
    """A Service of that type: nobody takes it up."""
    create(cluster, ns, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "taken-up"},
                         "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})

    def taken_up():
        service = cluster.get("-n", ns, "service", "taken-up")
        return service["metadata"].get("finalizers") or service["status"]["loadBalancer"].get("ingress")
    return "a load balancer controller answers" if until(4, taken_up) else None


def lab_images(cluster, ns):
    """The stand-in images of tests/cluster: their behaviour is set by variables, and one registry wants a password."""
    create(cluster, ns, pod("images", "registry.local:5000/web:1"))

    def answer():
        for s in cluster.get("-n", ns, "pod", "images").get("status", {}).get("containerStatuses", []):
            if s["ready"] or s["state"].get("waiting", {}).get("reason") in ("ErrImagePull", "ImagePullBackOff"):
                return s
    got = until(60, answer)
    return None if got and got["ready"] else "the stand-in images of tests/cluster can't be pulled"


def network_policy(cluster, ns):
    """Of two servers one is shut by a policy: a client reaches the other alone."""
    serve = ["sh", "-c", "echo ok >/tmp/index.html; exec httpd -f -p 8080 -h /tmp"]
    for name in ("open", "shut"):
        create(cluster, ns, pod(name, "busybox:1.36", command=serve))
    create(cluster, ns, {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "shut"},
                         "spec": {"podSelector": {"matchLabels": {"name": "shut"}}, "policyTypes": ["Ingress"]}})
    if cluster.kubectl("-n", ns, "wait", "--for=condition=Ready", "pod/open", "pod/shut", "--timeout=60s").returncode:
        return "the pods that would tell whether policies are enforced do not start"
    time.sleep(3)  # for the policy to be in force
    address = {name: cluster.get("-n", ns, "pod", name)["status"]["podIP"] for name in ("open", "shut")}
    reach = lambda name: f"curl -s -m 3 -o /dev/null http://{address[name]}:8080/"
    create(cluster, ns, pod("client", "curlimages/curl:8.10.1", command=["sh", "-c", f"{reach('open')} || exit 2; {reach('shut')} && exit 1; exit 0"]))

    def exit_code():
        for s in cluster.get("-n", ns, "pod", "client").get("status", {}).get("containerStatuses", []):
            return s["state"].get("terminated")
    done = until(30, exit_code)
    return {0: None, 1: "NetworkPolicies are not enforced"}.get(done and done["exitCode"], "pods can't reach each other at all")


CHECKS = {
    "lab-images": lab_images,
    "single-node": single_node,
    "ingress-class-nginx": ingress_class_nginx,
    "no-default-class": no_default_class,
    "no-load-balancer": no_load_balancer,
    "no-metrics": no_metrics,
    "network-policy": network_policy,
}
IN_A_NAMESPACE = {lab_images, no_load_balancer, network_policy}


def pod(name, image, **container):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"name": name}},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [{"name": name, "image": image, **container}]}}


def until(seconds, ask):
    """The first answer that is something, asked again and again."""
    end = time.time() + seconds
    while True:
        answer = ask()
        if answer or time.time() > end:
            return answer
        time.sleep(0.5)


def create(cluster, ns, thing):
    """Again and again for a while: a new namespace has no ServiceAccount for pods yet."""
    made = lambda: cluster.kubectl("-n", ns, "create", "-f", "-", input=json.dumps(thing)).returncode == 0
    if not until(10, made):
        raise RuntimeError(f"can't create {thing['kind']} {thing['metadata']['name']} to look at what the cluster has")


@contextlib.contextmanager
def scratch(cluster, wanted):
    ns = f"faults-needs-{os.getpid()}"
    if wanted:
        cluster.kubectl("create", "namespace", ns)
    try:
        yield ns
    finally:
        if wanted:
            cluster.kubectl("delete", "namespace", ns, "--wait=false")


def unmet(cluster, cases):
    """Why not, by need, of all that these cases need."""
    words = sorted({word for case in cases for word in case.needs})
    unknown = set(words) - set(CHECKS)
    if unknown:
        raise SystemExit(f"needs: {', '.join(sorted(unknown))}? It knows {', '.join(CHECKS)}")
    with scratch(cluster, any(CHECKS[w] in IN_A_NAMESPACE for w in words)) as ns, concurrent.futures.ThreadPoolExecutor() as pool:
        return {w: why for w, why in zip(words, pool.map(lambda w: CHECKS[w](cluster, ns), words)) if why}


def met(cluster, cases):
    """The cases that this cluster can run; the others are printed, with what is not there."""
    missing = unmet(cluster, cases)
    run = []
    for case in cases:
        why = [f"{word}: {missing[word]}" for word in case.needs if word in missing]
        if why:
            print(f"skipped {case.name}: {'; '.join(why)}")
        else:
            run.append(case)
    return run
