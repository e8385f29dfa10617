// People: the first link, signing in and out, invitations, roles, and that organizations see nothing of each other.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { operations } from "./support/conformance.mjs";
import { accept, cookieOf, firstOwner, firstToken, password, Person, signIn, tokenOf } from "./support/people.mjs";
import { Receiver } from "./support/receiver.mjs";
import { Server } from "./support/server.mjs";
import { until } from "./support/wait.mjs";

let server, receiver, owner;
before(async () => {
  // Addresses are given by the tests, so that one test's attempts do not hold up another's.
  [server, receiver] = await Promise.all([Server.start({ flags: ["--trusted-proxies", "127.0.0.1"] }), Receiver.start()]);
  owner = await firstOwner(server);
});
after(async () => {
  await server?.dispose();
  await receiver?.stop();
});

const open = (method, path, body, options = {}) => server.call(method, path, body, { key: "", ...options });
const from = (address) => ({ headers: { "x-forwarded-for": address } });
const login = (email, secret, options) => open("POST", "/api/auth/login", { email, password: secret }, options);

test("the_first_link_is_printed_until_somebody_has_used_it_and_then_no_more", async () => {
  const first = await Server.start();
  const token = firstToken(first);
  assert.ok(token, first.log);
  await first.stop();
  const second = await Server.start({ dataDir: first.dataDir });
  const newer = firstToken(second);
  assert.ok(newer && newer !== token);
  assert.equal((await second.call("GET", "/api/auth/accept")).status, 405, "a GET does not use it up");
  const body = (n) => ({ token: newer, name: "Ada", password, email: `ada${n}@example.com` });
  const answers = await Promise.all([0, 1, 2, 3].map((n) => second.call("POST", "/api/auth/accept", body(n), { key: "" })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 410, 410, 410], "of four at once one wins");
  for (const used of [token, newer]) {
    const late = await second.call("POST", "/api/auth/accept", { ...body(9), token: used }, { key: "" });
    assert.equal(late.status, 410, "used, or made useless by that");
  }
  const winner = new Person(second, cookieOf(answers.find(({ status }) => status === 201)));
  const { role, organizations } = await winner.me();
  assert.equal(role, "owner");
  assert.equal(organizations.length, 1);
  await second.stop();
  const third = await Server.start({ dataDir: first.dataDir });
  third.ownsDataDir = true;
  assert.equal(firstToken(third), undefined, third.log);
  assert.equal((await winner.me.call(Object.assign(Object.create(winner), { server: third }))).role, "owner", "a restart signs nobody out");
  await third.dispose();
});

test("signing_in_gives_a_cookie_and_says_who_and_where", async () => {
  const answer = await login(owner.email.toUpperCase(), password);
  assert.equal(answer.status, 200);
  const { name, value, attributes } = cookieOf(answer);
  assert.equal(name, "eventrelay");
  assert.ok(!answer.text.includes(value));
  assert.deepEqual([...attributes].sort(), ["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Strict"]);
  assert.equal(answer.json.user.email, owner.email);
  assert.deepEqual(answer.json, await new Person(server, { name, value }).me());
  assert.equal((await open("GET", "/api/auth/me")).status, 401);
  assert.equal((await open("GET", "/api/auth/me", undefined, { headers: { cookie: "eventrelay=made-up" } })).status, 401);
  const byKey = await server.ok("GET", "/api/auth/me");
  assert.deepEqual([byKey.user, byKey.role, byKey.organizations], [null, "admin", []]);
  assert.equal(byKey.organization.id, answer.json.organization.id);
});

test("a_wrong_password_and_an_unknown_account_get_the_same_answer", async () => {
  const wrong = await login(owner.email, "wrong horse battery", from("192.0.2.1"));
  const unknown = await login("nobody@example.com", "wrong horse battery", from("192.0.2.1"));
  assert.deepEqual([wrong.status, unknown.status], [401, 401]);
  assert.equal(wrong.text, unknown.text);
});

