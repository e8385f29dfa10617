// A webhook made on its page, its failures, and their way out of the dead letters.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, testMs } from "../support/browser.mjs";
import { firstOwner } from "../support/people.mjs";
import { Receiver } from "../support/receiver.mjs";
import { Server } from "../support/server.mjs";
import { until } from "../support/wait.mjs";

const dead = 12;
let server, receiver, owner;
let answer = 500;
before(async () => {
  [server, receiver] = await Promise.all([Server.start(), Receiver.start()]);
  owner = await firstOwner(server);
  receiver.on("/hook", (response) => response.writeHead(answer, { "content-type": "text/plain" }).end(answer === 500 ? "out of tea" : "ok"));
});
after(async () => {
  await server?.dispose();
  await receiver?.stop();
});

test("a_webhook_is_created_with_checks_as_one_types", { timeout: testMs }, async () => {
  const page = await openPage(server, { person: owner, at: "/webhooks" });
  await page.getByRole("button", { name: "New webhook" }).first().click();
  await page.getByLabel("URL").fill("ftp://example.com");
  await page.getByLabel("Event types").fill("order.*");
  await page.getByLabel("Event types").press("Enter");
  await page.getByLabel("URL").and(page.locator("[aria-invalid=true]")).waitFor();
  await page.getByLabel("URL").fill(receiver.url());
  await page.getByLabel("Max attempts").fill("2");
  await page.getByLabel("First wait").fill("100ms");
  await page.getByText("2 attempts within about").waitFor();
  await page.getByRole("button", { name: "Create webhook" }).click();
  await page.getByRole("button", { name: "Send test event" }).first().waitFor();
  const [webhook] = (await owner.ok("GET", "/api/webhooks")).data;
  assert.deepEqual([webhook.url, webhook.event_types, webhook.retry.max_attempts], [receiver.url(), ["order.*"], 2]);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("list", { name: "Notifications" }).getByRole("button", { name: "Undo" }).click();
  await until("the pause is undone", async () => (await owner.ok("GET", `/api/webhooks/${webhook.id}`)).enabled);
  await page.end();
});

test("a_failure_is_explained_and_all_are_replayed_in_bulk", { timeout: testMs }, async () => {
  for (let n = 0; n < dead; n++) await owner.ok("POST", "/api/events", { type: "order.created", payload: { n } });
  await until("all are dead", async () => (await owner.ok("GET", "/api/metrics")).dlq === dead, 20_000);
  const page = await openPage(server, { person: owner, at: "/deliveries?status=dead" });
  await page.getByRole("link", { name: "order.created" }).first().click();
  await page.getByText("out of tea").waitFor();
  await page.getByText("What to do:").first().waitFor();
  await page.getByText("First byte").first().waitFor();

  answer = 200;
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Dead letters" }).click();
  // The filter has an option of that name too.
  await page.getByText("500 Internal Server Error").and(page.locator(":not(option)")).first().waitFor();
  await page.getByRole("checkbox", { name: "Select all" }).check();
  await page.getByRole("button", { name: "Replay", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Replay" });
  await dialog.getByText(`${dead} dead letters`).waitFor();
  await dialog.getByRole("button", { name: `Replay ${dead}` }).click();
  await page.getByText("No dead letters").waitFor();
  await until("all are delivered", async () => (await owner.ok("GET", "/api/deliveries?status=succeeded&limit=100")).data.length === dead);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Jobs" }).click();
  await page.getByText(`${dead} / ${dead}`).waitFor();
  await page.end();
});

test("new_events_come_by_themselves_and_filters_live_in_the_address", { timeout: testMs }, async () => {
  const page = await openPage(server, { person: owner, at: "/events" });
  await page.getByRole("switch", { name: "Live" }).click();
  // The stream is connected: what the menu says of it, not the switch's name.
  await page.getByRole("status").filter({ hasText: /^Live$/ }).waitFor();
  await owner.ok("POST", "/api/events", { type: "order.shipped", tenant: "acme", payload: {} });
  await page.getByRole("link", { name: "order.shipped" }).waitFor();
  await page.getByRole("searchbox", { name: "Tenant" }).fill("acme");
  await page.waitForURL(/tenant=acme/);
  await page.getByRole("link", { name: "order.created" }).first().waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("link", { name: "order.shipped" }).waitFor();
  assert.equal(await page.getByRole("searchbox", { name: "Tenant" }).inputValue(), "acme");
  await page.end();
});
