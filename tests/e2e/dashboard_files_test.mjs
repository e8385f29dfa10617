// The dashboard's files as a browser gets them from the binary.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { Server } from "./support/server.mjs";

const kFirstLoadMaxBytes = 180_000;
const types = { js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml" };

let server;
before(async () => {
  server = await Server.start();
});
after(() => server?.dispose());

const get = (path, headers = {}, method = "GET") => server.call(method, path, undefined, { key: "", headers, check: false });
const plain = new Map();
/// The text of a file, asked for once.
async function text(path) {
  if (!plain.has(path)) plain.set(path, (await get(path)).text);
  return plain.get(path);
}
/// Every asset that the page or another asset names, all the way down; follows: which names of a text to go after.
async function closure(follows) {
  const found = new Set();
  const look = async (content) => {
    for (const name of follows(content)) {
      const path = `/assets/${name}`;
      if (found.has(path)) continue;
      found.add(path);
      if (path.endsWith(".js")) await look(await text(path));
    }
  };
  await look(await text("/"));
  return [...found];
}
const names = (content, pattern) => [...content.matchAll(pattern)].map((match) => match[1]);

test("the_page_is_checked_each_time_and_allows_nothing_inline", async () => {
  const page = await get("/");
  assert.equal(page.status, 200);
  assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
  assert.equal(page.headers["cache-control"], "no-cache");
  assert.equal(page.headers["x-content-type-options"], "nosniff");
  const policy = page.headers["content-security-policy"];
  for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) assert.ok(policy.split("; ").includes(rule), policy);
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.doesNotMatch(page.text, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/);
  const again = await get("/", { "if-none-match": page.headers.etag });
  assert.equal(again.status, 304);
  assert.equal(again.headers["content-length"], undefined);
  assert.equal((await get("/webhooks/whk_1?tab=secret")).text, page.text, "the page's router knows the paths");
});

test("every_file_that_the_page_names_is_there_with_its_type_and_is_kept", async () => {
  const paths = await closure((content) => names(content, /[/"'`]([\w-]+-[\w-]{8}\.(?:js|css|svg))["'`]/g));
  assert.ok(paths.length > 20, `${paths.length} files`);
  assert.ok(paths.some((path) => path.endsWith(".css")) && paths.some((path) => path.endsWith(".svg")));
  for (const path of paths) {
    const head = await get(path, { "accept-encoding": "br" }, "HEAD");
    assert.equal(head.status, 200, path);
    assert.equal(head.headers["content-type"], types[path.split(".").at(-1)], path);
    assert.equal(head.headers["cache-control"], "public, max-age=31536000, immutable");
    assert.ok(Number(head.headers["content-length"]) > 0 && head.bytes.length === 0);
  }
  assert.equal((await get("/assets/index-00000000.js")).status, 404);
});

test("one_file_in_three_encodings_is_the_same_and_brotli_is_the_smallest", async () => {
  const [script] = names(await text("/"), /src="(\/assets\/index-[^"]+)"/g);
  const [whole, gzip, brotli] = await Promise.all(["identity", "gzip", "gzip, deflate, br"].map((coding) => get(script, { "accept-encoding": coding })));
  assert.deepEqual([whole, gzip, brotli].map((answer) => answer.headers["content-encoding"]), [undefined, "gzip", "br"]);
  assert.ok(gunzipSync(gzip.bytes).equals(whole.bytes) && brotliDecompressSync(brotli.bytes).equals(whole.bytes));
  assert.ok(brotli.bytes.length < gzip.bytes.length && gzip.bytes.length < whole.bytes.length / 2);
  assert.equal(new Set([whole, gzip, brotli].map((answer) => answer.headers.etag)).size, 3);
  for (const answer of [whole, gzip, brotli]) assert.equal(answer.headers.vary, "accept-encoding");
});

test("the_first_load_of_javascript_is_small", async () => {
  const first = /src="\/assets\/([\w.-]+\.js)"|href="\/assets\/([\w.-]+\.js)"|(?:from|import)\s*"\.\/([\w.-]+\.js)"/g;
  const paths = await closure((content) => [...content.matchAll(first)].map((match) => match[1] ?? match[2] ?? match[3]));
  let total = 0;
  for (const path of paths) total += Number((await get(path, { "accept-encoding": "gzip" }, "HEAD")).headers["content-length"]);
  assert.ok(paths.length >= 2 && total > 10_000, `${paths}`);
  assert.ok(total <= kFirstLoadMaxBytes, `${total} bytes: ${paths}`);
});

test("what_was_there_before_the_dashboard_is_there", async () => {
  for (const path of ["/healthz", "/readyz", "/openapi.json"]) {
    assert.equal((await get(path)).headers["content-type"], "application/json", path);
  }
  assert.match((await get("/metrics")).text, /^# HELP/);
  for (const [path, key, status] of [["/api", "", 404], ["/api/nowhere", "", 401], ["/api/nowhere", server.key, 404]]) {
    const answer = await server.call("GET", path, undefined, { key, check: false });
    assert.equal(answer.status, status, path);
    assert.equal(answer.headers["content-type"], "application/problem+json");
  }
  assert.equal((await get("/", {}, "POST")).status, 405);
});
