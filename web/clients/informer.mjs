// The official JavaScript client against a server: requests, patches, an informer, a log.
// Prints one line per step; ends with 0 when everything was as it should be.

import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import * as k8s from "@kubernetes/client-node";

const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
const namespace = "default";

const done = (text) => console.log(text);
const until = async (what, probe) => {
  for (let i = 0; i < 600; i += 1) {
    if (await probe()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not come`);
};

const version = await config.makeApiClient(k8s.VersionApi).getCode();
assert.match(version.gitVersion, /^v1\.36/);
done(`version ${version.gitVersion}`);

const nodes = await core.listNode();
assert.equal(nodes.items.length, 2);
done("nodes are listed");

// An informer that sees pods come, change and go.
const seen = { add: 0, update: 0, delete: 0 };
const errors = [];
const selector = "app=js";
const informer = k8s.makeInformer(
  config,
  `/api/v1/namespaces/${namespace}/pods`,
  () => core.listNamespacedPod({ namespace, labelSelector: selector }),
  selector,
);
for (const kind of ["add", "update", "delete"]) informer.on(kind, () => (seen[kind] += 1));
informer.on("error", (error) => errors.push(error));
await informer.start();

const labels = { app: "js" };
await apps.createNamespacedDeployment({
  namespace,
  body: {
    metadata: { name: "js" },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "nginx" }] } },
    },
  },
});
await until("ready pods", async () => {
  const deployment = await apps.readNamespacedDeployment({ namespace, name: "js" });
  return deployment.status.readyReplicas === 2;
});
await until("the informer's pods", () => informer.list(namespace).length === 2);
await until("news of the pods", () => seen.add === 2 && seen.update > 0);
done("an informer follows pods");

const patched = await apps.patchNamespacedDeployment(
  { namespace, name: "js", body: [{ op: "replace", path: "/spec/replicas", value: 1 }] },
  k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.JsonPatch),
);
assert.equal(patched.spec.replicas, 1);
await until("a pod's end", () => seen.delete >= 1 && informer.list(namespace).length === 1);
done("a patch is seen");

const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "js", namespace }, data: { a: "b" } };
const created = await objects.create(map);
assert.equal(created.metadata.name, "js");
assert.equal((await objects.read(map)).data.a, "b");
await assert.rejects(
  core.createNamespacedConfigMap({ namespace, body: map }),
  (error) => error.code === 409 && JSON.parse(error.body).reason === "AlreadyExists",
);
await objects.delete(map);
await assert.rejects(objects.read(map), (error) => error.code === 404);
done("objects come and go");

const [pod] = informer.list(namespace);
const stream = new PassThrough();
stream.resume();
await new k8s.Log(config).log(namespace, pod.metadata.name, "c", stream, { follow: false });
done("a log is read");

/** Runs a command in the pod: both streams, and the status of the error stream. */
async function run(command, stdin = null) {
  const written = { out: "", err: "" };
  const into = (name) => new PassThrough().on("data", (data) => (written[name] += data));
  const exec = new k8s.Exec(config);
  const status = await new Promise((resolve, reject) => {
    exec
      .exec(namespace, pod.metadata.name, "c", command, into("out"), into("err"), stdin, false, resolve)
      .catch(reject);
  });
  return { ...written, status };
}
const hi = await run(["echo", "hi"]);
assert.deepEqual([hi.out, hi.err, hi.status.status], ["hi\n", "", "Success"]);
const failed = await run(["sh", "-c", "echo oops >&2; exit 3"]);
assert.equal(failed.err, "oops\n");
assert.equal(failed.status.reason, "NonZeroExitCode");
assert.equal(failed.status.details.causes[0].message, "3");
const typed = new PassThrough();
typed.write("echo $((6*7))\nexit 4\n");
const shell = await run(["sh"], typed);
assert.equal(shell.out, "42\n");
assert.equal(shell.status.details.causes[0].message, "4");
done("commands run in a container");

// Stopping cuts the watch, which counts as an error.
assert.deepEqual(errors, []);
await informer.stop();
await apps.deleteNamespacedDeployment({ namespace, name: "js", propagationPolicy: "Foreground" });
done("all of it");
process.exit(0);