test("signing_out_ends_one_session_or_all", async () => {
  const person = await owner.invite("viewer");
  const [second, third] = [await signIn(server, person.email), await signIn(server, person.email)];
  const gone = await second.call("POST", "/api/auth/logout");
  assert.equal(gone.status, 204);
  assert.ok(cookieOf(gone).attributes.includes("Max-Age=0"));
  assert.equal((await second.call("GET", "/api/auth/me")).status, 401);
  assert.equal((await third.call("GET", "/api/auth/me")).status, 200);
  assert.equal((await third.call("POST", "/api/auth/logout", { everywhere: true })).status, 204);
  for (const one of [person, third]) assert.equal((await one.call("GET", "/api/auth/me")).status, 401);
  assert.equal((await open("POST", "/api/auth/logout")).status, 401);
});

test("a_new_password_ends_the_other_sessions", async () => {
  const person = await owner.invite("viewer");
  const other = await signIn(server, person.email);
  const change = (current, next) => person.call("POST", "/api/auth/password", { current_password: current, new_password: next });
  assert.equal((await change("wrong horse battery", "a newer password")).status, 422);
  assert.equal((await change(password, "too short")).status, 422);
  assert.equal((await change(password, "a newer password")).status, 200);
  assert.equal((await person.call("GET", "/api/auth/me")).status, 200);
  assert.equal((await other.call("GET", "/api/auth/me")).status, 401);
  assert.equal((await login(person.email, password)).status, 401);
  await signIn(server, person.email, "a newer password");
});

test("guessing_is_held_up_for_that_account_from_that_address", async () => {
  const person = await owner.invite("viewer");
  const here = from("192.0.2.10");
  for (let n = 0; n < 5; n++) assert.equal((await login(person.email, "wrong horse battery", here)).status, 401);
  const held = await login(person.email, password, here);
  assert.equal(held.status, 429, "the right one too");
  const wait = Number(held.headers["retry-after"]);
  assert.ok(wait >= 1 && wait <= 30, String(wait));
  assert.equal((await login(person.email, password, from("192.0.2.11"))).status, 200, "not from elsewhere");
  assert.equal((await login(person.email, password, from("192.0.2.10, 192.0.2.12"))).status, 200, "what a client adds does not count");
  assert.equal((await login("other@example.com", password, here)).status, 401, "nor another account");
  await new Promise((resolve) => setTimeout(resolve, wait * 1_000 + 50));
  assert.equal((await login(person.email, password, here)).status, 200);
});

test("an_address_is_held_up_for_all_accounts", async () => {
  const here = from("192.0.2.20");
  // Begun together: the first wait is a second, and 60 passwords take longer to hash.
  const tries = await Promise.all(Array.from({ length: 61 }, (_, n) => login(`guess${n}@example.com`, "wrong horse battery", here)));
  assert.deepEqual(tries.map(({ status }) => status).sort(), [...Array(60).fill(401), 429]);
});

test("an_account_is_held_up_but_not_where_it_was_signed_in_from", async () => {
  const person = await owner.invite("viewer");
  const known = await signIn(server, person.email, password, from("192.0.2.30"));
  assert.equal((await known.call("POST", "/api/auth/logout")).status, 204);
  const tries = Array.from({ length: 61 }, (_, n) => login(person.email, "wrong horse battery", from(`198.51.100.${n}`)));
  const there = login(person.email, password, from("192.0.2.30"));
  assert.deepEqual((await Promise.all(tries)).map(({ status }) => status).sort(), [...Array(60).fill(401), 429]);
  assert.equal((await there).status, 200);
});

test("a_link_that_is_guessed_at_is_held_up", async () => {
  const body = { token: "made-up", name: "Eve", password };
  for (let n = 0; n < 5; n++) assert.equal((await open("POST", "/api/auth/accept", body, from("192.0.2.40"))).status, 410);
  assert.equal((await open("POST", "/api/auth/accept", body, from("192.0.2.40"))).status, 429);
});

