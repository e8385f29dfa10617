// Every page with much in it, in both themes, wide and narrow: nothing serious found by axe, nothing wider than the
// window, nothing in the console; and a picture of each in build/screenshots.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { narrow, openPage, overflow, picture, seriousFindings, settled, themes, wide } from "../support/browser.mjs";
import { accept, firstToken, password } from "../support/people.mjs";
import { Server } from "../support/server.mjs";
import { until } from "../support/wait.mjs";

const eachMs = 150_000;
const receiver = (id) => `http://receiver.eventrelay.internal/${id}`;
const webhooks = [
  { url: receiver("orders"), event_types: ["order.*"], description: "Order desk", headers: { authorization: "Bearer 4f1c" } },
  { url: receiver("billing"), event_types: ["invoice.*", "subscription.*"], description: "Billing", ordered: true },
  { url: receiver("crm"), event_types: ["customer.*"], description: "CRM sync", retry: { schedule_ms: [150] } },
  { url: receiver("warehouse"), event_types: ["order.paid", "order.shipped"], description: "Warehouse", tenant: "acme" },
  { url: "https://hooks.northwind.invalid/in/events", event_types: ["invoice.overdue"], description: "Reminders", retry: { schedule_ms: [150] } },
  { url: receiver("audit"), event_types: ["*"], description: "Archive" },
];
const types = ["order.created", "order.paid", "order.shipped", "invoice.created", "invoice.overdue", "customer.updated", "customer.created", "subscription.renewed",
  "order.created", "order.paid", "order.shipped", "invoice.created", "subscription.renewed", "order.created", "invoice.paid", "order.returned"];
const tenants = ["acme", "globex", "initech", null];
const events = 2_000;
const batch = 100;
/// More are not sent before these are on their way: a rate as a server has it, not a burst.
const pendingMost = 50;
/// What keeps coming while the pictures are taken.
const everyMs = 1_000;
const each = 20;

let server, owner, pages, traffic;
before(async () => {
  server = await Server.start();
  owner = await accept(server, { token: firstToken(server), name: "Ada Lindqvist", password, email: "ada@northwind.example" });
  await owner.ok("PATCH", `/api/organizations/${(await owner.me()).organization.id}`, { name: "Northwind" });
  const made = [];
  for (const webhook of webhooks) made.push(await owner.ok("POST", "/api/webhooks", webhook));
  await withHistory();
  const receives = await owner.call("POST", "/api/receiver/crm", { status: 503 });
  assert.ok(receives.status < 300, receives.text);
  for (let from = 0; from < events; from += batch) {
    await owner.ok("POST", "/api/events/batch", Array.from({ length: batch }, (_, n) => eventOf(from + n)));
    await until("few are pending", async () => (await owner.ok("GET", "/api/metrics")).pending < pendingMost, 20_000);
  }
  const first = await owner.ok("POST", "/api/events", eventOf(0));
  await until("some are dead and the rest is done", async () => {
    const { dlq, pending } = await owner.ok("GET", "/api/metrics");
    return dlq > 150 && pending === 0;
  }, 90_000);
  for (const role of ["admin", "developer", "viewer"]) await owner.invite(role, `${role}@northwind.example`);
  await owner.ok("POST", "/api/invitations", { email: "lars@northwind.example", role: "developer" });
  for (const [name, scope] of [["shop backend", "publish"], ["grafana", "read"]]) await owner.ok("POST", "/api/keys", { name, scope });
  const [dead] = (await owner.ok("GET", `/api/dlq?webhook_id=${made[2].id}`)).data;
  const { job_id: job } = await owner.ok("POST", "/api/dlq/replay", { type: "customer.created" });
  await server.job(job, 60_000);
  // One that waits for its next attempt.
  await owner.ok("PATCH", `/api/webhooks/${made[2].id}`, { retry: { schedule_ms: [1_000, 600_000] } });
  const late = await owner.ok("POST", "/api/events", { type: "customer.updated", payload: { id: "cus_1" } });
  const waiting = await until("it waits", async () => {
    const [one] = (await owner.ok("GET", `/api/deliveries?event_id=${late.id}&webhook_id=${made[2].id}`)).data;
    return one?.attempt_count === 2 ? one : undefined;
  }, 20_000);
  await owner.ok("PATCH", `/api/webhooks/${made[3].id}`, { enabled: false });
  pages = {
    overview: "/", events: "/events", event: `/events/${first.id}`, webhooks: "/webhooks", "webhook-new": "/webhooks/new", webhook: `/webhooks/${made[0].id}`, "webhook-failing": `/webhooks/${made[2].id}`,
    "webhook-edit": `/webhooks/${made[1].id}/edit`, deliveries: "/deliveries", "delivery-dead": `/deliveries/${dead.id}`, "delivery-waiting": `/deliveries/${waiting.id}`, "dead-letters": "/dead-letters",
    jobs: "/jobs", job: `/jobs/${job}`, settings: "/settings", "settings-keys": "/settings/keys", "settings-members": "/settings/members", "settings-audit": "/settings/audit", "not-found": "/no/such/page",
  };
  let n = events;
  const send = () => owner.call("POST", "/api/events/batch", Array.from({ length: each }, () => eventOf(n++))).catch(() => {});
  traffic = setInterval(send, everyMs);
}, { timeout: 180_000 });
after(async () => {
  clearInterval(traffic);
  await server?.dispose();
});

