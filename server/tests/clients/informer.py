"""The official Python client against a server: requests, patches, a watch, an informer's loop.

Prints one line per step; ends with 0 when everything was as it should be.
"""

import threading
import time

from kubernetes import client, config, stream, watch
from kubernetes.client.rest import ApiException

NAMESPACE = "default"


def until(what, probe):
    for _ in range(600):
        if probe():
            return
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come")


def inform(core, store, stop):
    """What an informer does: list, then watch from there, and again when the watch has ended."""
    while not stop.is_set():
        listed = core.list_namespaced_pod(NAMESPACE, label_selector="app=py")
        store.clear()
        store.update({pod.metadata.name: pod for pod in listed.items})
        watcher = watch.Watch()
        for event in watcher.stream(
            core.list_namespaced_pod,
            NAMESPACE,
            label_selector="app=py",
            resource_version=listed.metadata.resource_version,
            timeout_seconds=2,
        ):
            pod = event["object"]
            if event["type"] == "DELETED":
                store.pop(pod.metadata.name, None)
            else:
                store[pod.metadata.name] = pod
            if stop.is_set():
                watcher.stop()


def main():
    config.load_kube_config()
    core, apps = client.CoreV1Api(), client.AppsV1Api()

    assert client.VersionApi().get_code().git_version.startswith("v1.36")
    assert len(core.list_node().items) == 2
    print("nodes are listed")

    store, stop = {}, threading.Event()
    informer = threading.Thread(target=inform, args=(core, store, stop), daemon=True)
    informer.start()

    labels = {"app": "py"}
    container = client.V1Container(name="c", image="nginx")
    apps.create_namespaced_deployment(
        NAMESPACE,
        client.V1Deployment(
            metadata=client.V1ObjectMeta(name="py"),
            spec=client.V1DeploymentSpec(
                replicas=2,
                selector=client.V1LabelSelector(match_labels=labels),
                template=client.V1PodTemplateSpec(
                    metadata=client.V1ObjectMeta(labels=labels),
                    spec=client.V1PodSpec(containers=[container]),
                ),
            ),
        ),
    )
    ready = lambda: apps.read_namespaced_deployment("py", NAMESPACE).status.ready_replicas == 2
    until("ready pods", ready)
    until("the informer's pods", lambda: len(store) == 2)
    print("an informer follows pods")

    apps.patch_namespaced_deployment_scale("py", NAMESPACE, {"spec": {"replicas": 1}})
    until("a pod's end", lambda: len(store) == 1)
    print("a patch is seen")

    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="py"), data={"a": "b"})
    core.create_namespaced_config_map(NAMESPACE, body)
    assert core.read_namespaced_config_map("py", NAMESPACE).data == {"a": "b"}
    try:
        core.create_namespaced_config_map(NAMESPACE, body)
        raise AssertionError("a second one was let in")
    except ApiException as refused:
        assert refused.status == 409, refused
    core.delete_namespaced_config_map("py", NAMESPACE)
    try:
        core.read_namespaced_config_map("py", NAMESPACE)
        raise AssertionError("it is still there")
    except ApiException as gone:
        assert gone.status == 404, gone
    print("objects come and go")

    name = next(iter(store))
    assert isinstance(core.read_namespaced_pod_log(name, NAMESPACE), str)
    print("a log is read")

    def run(command, **options):
        return stream.stream(
            core.connect_get_namespaced_pod_exec, name, NAMESPACE, command=command,
            stdout=True, stderr=True, stdin=options.get("stdin", False), tty=False,
            _preload_content=options.get("whole", True),
        )

    assert run(["echo", "hi"]) == "hi\n"
    failing = run(["sh", "-c", "echo oops >&2; exit 3"], whole=False)
    failing.run_forever(timeout=20)
    assert failing.returncode == 3, failing.returncode
    assert failing.read_stderr() == "oops\n"
    shell = run(["sh"], stdin=True, whole=False)
    shell.write_stdin("echo $((6*7))\n")
    assert shell.readline_stdout(timeout=20) == "42"
    shell.write_stdin("exit 4\n")
    shell.run_forever(timeout=20)
    assert shell.returncode == 4, shell.returncode
    print("commands run in a container")

    stop.set()
    apps.delete_namespaced_deployment("py", NAMESPACE, propagation_policy="Foreground")
    informer.join(timeout=20)
    print("all of it")


main()