test("an_invitation_is_accepted_once_by_an_account_that_it_makes", async () => {
  const made = await owner.ok("POST", "/api/invitations", { email: "New@Example.com", role: "developer" });
  assert.match(made.url, new RegExp(`^${server.origin}/accept#token=[A-Za-z0-9_-]{43}$`));
  assert.ok(Math.abs(new Date(made.expires_at) - Date.now() - 7 * 86_400_000) < 60_000);
  const listed = (await owner.ok("GET", "/api/invitations")).data.find(({ id }) => id === made.id);
  assert.deepEqual([listed.email, listed.role, listed.expires_at], ["new@example.com", "developer", made.expires_at]);
  const body = { token: tokenOf(made.url), name: "Newton", password };
  assert.equal((await open("POST", "/api/auth/accept", { ...body, password: "short" })).status, 422);
  assert.equal((await open("POST", "/api/auth/accept", { ...body, email: "eve@example.com" })).status, 422);
  const person = await accept(server, body);
  const { user, role } = await person.me();
  assert.deepEqual([user.email, user.name, role], ["new@example.com", "Newton", "developer"]);
  assert.equal((await open("POST", "/api/auth/accept", body)).status, 410);
  assert.ok((await owner.ok("GET", "/api/users?limit=250")).data.some(({ id }) => id === user.id));
  assert.ok(!(await owner.ok("GET", "/api/invitations")).data.some(({ id }) => id === made.id));
});

test("somebody_with_an_account_accepts_by_signing_in", async () => {
  const other = await Promise.all(["developer", "viewer"].map((role) => owner.invite(role)));
  const { id } = await owner.ok("POST", "/api/organizations", { name: "Second" });
  await owner.ok("POST", "/api/auth/organization", { organization_id: id });
  const known = await owner.ok("POST", "/api/invitations", { email: other[0].email, role: "admin" });
  const unknown = await owner.ok("POST", "/api/invitations", { email: "unknown@example.com", role: "admin" });
  assert.deepEqual(Object.keys(known), Object.keys(unknown), "nobody learns who has an account");
  const token = tokenOf(known.url);
  assert.equal((await open("POST", "/api/auth/accept", { token, name: "Eve", password: "another password" })).status, 409);
  assert.equal((await other[1].call("POST", "/api/auth/accept", { token })).status, 409, "it is for somebody else");
  const answer = await other[0].call("POST", "/api/auth/accept", { token });
  assert.equal(answer.status, 201, answer.text);
  const joined = new Person(server, cookieOf(answer));
  const me = await joined.me();
  assert.deepEqual([me.organization.id, me.role], [id, "admin"]);
  assert.deepEqual(me.organizations.map((one) => one.role), ["developer", "admin"]);
  assert.equal((await joined.call("POST", "/api/auth/accept", { token })).status, 410);
  await owner.ok("POST", "/api/auth/organization", { organization_id: (await owner.me()).organizations[0].id });
});

test("a_withdrawn_invitation_is_gone", async () => {
  const { id, url } = await owner.ok("POST", "/api/invitations", { email: "late@example.com", role: "viewer" });
  assert.equal((await owner.call("DELETE", `/api/invitations/${id}`)).status, 204);
  assert.equal((await owner.call("DELETE", `/api/invitations/${id}`)).status, 404);
  assert.equal((await open("POST", "/api/auth/accept", { token: tokenOf(url), name: "Late", password })).status, 410);
});

test("a_viewer_changes_nothing", async () => {
  const viewer = await owner.invite("viewer");
  // What is theirs to do, and what only computes.
  const own = new Set(["POST /api/auth/login", "POST /api/auth/accept", "POST /api/auth/logout", "POST /api/auth/password",
                       "POST /api/auth/organization", "POST /api/organizations"]);
  const changes = operations.filter((name) => !name.startsWith("GET") && name.includes("/api/") && !own.has(name));
  assert.ok(changes.length > 15, changes.join());
  for (const name of changes) {
    const [method, path] = name.split(" ");
    const answer = await viewer.call(method, path.replace("{id}", "whk_0000000000001"), method === "DELETE" ? undefined : {});
    assert.equal(answer.status, 403, `${name} -> ${answer.text}`);
  }
  for (const path of ["keys", "invitations", "audit", "settings"]) assert.equal((await viewer.call("GET", `/api/${path}`)).status, 403, path);
  for (const path of ["events", "webhooks", "deliveries", "dlq", "jobs", "metrics", "users"]) await viewer.ok("GET", `/api/${path}`);
  assert.equal((await viewer.ok("POST", "/api/dlq/replay", { dry_run: true })).job_id, null);
});