function eventOf(n) {
  const type = types[(n * 7 + (n >> 4)) % types.length];
  const payload = { id: `${type.split(".")[0]}_${10_000 + n}`, amount: ((n * 37) % 90_000) / 100, currency: "EUR", customer: { id: `cus_${n % 977}`, email: "jo@example.com", vip: n % 5 === 0 }, items: [{ sku: "TEA-001", quantity: 1 + (n % 3) }, { sku: "MUG-014", quantity: 1, note: "gift wrap, please" }], notes: null };
  return { type, tenant: tenants[n % tenants.length], payload, ...(n % 4 === 0 ? { metadata: { trace_id: `7f3a9c${n}` } } : {}) };
}

/// Charts of a store that is a minute old are empty: SQLite's is given a month.
async function withHistory() {
  await server.stop();
  const file = readdirSync(server.dataDir).find((name) => name.endsWith(".db"));
  execFileSync("python3", [new URL("../support/history.py", import.meta.url).pathname, path.join(server.dataDir, file)]);
  const again = await Server.start({ dataDir: server.dataDir });
  again.ownsDataDir = true;
  Object.assign(owner, { server: again });
  server = again;
}

for (const theme of themes) {
  for (const [name, size] of Object.entries({ wide, narrow })) {
    test(`each_page_is_sound_and_${theme}_and_${name}`, { timeout: eachMs }, async () => {
      const page = await openPage(server, { person: owner, at: null, theme, size });
      const wrong = [];
      for (const [what, at] of Object.entries(pages)) {
        await page.goto(at);
        await settled(page);
        await picture(page, `${what}-${theme}-${name}`);
        wrong.push(...(await seriousFindings(page)).map((line) => `${what}: ${line}`));
        const over = await overflow(page);
        if (over > 0) wrong.push(`${what}: ${over} pixels wider than the window`);
        const background = await page.evaluate(() => document.documentElement.dataset.theme);
        if (background !== theme) wrong.push(`${what}: is ${background}`);
      }
      assert.deepEqual(wrong, []);
      await page.end();
    });
  }
}

test("the_pages_of_who_is_not_signed_in_are_sound_too", { timeout: eachMs }, async () => {
  for (const theme of themes) {
    for (const [name, size] of Object.entries({ wide, narrow })) {
      const page = await openPage(server, { at: null, theme, size });
      for (const [what, at] of [["sign-in", "/sign-in"], ["accept", "/accept#token=0123456789abcdef"]]) {
        await page.goto(at);
        await settled(page);
        await picture(page, `${what}-${theme}-${name}`);
        assert.deepEqual(await seriousFindings(page), [], what);
        assert.ok((await overflow(page)) <= 0, what);
      }
      await page.end();
    }
  }
});

test("the_theme_that_somebody_chose_stays", { timeout: eachMs }, async () => {
  const page = await openPage(server, { person: owner });
  await settled(page);
  await page.getByRole("radio", { name: "Dark" }).or(page.getByRole("button", { name: "Dark" })).first().click();
  await page.reload();
  await settled(page);
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await page.end();
});
