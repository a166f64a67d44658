"""Random nodes, what runs on them, and pods that may fit."""
import random

from setups import container

OURS, APP, TEAM = "kdoc-agree", "kdoc-agree-app", "kdoc-agree-team"
NAMESPACES = ["oracle-scheduling", "oracle-scheduling-b"]
HOST, ZONE, DISK, CORES = "kubernetes.io/hostname", "topology.kubernetes.io/zone", "disktype", "cores"
GPU = "example.com/gpu"
TAINTS = ["dedicated=db", "dedicated=web", "gpu", "old=", "node-role.kubernetes.io/control-plane"]
EFFECTS = ["NoSchedule", "NoSchedule", "NoExecute", "PreferNoSchedule"]
APPS = ["web", "db", "cache"]
AMOUNTS = {
    "cpu": ["0", "1m", "50m", "100m", "250m", "333m", "0.5", "1", "1.5", "2", "4", "2e0", "1500e-3", "64"],
    "memory": ["0", "1", "64Mi", "100M", "256Mi", "0.5Gi", "1Gi", "1500M", "2Gi", "4Gi", "1e9", "123456789", "100m"],
    "ephemeral-storage": ["1Gi", "5G", "60Gi"],
    GPU: ["1", "2"],
}


class Anything(random.Random):
    def chance(self, share):
        return self.random() < share

    def some(self, of, most=2):
        return self.sample(of, self.randint(1, min(most, len(of))))

    # what there is

    def node(self, name):
        labels = {HOST: name, OURS: "random", "kubernetes.io/os": "linux"}
        if self.chance(0.8):
            labels[ZONE] = self.choice("aabc")
        if self.chance(0.6):
            labels[DISK] = self.choice(["ssd", "hdd", ""])
        if self.chance(0.6):
            labels[CORES] = self.choice(["2", "4", "8", "16", "0", "x", "07"])
        taints = {}
        for taint in self.some(TAINTS) if self.chance(0.3) else []:
            key, _, value = taint.partition("=")
            effect = self.choice(EFFECTS)
            taints[key, effect] = {"key": key, "value": value, "effect": effect}
        amounts = {"cpu": self.choice(["300m", "2", "4", "4", "8", "8"]), "memory": self.choice(["256Mi", "1500M", "4Gi", "8Gi", "8Gi", "8Gi"]),
                   "ephemeral-storage": self.choice(["10Gi", "50Gi", "50Gi"]), "pods": self.choice(["3", "5"] + ["110"] * 8)}
        if self.chance(0.4):
            amounts[GPU] = self.choice(["0", "1", "2"])
        return labels, list(taints.values()), amounts, self.chance(0.12)

    def placed(self, name, node):
        """A pod that runs on a node, in a namespace; how it ended, if it has."""
        spec = {"nodeName": node, "tolerations": [{"operator": "Exists"}], "containers": self.containers(0.7)}
        if self.chance(0.2):
            spec["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [self.term()]}}
        state = self.choice(["runs"] * 7 + ["Succeeded", "Failed", "terminates"])
        return self.choice(NAMESPACES[:1] * 3 + NAMESPACES[1:]), {"metadata": {"name": name, "labels": self.labels()}, "spec": spec}, state

    # what is asked

    def pod(self, name, nodes):
        spec = {"nodeSelector": {OURS: "random"}, "containers": self.containers(0.6), "terminationGracePeriodSeconds": 0}
        if self.chance(0.15):
            spec["initContainers"] = [{**self.container("init-0", 0.9), **({"restartPolicy": "Always"} if self.chance(0.5) else {})},
                                      {**self.container("init-1", 0.9), **({"restartPolicy": "Always"} if self.chance(0.3) else {})}]
            for one in spec["initContainers"]:
                one.pop("ports", None)
        if self.chance(0.05):
            spec["resources"] = {"requests": {"cpu": self.choice(["1", "3", "8"])}}
            for one in [*spec["containers"], *spec.get("initContainers", [])]:
                one["resources"]["requests"].pop("cpu", None)
                one["resources"]["limits"].pop("cpu", None)
        if self.chance(0.2):
            spec["nodeSelector"].update(self.choice([{DISK: "ssd"}, {ZONE: "a"}, {CORES: "4"}, {"absent": "x"}, {DISK: ""}, {HOST: self.choice(nodes)}]))
        if self.chance(0.6):
            spec["tolerations"] = [self.toleration() for _ in range(self.randint(1, 3))]
        affinity = {}
        if self.chance(0.35):
            affinity["nodeAffinity"] = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [self.node_term(nodes) for _ in range(self.randint(1, 2))]}}
        for kind, share in ("podAffinity", 0.2), ("podAntiAffinity", 0.2):
            if self.chance(share):
                affinity[kind] = {"requiredDuringSchedulingIgnoredDuringExecution": [self.term() for _ in range(self.choice([1, 1, 2]))]}
        if affinity:
            spec["affinity"] = affinity
        if self.chance(0.3):
            keys = self.some([ZONE, HOST, DISK])
            spec["topologySpreadConstraints"] = [self.constraint(key) for key in keys]
        return {"metadata": {"name": name, "labels": self.labels()}, "spec": spec}

    def labels(self):
        labels = {}
        if self.chance(0.9):
            labels[APP] = self.choice(APPS)
        if self.chance(0.3):
            labels["rev"] = self.choice("12")
        return labels

    def containers(self, asks):
        containers = [self.container(f"main-{index}", asks) for index in range(self.choice([1, 1, 1, 2]))]
        for one in containers[1:]:  # a port twice is refused
            one.pop("ports", None)
        return containers

    def container(self, name, asks):
        requests = {name: self.choice(amounts) for name, amounts in AMOUNTS.items() if self.chance(asks * (1 if name in ("cpu", "memory") else 0.15))}
        limits = {GPU: requests[GPU]} if GPU in requests else {}
        one = {**container(requests, limits), "name": name}
        if self.chance(0.12):
            port = {"containerPort": 8080, "hostPort": self.choice([8080, 8443]), "protocol": self.choice(["TCP", "TCP", "UDP"])}
            if self.chance(0.4):
                port["hostIP"] = self.choice(["127.0.0.1", "10.0.0.1", "0.0.0.0", "::", "::1"])
            one["ports"] = [port]
        return one

    def toleration(self):
        key, _, value = self.choice(TAINTS).partition("=")
        form = self.randrange(6)
        if form == 0:
            return {"operator": "Exists"}
        if form == 1:
            return {"key": key, "operator": "Exists"}
        if form == 2:
            return {"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"}
        toleration = {"key": key, "value": value, **({"operator": "Equal"} if self.chance(0.5) else {})}
        if self.chance(0.4):
            toleration["effect"] = self.choice(["NoSchedule", "NoExecute"])
        return toleration

    def node_term(self, nodes):
        term = {"matchExpressions": [self.node_expression() for _ in range(self.choice([0, 1, 1, 2]))]}
        if self.chance(0.2):
            term["matchFields"] = [{"key": "metadata.name", "operator": self.choice(["In", "NotIn"]), "values": [self.choice(nodes)]}]
        return {key: value for key, value in term.items() if value}

    def node_expression(self):
        operator = self.choice(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"])
        if operator in ("Gt", "Lt"):
            return {"key": self.choice([CORES, CORES, DISK, "absent"]), "operator": operator, "values": [self.choice(["0", "4", "7", "8", "007"])]}
        key = self.choice([ZONE, DISK, CORES, "absent"])
        if operator in ("In", "NotIn"):
            return {"key": key, "operator": operator, "values": self.some(["a", "b", "ssd", "hdd", "", "4", "16"], 3)}
        return {"key": key, "operator": operator}

    def selector(self):
        form = self.randrange(8)
        if form < 4:
            return {"matchLabels": {APP: self.choice(APPS)}}
        if form == 4:
            return {"matchExpressions": [{"key": APP, "operator": "In", "values": self.some(APPS)}]}
        if form == 5:
            return {"matchLabels": {APP: self.choice(APPS)}, "matchExpressions": [{"key": "rev", "operator": self.choice(["Exists", "DoesNotExist"])}]}
        return {"matchExpressions": [{"key": APP, "operator": "Exists"}, {"key": "rev", "operator": "NotIn", "values": ["1"]}]}

    def term(self):
        term = {"labelSelector": self.selector(), "topologyKey": self.choice([ZONE, ZONE, HOST, DISK])}
        if self.chance(0.05):
            del term["labelSelector"]
        if self.chance(0.25):
            term["namespaceSelector"] = self.choice([{}, {"matchLabels": {TEAM: "b"}}, {"matchLabels": {TEAM: "a"}}])
        if self.chance(0.15):
            term["namespaces"] = self.some(NAMESPACES)
        if self.chance(0.1) and "labelSelector" in term:
            term[self.choice(["matchLabelKeys", "mismatchLabelKeys"])] = [TEAM]
        return term

    def constraint(self, key):
        constraint = {"maxSkew": self.choice([1, 1, 2, 3]), "topologyKey": key, "whenUnsatisfiable": self.choice(["DoNotSchedule"] * 4 + ["ScheduleAnyway"])}
        if self.chance(0.9):
            constraint["labelSelector"] = {} if self.chance(0.1) else self.selector()
        if constraint["whenUnsatisfiable"] == "DoNotSchedule" and self.chance(0.2):
            constraint["minDomains"] = self.choice([1, 2, 4])
        for policy in "nodeAffinityPolicy", "nodeTaintsPolicy":
            if self.chance(0.3):
                constraint[policy] = self.choice(["Honor", "Ignore"])
        if self.chance(0.15) and "labelSelector" in constraint:
            constraint["matchLabelKeys"] = ["revision"]
        return constraint