test("a_developer_works_with_webhooks_and_an_admin_with_people", async () => {
  const [developer, admin] = [await owner.invite("developer"), await owner.invite("admin")];
  const hook = await developer.ok("POST", "/api/webhooks", { url: receiver.url("/dev"), event_types: ["dev.t"] });
  assert.ok((await developer.ok("GET", `/api/webhooks/${hook.id}/secret`)).secret);
  const event = await developer.ok("POST", "/api/events", { type: "dev.t", payload: 1 });
  await server.delivery(event.id, "succeeded", hook.id);
  await developer.ok("POST", `/api/webhooks/${hook.id}/test`);
  assert.equal((await developer.call("POST", "/api/keys", { scope: "read" })).status, 403);
  assert.equal((await developer.call("POST", "/api/invitations", { email: "a@example.com", role: "viewer" })).status, 403);
  const key = await admin.ok("POST", "/api/keys", { name: "by an admin", scope: "read" });
  assert.equal((await admin.call("DELETE", `/api/keys/${key.id}`)).status, 204);
  assert.equal((await admin.call("PATCH", `/api/organizations/${(await admin.me()).organization.id}`, { name: "Mine" })).status, 403);
  assert.equal((await developer.call("DELETE", `/api/webhooks/${hook.id}`)).status, 204);
});

test("owners_are_the_affair_of_owners_and_the_last_one_stays", async () => {
  const { id } = await owner.ok("POST", "/api/organizations", { name: "Owned" });
  const boss = await signIn(server, owner.email);
  await boss.ok("POST", "/api/auth/organization", { organization_id: id });
  const admin = await boss.invite("admin");
  const [bossId, adminId] = [(await boss.me()).user.id, (await admin.me()).user.id];
  assert.equal((await admin.call("POST", "/api/invitations", { email: "o@example.com", role: "owner" })).status, 403);
  for (const role of ["owner", "viewer"]) {
    assert.equal((await admin.call("PATCH", `/api/users/${bossId}`, { role })).status, 403, role);
  }
  assert.equal((await admin.call("PATCH", `/api/users/${adminId}`, { role: "owner" })).status, 403);
  assert.equal((await admin.call("DELETE", `/api/users/${bossId}`)).status, 403);
  assert.equal((await boss.call("PATCH", `/api/users/${bossId}`, { role: "admin" })).status, 409);
  assert.equal((await boss.call("DELETE", `/api/users/${bossId}`)).status, 409);
  assert.equal((await boss.ok("PATCH", `/api/users/${adminId}`, { role: "owner" })).role, "owner");
  assert.equal((await admin.me()).role, "owner", "in force with the next request");
  assert.equal((await admin.ok("PATCH", `/api/organizations/${id}`, { name: "Renamed" })).name, "Renamed");
  assert.equal((await boss.call("DELETE", `/api/users/${bossId}`)).status, 204, "who is not the last may leave");
  const left = await boss.me();
  assert.ok(left.organization.id !== id && left.organizations.every((one) => one.id !== id), "their session is elsewhere");
  assert.equal((await admin.call("PATCH", `/api/users/${bossId}`, { role: "viewer" })).status, 404);
});

test("who_is_taken_out_is_out_at_once_and_keys_are_never_owners", async () => {
  const viewer = await owner.invite("viewer");
  const { id } = (await viewer.me()).user;
  assert.equal((await server.call("PATCH", `/api/users/${id}`, { role: "owner" })).status, 403);
  assert.equal((await server.ok("PATCH", `/api/users/${id}`, { role: "developer" })).role, "developer");
  for (const path of ["logout", "password", "organization"]) {
    assert.equal((await server.call("POST", `/api/auth/${path}`, {})).status, 403, path);
  }
  assert.equal((await server.call("POST", "/api/organizations", { name: "A key's" })).status, 403);
  assert.equal((await server.call("DELETE", `/api/users/${id}`)).status, 204);
  assert.equal((await viewer.call("GET", "/api/events")).status, 401, "there is nowhere else");
  assert.equal((await login(viewer.email, password, from("192.0.2.50"))).status, 401, "nor an account");
  const { url } = await owner.ok("POST", "/api/invitations", { email: viewer.email, role: "viewer" });
  const again = await accept(server, { token: tokenOf(url), name: "Back again", password: "another long password" });
  assert.equal((await again.me()).role, "viewer");
});

