"""Hollow nodes, what runs on them, a pod that fits none, the rules that must tell why, and what would let it fit."""

# A node has 4 cores, 8Gi, 50Gi of storage and room for 110 pods where nothing else is said.
ZONES = {"topology.kubernetes.io/zone": "a"}, {"topology.kubernetes.io/zone": "b"}


def cpu(amount, **more):
    return {"containers": [container(requests={"cpu": amount, **more})]}


def container(requests=None, limits=None, port=None):
    c = {"name": "main", "image": "blux2/hello-server:1.0", "resources": {"requests": requests or {}, "limits": limits or {}}}
    return {**c, "ports": [{"containerPort": 8080, **port}]} if port else c


def affinity(*expressions):
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": list(expressions)}]}}}}


def beside(kind, app, key="kubernetes.io/hostname", **more):
    term = {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key, **more}
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


def spread(key, skew=1, **more):
    return {"topologySpreadConstraints": [{"maxSkew": skew, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule",
                                           "labelSelector": {"matchLabels": {"app": "tested"}}, **more}]}


def tolerate(**toleration):
    return {"tolerations": [toleration]}


GPU = {"nvidia.com/gpu": "1"}
SETUPS = {
    "taint": dict(nodes={"a": dict(taints=["dedicated=db:NoSchedule"])}, pod={}, rules=["untolerated-taint"],
                  mended=tolerate(key="dedicated", operator="Exists")),
    "taint-of-other-value": dict(nodes={"a": dict(taints=["dedicated=db:NoExecute"])}, pod=tolerate(key="dedicated", value="web"),
                                 rules=["untolerated-taint"], mended=tolerate(key="dedicated", value="db", effect="NoExecute")),
    "cordon": dict(nodes={"a": dict(cordoned=True)}, pod={}, rules=["node-cordoned"],
                   mended=tolerate(key="node.kubernetes.io/unschedulable", operator="Exists")),
    "cordon-beside-full": dict(nodes={"a": dict(cordoned=True), "b": {}}, placed=[("b", cpu("3900m"))], pod=cpu("1"), rules=["node-cordoned"],
                               mended=cpu("50m")),
    "cpu-never": dict(nodes={"a": {}, "b": {}}, pod=cpu("64"), rules=["insufficient-resources"], says="no", mended=cpu("4")),
    "cpu-fragmented": dict(nodes={"a": {}, "b": {}}, placed=[("a", cpu("3")), ("b", cpu("3"))], pod=cpu("2"), rules=["insufficient-resources"],
                           says="together", mended=cpu("1")),
    "cpu-here-memory-there": dict(nodes={"a": dict(capacity={"memory": "1Gi"}), "b": dict(capacity={"cpu": "1"})}, pod=cpu("2", memory="2Gi"),
                                  rules=["insufficient-resources"], mended=cpu("2", memory="1Gi")),
    "gpu-nowhere": dict(nodes={"a": {}}, pod={"containers": [container(GPU, GPU)]}, rules=["insufficient-resources"], says="no node offers", mended={}),
    "gpu-taken": dict(nodes={"a": dict(capacity=GPU)}, placed=[("a", {"containers": [container(GPU, GPU)]})],
                      pod={"containers": [container(GPU, GPU)]}, rules=["insufficient-resources"], says="if less ran", mended={}),
    "ephemeral-storage": dict(nodes={"a": {}}, pod=cpu("1", **{"ephemeral-storage": "80Gi"}), rules=["insufficient-resources"],
                              mended=cpu("1", **{"ephemeral-storage": "50Gi"})),
    "init-and-overhead": dict(nodes={"a": {}}, rules=["insufficient-resources"], mended=cpu("3"),
                              pod={**cpu("1"), "initContainers": [{**container({"cpu": "3"}), "name": "sidecar", "restartPolicy": "Always"},
                                                                  {**container({"cpu": "2"}), "name": "init"}]}),
    "pod-limit": dict(nodes={"a": dict(capacity={"pods": "1"})}, placed=[("a", {})], pod={}, rules=["too-many-pods"], mended=None),
    "pod-limit-and-cpu": dict(nodes={"a": dict(capacity={"pods": "1"})}, placed=[("a", {})], pod=cpu("8"),
                              rules=["insufficient-resources", "too-many-pods"], mended=None),
    "selector-and-cpu": dict(nodes={"a": dict(labels={"disktype": "ssd"})}, pod={**cpu("64"), "nodeSelector": {"disktype": "sdd"}},
                             rules=["insufficient-resources", "node-affinity-mismatch"], mended={**cpu("1"), "nodeSelector": {"disktype": "ssd"}}),
    "more-cores-than-there-are": dict(nodes={"a": dict(labels={"cores": "8"}), "b": {}}, pod=affinity({"key": "cores", "operator": "Gt", "values": ["16"]}),
                                      rules=["node-affinity-mismatch"], mended=affinity({"key": "cores", "operator": "Gt", "values": ["4"]})),
    "not-in": dict(nodes={"a": dict(labels={"tier": "old"}), "b": dict(labels={"tier": "new", "broken": ""})},
                   pod=affinity({"key": "tier", "operator": "NotIn", "values": ["old"]}, {"key": "broken", "operator": "DoesNotExist"}),
                   rules=["node-affinity-mismatch"], mended=affinity({"key": "tier", "operator": "NotIn", "values": ["old"]})),
    "host-port": dict(nodes={"a": {}}, placed=[("a", {"containers": [container(port={"hostPort": 8443})]})],
                      pod={"containers": [container(port={"hostPort": 8443, "hostIP": "127.0.0.1"})]}, rules=["host-port-conflict"],
                      mended={"containers": [container(port={"hostPort": 8443, "protocol": "UDP"})]}),
    "anti-affinity": dict(nodes={"a": {}, "b": {}}, placed=[("a", {}), ("b", {})], pod=beside("podAntiAffinity", "placed"),
                          rules=["pod-affinity-unsatisfiable"], says="anti-affinity", mended=beside("podAntiAffinity", "other")),
    "anti-affinity-of-another": dict(nodes={"a": {}}, placed=[("a", beside("podAntiAffinity", "tested", namespaceSelector={}))], pod={},
                                     rules=["pod-affinity-unsatisfiable"], says="of a pod there", mended=None),
    "affinity-to-nobody": dict(nodes={"a": dict(labels=ZONES[0])}, pod=beside("podAffinity", "cache", key="topology.kubernetes.io/zone"),
                               rules=["pod-affinity-unsatisfiable"], mended=beside("podAffinity", "tested", key="topology.kubernetes.io/zone")),
    "affinity-in-a-full-zone": dict(nodes={"a": dict(labels=ZONES[0]), "b": dict(labels=ZONES[1])}, placed=[("a", cpu("3900m"))],
                                    pod={**cpu("1"), **beside("podAffinity", "placed", key="topology.kubernetes.io/zone")},
                                    rules=["insufficient-resources", "pod-affinity-unsatisfiable"], any_of=True,
                                    mended={**cpu("50m"), **beside("podAffinity", "placed", key="topology.kubernetes.io/zone")}),
    "spread-without-label": dict(nodes={"a": {}}, pod=spread("topology.kubernetes.io/zone"), rules=["topology-spread-unsatisfiable"],
                                 mended=spread("kubernetes.io/hostname")),
    "spread-skewed": dict(nodes={"a": dict(labels=ZONES[0]), "b": dict(labels=ZONES[1], taints=["dedicated=db:NoSchedule"])},
                          placed=[("a", {"labels": {"app": "tested"}})], pod=spread("topology.kubernetes.io/zone"),
                          rules=["topology-spread-unsatisfiable"], mended=spread("topology.kubernetes.io/zone", nodeTaintsPolicy="Honor")),
    "spread-over-three-domains": dict(nodes={"a": dict(labels=ZONES[0]), "b": dict(labels=ZONES[1])},
                                      placed=[("a", {"labels": {"app": "tested"}}), ("b", {"labels": {"app": "tested"}})],
                                      pod=spread("topology.kubernetes.io/zone", minDomains=3), rules=["topology-spread-unsatisfiable"],
                                      mended=spread("topology.kubernetes.io/zone", minDomains=2)),
    "taint-and-cpu": dict(nodes={"a": dict(taints=["dedicated=db:NoSchedule"])}, pod=cpu("8"), rules=["insufficient-resources", "untolerated-taint"],
                          mended={**cpu("1"), **tolerate(key="dedicated", operator="Exists")}),
}
