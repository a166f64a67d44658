"""What an API server of another version may write, and what a watch tells otherwise than it should."""
import json

from proxy import status


def walk(value, change):
    """The document with `change(key, value)` for each value in it, the innermost first."""
    if isinstance(value, dict):
        return {key: change(key, walk(inner, change)) for key, inner in value.items()}
    if isinstance(value, list):
        return [walk(inner, change) for inner in value]
    return value


def unknown_fields(document):
    """As a later server may write them."""
    def added(key, value):
        if isinstance(value, dict) and key in ("metadata", "spec", "status", "state", "securityContext", "resources"):
            return {**value, "fromTheFuture": {"deep": [1, "two", None]}, "alsoNew": 3}
        if isinstance(value, list) and value and all(isinstance(it, dict) for it in value):
            return [{**it, "newInThis": True} for it in value]
        return value
    return walk(document, added)


NEW_VALUES = {
    "imagePullPolicy": "Sometimes", "restartPolicy": "Perhaps", "dnsPolicy": "ClusterLast", "pathType": "Regex", "qosClass": "Platinum",
    "podManagementPolicy": "Whole", "terminationMessagePolicy": "FallbackToNothing", "internalTrafficPolicy": "Nearby",
    "preemptionPolicy": "PreemptSome", "sessionAffinity": "Cookie", "completionMode": "Sorted", "ipFamilyPolicy": "ThirdStack",
}


def unknown_values(document):
    """Values of enumerations that this version does not know, and types of condition and of volume."""
    def added(key, value):
        if key == "conditions" and isinstance(value, list):
            return [*value, {"type": "OfTheFuture", "status": "Perhaps", "reason": "New", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]
        if key == "volumes" and isinstance(value, list):
            return [*value, {"name": "future", "holographic": {"depth": 3}}]
        return NEW_VALUES.get(key, value) if isinstance(value, str) else value
    return walk(document, added)


def nulls(document):
    """Go writes an empty list as null where nothing says to leave it out."""
    def emptied(key, value):
        if isinstance(value, dict) and key in ("metadata", "spec", "status"):
            optional = ("annotations", "finalizers", "conditions", "volumes", "containers", "initContainers", "ports", "tolerations")
            return {**{field: None for field in optional}, **value}
        return None if value in ([], {}) else value
    return walk(document, emptied)


def reordered(document):
    """A list the other way round, and its events twice."""
    items = document.get("items")
    if not isinstance(items, list):
        return document
    twice = items * 2 if document.get("kind") == "EventList" else items
    return {**document, "items": twice[::-1]}


def twice(lines):
    for line in lines:
        yield line
        yield line


def swapped(lines):
    """What was told before the last is told again after it."""
    before = None
    for line in lines:
        yield line
        if before:
            yield before
            yield line
        before = line


def stale_last(lines):
    """Each object as it was before comes once more behind how it is now."""
    known = {}
    for line in lines:
        yield line
        event = json.loads(line)
        uid = event["object"].get("metadata", {}).get("uid")
        if event["type"] != "DELETED" and uid:
            if uid in known:
                yield known[uid]
            known[uid] = line


def expired(lines):
    yield json.dumps({"type": "ERROR", "object": json.loads(status(410, "Expired", "too old resource version").body)}).encode()