test("another_organization_sees_nothing", async () => {
  const dead = receiver.url("/sees-nothing");
  receiver.on("/sees-nothing", (response) => response.writeHead(500).end());
  const hook = await owner.ok("POST", "/api/webhooks", { url: dead, event_types: ["secret.*"], retry: { max_attempts: 1 } });
  const events = [];
  for (let n = 0; n < 3; n++) events.push(await owner.ok("POST", "/api/events", { type: "secret.t", tenant: "acme", payload: n }));
  const deliveries = [];
  for (const { id } of events) deliveries.push(await server.delivery(id, "dead", hook.id));
  const { job_id } = await owner.ok("POST", "/api/dlq/purge", { event_id: events[0].id });
  await server.job(job_id);
  const key = await owner.ok("POST", "/api/keys", { name: "of the first", scope: "read" });
  const invited = await owner.ok("POST", "/api/invitations", { email: "there@example.com", role: "viewer" });
  const self = await owner.me();

  const { id: elsewhere } = await owner.ok("POST", "/api/organizations", { name: "Elsewhere" });
  const stranger = await signIn(server, owner.email);
  await stranger.ok("POST", "/api/auth/organization", { organization_id: elsewhere });
  const boss = await stranger.invite("owner");
  const bossId = (await boss.me()).user.id;

  for (const list of ["events", "webhooks", "deliveries", "dlq", "jobs", "keys"]) {
    assert.deepEqual((await boss.ok("GET", `/api/${list}`)).data, [], list);
  }
  const filters = [`deliveries?webhook_id=${hook.id}`, `deliveries?event_id=${events[0].id}`, `dlq?webhook_id=${hook.id}`,
                   "events?tenant=acme", "events?type=secret.t", `events?q=${events[0].id}`, `events?q=${deliveries[0].id}`];
  for (const filter of filters) assert.deepEqual((await boss.ok("GET", `/api/${filter}`)).data, [], filter);
  const { totals, pending, dlq } = await boss.ok("GET", "/api/metrics");
  assert.deepEqual([...new Set([...Object.values(totals), pending, dlq])], [0]);
  assert.equal((await boss.ok("POST", "/api/dlq/replay", { dry_run: true })).count, 0);
  assert.deepEqual((await boss.ok("GET", "/api/invitations")).data, []);
  assert.ok(!(await boss.ok("GET", "/api/users")).data.some(({ email }) => ![owner.email, boss.email].includes(email)));
  assert.ok(!JSON.stringify(await boss.ok("GET", "/api/audit?limit=250")).includes(hook.id));

  const objects = [["GET", `events/${events[0].id}`], ["POST", `events/${events[0].id}/replay`], ["GET", `webhooks/${hook.id}`],
                   ["PATCH", `webhooks/${hook.id}`, { description: "x" }], ["DELETE", `webhooks/${hook.id}`],
                   ["GET", `webhooks/${hook.id}/secret`], ["POST", `webhooks/${hook.id}/rotate-secret`],
                   ["POST", `webhooks/${hook.id}/test`], ["GET", `deliveries/${deliveries[1].id}`],
                   ["POST", `deliveries/${deliveries[1].id}/retry`], ["POST", `deliveries/${deliveries[1].id}/cancel`],
                   ["POST", `dlq/${deliveries[1].id}/replay`], ["DELETE", `dlq/${deliveries[1].id}`], ["GET", `jobs/${job_id}`],
                   ["POST", `jobs/${job_id}/cancel`], ["DELETE", `keys/${key.id}`], ["DELETE", `invitations/${invited.id}`],
                   ["PATCH", `organizations/${self.organization.id}`, { name: "Mine now" }]];
  const unknown = (path) => path.replace(/_[0-9a-z]{13}/, "_0000000000002");
  for (const [method, path, body] of objects) {
    const theirs = await boss.call(method, `/api/${path}`, body);
    const nobodys = await boss.call(method, `/api/${unknown(path)}`, body);
    assert.equal(theirs.status, 404, `${method} ${path}`);
    assert.equal(theirs.text, nobodys.text, `${method} ${path}: told apart from what there is not`);
  }
  const member = (await owner.ok("GET", "/api/users?limit=250")).data.find(({ role, id }) => role !== "owner" && id !== bossId);
  assert.equal((await boss.call("PATCH", `/api/users/${member.id}`, { role: "viewer" })).status, 404);
  assert.equal((await boss.call("DELETE", `/api/users/${member.id}`)).status, 404);
  assert.equal((await boss.call("POST", "/api/auth/organization", { organization_id: self.organization.id })).status, 404);

  const mine = await boss.ok("POST", "/api/events", { type: "secret.t", payload: 1 });
  assert.equal(mine.deliveries, 0, "another organization's webhook does not match");
  const replay = await boss.call("POST", `/api/events/${mine.id}/replay`, { webhook_ids: [hook.id] });
  assert.equal(replay.status, 422);
  assert.equal(replay.json.errors[0].path, "webhook_ids[0]");
  const { next_cursor } = await owner.ok("GET", "/api/events?limit=1");
  assert.equal((await owner.call("GET", `/api/events?limit=1&cursor=${next_cursor}`)).status, 200);
  assert.equal((await boss.call("GET", `/api/events?limit=1&cursor=${next_cursor}`)).status, 400);
  assert.equal((await boss.call("PATCH", "/api/settings", { retention_days: 1 })).status, 403);

  // And a key of that organization is of that one.
  const made = await boss.ok("POST", "/api/keys", { name: "of the other", scope: "admin" });
  assert.deepEqual((await server.ok("GET", "/api/webhooks", undefined, { key: made.key })).data, []);
  assert.equal((await server.ok("GET", "/api/auth/me", undefined, { key: made.key })).organization.id, elsewhere);
  await owner.call("DELETE", `/api/webhooks/${hook.id}`);
});

