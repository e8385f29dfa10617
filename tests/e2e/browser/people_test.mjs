// Roles and organizations, as the pages show them and as the API holds to them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, settled, testMs } from "../support/browser.mjs";
import { firstOwner, password, tokenOf } from "../support/people.mjs";
import { Receiver } from "../support/receiver.mjs";
import { Server } from "../support/server.mjs";

let server, receiver, owner, webhook, delivery;
before(async () => {
  [server, receiver] = await Promise.all([Server.start(), Receiver.start()]);
  owner = await firstOwner(server);
  receiver.on("/hook", (response) => response.writeHead(500).end());
  webhook = await server.webhook(receiver.url(), { description: "Orders", retry: { schedule_ms: [20] } });
  const event = await server.event();
  delivery = await server.delivery(event.id, "dead");
});
after(async () => {
  await server?.dispose();
  await receiver?.stop();
});

const changes = [
  ["/webhooks", "New webhook"], [() => `/webhooks/${webhook.id}`, "Pause"], [() => `/webhooks/${webhook.id}`, "Edit"],
  [() => `/webhooks/${webhook.id}`, "Send test event"], [() => `/webhooks/${webhook.id}`, "Reveal"], [() => `/webhooks/${webhook.id}`, "Rotate"],
  [() => `/deliveries/${delivery.id}`, "Retry now"], [() => `/deliveries/${delivery.id}`, "Purge"], [() => `/events/${delivery.event_id}`, "Replay"],
  ["/events", "Send test event"], ["/dead-letters", "Replay"], ["/dead-letters", "Purge"],
];

test("a_viewer_cannot_change_anything_by_page_or_by_api", { timeout: testMs }, async () => {
  const viewer = await owner.invite("viewer");
  const page = await openPage(server, { person: viewer, at: null });
  let now;
  for (const [where, name] of changes) {
    const at = typeof where === "string" ? where : where();
    if (at !== now) await page.goto((now = at));
    await settled(page);
    const button = page.getByRole("button", { name, exact: true }).first();
    await button.waitFor();
    assert.ok((await button.isDisabled()) || (await button.getAttribute("aria-disabled")) === "true", `${name} at ${at}`);
    await button.click({ force: true });
    assert.equal(await page.getByRole("dialog").count(), 0, `${name} at ${at} opens nothing`);
  }
  for (const [at, what] of [["/settings", "settings"], ["/settings/keys", "API keys"], ["/settings/audit", "audit log"]]) {
    await page.goto(at);
    await page.getByText(new RegExp(`Only admins see .*${what}`)).waitFor();
  }
  await page.end();
  const refused = [
    ["POST", "/api/events", { type: "a", payload: 1 }], ["POST", "/api/webhooks", { url: receiver.url(), event_types: ["*"] }], ["PATCH", `/api/webhooks/${webhook.id}`, { enabled: false }],
    ["DELETE", `/api/webhooks/${webhook.id}`], ["GET", `/api/webhooks/${webhook.id}/secret`], ["POST", `/api/webhooks/${webhook.id}/rotate-secret`], ["POST", `/api/webhooks/${webhook.id}/test`],
    ["POST", `/api/deliveries/${delivery.id}/retry`], ["POST", "/api/dlq/replay", {}], ["POST", "/api/dlq/purge", {}], ["DELETE", `/api/dlq/${delivery.id}`],
    ["POST", `/api/events/${delivery.event_id}/replay`, {}], ["POST", "/api/keys", { name: "mine", scope: "admin" }], ["GET", "/api/keys"], ["GET", "/api/audit"], ["GET", "/api/settings"],
    ["POST", "/api/invitations", { email: "friend@example.com", role: "owner" }],
  ];
  for (const [method, path, body] of refused) assert.equal((await viewer.call(method, path, body)).status, 403, `${method} ${path}`);
  assert.equal((await owner.ok("GET", `/api/webhooks/${webhook.id}`)).enabled, true);
});

test("somebody_invited_joins_by_the_link_and_another_organization_sees_nothing", { timeout: testMs }, async () => {
  const page = await openPage(server, { person: owner, at: "/settings/members" });
  await page.getByRole("button", { name: "Invite" }).first().click();
  await page.getByRole("dialog").getByLabel("E-mail").fill("kofi@example.com");
  await page.getByRole("dialog").getByLabel("Role").selectOption("developer");
  await page.getByRole("dialog").getByRole("button", { name: /Invite|Make/ }).click();
  const link = await page.getByText(/\/accept#token=/).first().textContent();
  await page.end();

  const theirs = await openPage(server, { at: `/accept#token=${tokenOf(link.trim())}` });
  await theirs.getByLabel("Name").fill("Kofi Mensah");
  await theirs.getByLabel("Password", { exact: true }).fill(password);
  await theirs.getByRole("button", { name: "Create account" }).click();
  await theirs.getByRole("heading", { name: "Overview" }).waitFor();
  await theirs.getByRole("button", { name: /Organization|default|Developer/ }).first().click();
  await theirs.getByRole("menuitem", { name: /New organization/ }).click();
  await theirs.getByRole("dialog").getByLabel("Name").fill("Kofi's own");
  await theirs.getByRole("dialog").getByRole("button", { name: /Create|Make/ }).click();
  await theirs.getByRole("button", { name: /Kofi's own/ }).waitFor();
  // Lists are empty, single objects are not found, counts are nought.
  theirs.allow(404);
  for (const [at, words] of [["/webhooks", "No webhooks yet"], ["/events", /No events/], ["/deliveries", /No deliveries/], ["/dead-letters", "No dead letters"], ["/jobs", "No jobs yet"]]) {
    await theirs.goto(at);
    await theirs.getByText(words).first().waitFor();
  }
  for (const at of [`/webhooks/${webhook.id}`, `/deliveries/${delivery.id}`, `/events/${delivery.event_id}`]) {
    await theirs.goto(at);
    await settled(theirs);
    await theirs.getByText(/not found|no such|does not exist/i).first().waitFor();
    assert.equal(await theirs.getByText("Orders").count(), 0, at);
  }
  await theirs.goto("/");
  await theirs.getByRole("heading", { name: "Your first delivery, in a minute" }).waitFor();
  await theirs.end();
});
