// Everything by keys alone: the mouse is never used.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, settled, testMs } from "../support/browser.mjs";
import { firstOwner } from "../support/people.mjs";
import { Receiver } from "../support/receiver.mjs";
import { Server } from "../support/server.mjs";

let server, receiver, owner;
before(async () => {
  [server, receiver] = await Promise.all([Server.start(), Receiver.start()]);
  owner = await firstOwner(server);
});
after(async () => {
  await server?.dispose();
  await receiver?.stop();
});

const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "");
/// Tab until the focus is on what is named so.
async function tabTo(page, name, most = 60) {
  for (let n = 0; n < most; n++) {
    if (await name(page)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`not reached by ${most} tabs; the focus is on ${await focused(page)}`);
}
const on = (locator) => () => locator.evaluate((element) => element === document.activeElement, undefined, { timeout: 1_000 }).catch(() => false);

test("a_webhook_is_made_tested_and_found_by_keys_alone", { timeout: testMs }, async () => {
  const page = await openPage(server, { person: owner, at: "/webhooks" });
  await settled(page);
  await page.keyboard.press("n");
  await page.getByRole("heading", { name: "New webhook" }).waitFor();
  await tabTo(page, on(page.getByLabel("URL")));
  await page.keyboard.type(receiver.url());
  await tabTo(page, on(page.getByLabel("Event types")));
  await page.keyboard.type("order.*,");
  await tabTo(page, on(page.getByLabel("Description")));
  await page.keyboard.type("Orders");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Orders" }).waitFor();
  await settled(page);

  await page.keyboard.press("t");
  const dialog = page.getByRole("dialog", { name: "Send test event" });
  await dialog.waitFor();
  await tabTo(page, on(dialog.getByRole("button", { name: "Send", exact: true })));
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Open the event" }).waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("table", { name: "Recent deliveries" }).getByText("webhook.test").waitFor();

  await page.keyboard.press("ControlOrMeta+k");
  await page.getByRole("dialog").getByRole("combobox").waitFor();
  await page.keyboard.type("dead let");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Dead letters", level: 1 }).waitFor();
  for (const [keys, heading] of [["ge", "Events"], ["gd", "Deliveries"], ["gj", "Jobs"], ["gs", "Settings"], ["gw", "Webhooks"]]) {
    for (const key of keys) await page.keyboard.press(key);
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
  }
  await settled(page);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Orders" }).waitFor();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await help.waitFor();
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
  await page.end();
});

test("what_has_the_focus_is_seen", { timeout: testMs }, async () => {
  const page = await openPage(server, { person: owner, at: "/webhooks" });
  await settled(page);
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "To the content");
  for (let n = 0; n < 25; n++) {
    const [name, seen] = await page.evaluate(() => {
      const element = document.activeElement;
      // Where the control itself is not drawn, what stands for it is.
      const seen = [element, element.parentElement].some((one) => one && getComputedStyle(one).outlineStyle !== "none");
      return [element.outerHTML.slice(0, 120), element === document.body || seen];
    });
    assert.ok(seen, name);
    await page.keyboard.press("Tab");
  }
  await page.end();
});