test("what_was_done_is_in_the_log_with_who_and_from_where", async () => {
  const { id } = await owner.ok("POST", "/api/organizations", { name: "Logged" });
  const boss = await signIn(server, owner.email);
  await boss.ok("POST", "/api/auth/organization", { organization_id: id });
  const here = from("192.0.2.60");
  const hook = await boss.ok("POST", "/api/webhooks", { url: "http://127.0.0.1:9/", event_types: ["*"] }, here);
  await boss.ok("GET", `/api/webhooks/${hook.id}/secret`, undefined, here);
  await boss.ok("POST", `/api/webhooks/${hook.id}/rotate-secret`, undefined, here);
  await boss.ok("POST", `/api/webhooks/${hook.id}/test`, undefined, here);
  const key = await boss.ok("POST", "/api/keys", { name: "k", scope: "admin" }, here);
  await server.ok("PATCH", `/api/webhooks/${hook.id}`, { description: "by a key" }, { key: key.key, ...here });
  assert.equal((await boss.call("PATCH", `/api/webhooks/${hook.id}`, { url: "nonsense" }, here)).status, 422);
  const viewer = await boss.invite("viewer");
  const { id: viewerId } = (await viewer.me()).user;
  await boss.ok("PATCH", `/api/users/${viewerId}`, { role: "developer" }, here);
  const { data } = await boss.ok("GET", "/api/audit");
  const rows = data.map(({ actor, action, target }) => [actor, action, target]);
  const by = owner.email;
  const expected = [[by, "user.role", viewerId], [viewer.email, "user.join", viewerId], [key.id, "webhook.update", hook.id],
                    [by, "key.create", key.id], [by, "webhook.test", hook.id], [by, "webhook.rotate_secret", hook.id],
                    [by, "webhook.reveal_secret", hook.id], [by, "webhook.create", hook.id], [by, "organization.create", id]];
  assert.deepEqual(rows.filter(([, action]) => action !== "invitation.create"), expected, "newest first, and nothing of what was refused");
  assert.deepEqual([...new Set(data.filter(({ action }) => /webhook|key|role/.test(action)).map(({ address }) => address))], ["192.0.2.60"]);
  const page = await boss.ok("GET", "/api/audit?limit=2");
  assert.deepEqual((await boss.ok("GET", `/api/audit?limit=2&cursor=${page.next_cursor}`)).data[0].id, data[2].id);
});

test("settings_say_what_it_runs_on_and_are_kept", async () => {
  const before = await owner.ok("GET", "/api/settings");
  assert.equal(before.retention_days, 0);
  await until("one worker has all the work", async () => {
    const { workers } = (await owner.ok("GET", "/api/settings")).system;
    return workers.length === 1 && workers[0].partitions === 256;
  });
  assert.equal((await owner.ok("PATCH", "/api/settings", { retention_days: 30 })).retention_days, 30);
  assert.equal((await server.ok("GET", "/api/settings")).retention_days, 30, "by a key");
  for (const body of [{ retention_days: -1 }, { retention_days: 3651 }, { retention_days: "x" }, {}, { colour: 1 }]) {
    assert.equal((await owner.call("PATCH", "/api/settings", body)).status, 422, JSON.stringify(body));
  }
  await owner.ok("PATCH", "/api/settings", { retention_days: 0 });
});

test("pages_of_other_sites_change_nothing", async () => {
  const change = (headers, body = { name: "x", scope: "read" }) => owner.call("POST", "/api/keys", body, { headers });
  assert.equal((await change({ origin: server.origin, "sec-fetch-site": "same-origin" })).status, 201);
  assert.equal((await change({ "sec-fetch-site": "none" })).status, 201);
  for (const headers of [{ "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }, { origin: "https://evil.example" },
                         { origin: "null" }, { origin: "http://127.0.0.1:1" }]) {
    assert.equal((await change(headers)).status, 403, JSON.stringify(headers));
    const signing = await open("POST", "/api/auth/login", { email: owner.email, password }, { headers });
    assert.equal(signing.status, 403, JSON.stringify(headers));
    const byKey = await server.call("POST", "/api/events", { type: "a", payload: 1 }, { headers });
    assert.equal(byKey.status, 202, "a key is sent by who has it");
    assert.equal((await owner.call("GET", "/api/keys", undefined, { headers })).status, 200);
  }
  assert.equal((await change({ "content-type": "text/plain" })).status, 415);
  const preflight = await open("OPTIONS", "/api/keys", undefined, { headers: { origin: "https://evil.example" }, check: false });
  assert.equal(preflight.headers["access-control-allow-origin"], undefined);
});

test("a_public_url_makes_the_cookie_secure_and_is_in_every_link", async () => {
  const far = await Server.start({ listen: "0.0.0.0:0", flags: ["--public-url", "https://hooks.example.com/"] });
  assert.match(far.log, /https:\/\/hooks\.example\.com\/accept#token=/);
  const answer = await far.call("POST", "/api/auth/accept",
                                { token: firstToken(far), name: "Ada", password, email: "ada@example.com" },
                                { key: "", headers: { origin: "https://hooks.example.com" } });
  assert.equal(answer.status, 201, answer.text);
  const cookie = cookieOf(answer);
  assert.equal(cookie.name, "__Host-eventrelay");
  assert.ok(cookie.attributes.includes("Secure") && cookie.attributes.includes("Path=/"));
  const ada = new Person(far, cookie);
  assert.equal((await ada.me()).role, "owner");
  const { url } = await ada.ok("POST", "/api/invitations", { email: "b@example.com", role: "viewer" });
  assert.ok(url.startsWith("https://hooks.example.com/accept#token="), url);
  const own = await ada.call("POST", "/api/keys", { scope: "read" }, { headers: { origin: far.origin } });
  assert.equal(own.status, 403, "the public URL alone says which origin is ours");
  const plain = new Person(far, { name: "eventrelay", value: cookie.value });
  assert.equal((await plain.call("GET", "/api/auth/me")).status, 401, "a neighbour could have set that one");
  await far.dispose();
});

test("on_a_network_without_a_public_url_nobody_signs_in", async () => {
  const far = await Server.start({ listen: "0.0.0.0:0" });
  assert.equal(firstToken(far), undefined, far.log);
  const answers = [await far.call("POST", "/api/auth/login", { email: "a@example.com", password }, { key: "" }),
                   await far.call("POST", "/api/auth/accept", { token: "t", name: "A", password }, { key: "" })];
  for (const answer of answers) {
    assert.equal(answer.status, 403);
    assert.match(answer.json.detail, /--public-url/);
  }
  assert.equal((await far.ok("GET", "/api/auth/me")).role, "admin", "keys work");
  await far.stop();
  // And by a listener on loopback it goes on.
  const near = await Server.start({ dataDir: far.dataDir });
  near.ownsDataDir = true;
  await firstOwner(near);
  await near.dispose();
});
