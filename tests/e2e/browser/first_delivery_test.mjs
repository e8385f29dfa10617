// From the printed link to the first delivery, with nothing but the browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, testMs } from "../support/browser.mjs";
import { firstToken, password, signIn } from "../support/people.mjs";
import { Server } from "../support/server.mjs";

let server;
before(async () => (server = await Server.start()));
after(() => server?.dispose());

test("the_first_link_makes_an_account_and_three_steps_show_the_first_delivery", { timeout: testMs }, async () => {
  const page = await openPage(server, { at: `/accept#token=${firstToken(server)}` });
  await page.getByLabel("Name").fill("Ada Lindqvist");
  await page.getByLabel("E-mail").fill("ada@example.com");
  await page.getByLabel("Password", { exact: true }).fill(password);
  assert.ok(!page.url().includes("token"), "the link leaves the address");
  await page.getByRole("button", { name: "Create account" }).click();

  await page.getByRole("heading", { name: "Your first delivery, in a minute" }).waitFor();
  const steps = page.getByRole("main").getByRole("listitem");
  assert.equal(await page.locator("[aria-current=step] h2").textContent(), "Say where events go");
  await page.getByRole("button", { name: "Use the test receiver" }).click();
  for (const [language, words] of [["curl", "curl -sS"], ["JavaScript", "await fetch("], ["Python", "urllib.request"], ["Go", "package main"]]) {
    await page.getByRole("radio", { name: language }).check();
    await page.locator("pre").getByText(words).first().waitFor();
  }
  await page.getByRole("button", { name: "Send test event" }).click();
  await steps.filter({ hasText: "See it arrive" }).getByText("1 request arrived").waitFor();
  await page.getByText("webhook-signature").waitFor();
  await page.getByRole("button", { name: "Go to the overview" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.getByRole("table", { name: "Latest deliveries" }).getByText("webhook.test").waitFor();
  await page.end();
});

test("signing_out_and_in_again_and_a_wrong_password_is_said", { timeout: testMs }, async () => {
  const page = await openPage(server, { at: "/events" });
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByLabel("E-mail").fill("ada@example.com");
  await page.getByLabel("Password", { exact: true }).fill("not her password at all");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("do not belong together").waitFor();
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Events" }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/events", "back to where they wanted to go");
  await page.getByRole("button", { name: /Ada Lindqvist/ }).click();
  await page.getByRole("menuitem", { name: "Sign out", exact: true }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.goto("/webhooks");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.end();
});

test("a_test_event_carries_what_was_typed_and_the_receiver_answers_as_told", { timeout: testMs }, async () => {
  const person = await signIn(server, "ada@example.com");
  const [webhook] = (await person.ok("GET", "/api/webhooks")).data;
  const page = await openPage(server, { person, at: `/webhooks/${webhook.id}` });
  await page.getByRole("combobox", { name: "What the receiver answers" }).selectOption("503");
  await page.getByRole("list", { name: "Notifications" }).getByText("The receiver answers 503 now").waitFor();
  await page.getByRole("button", { name: "Send test event", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Send test event" });
  await dialog.getByLabel("Payload").fill('{"n": 1.10');
  await dialog.getByText("Line 1, column").waitFor();
  await dialog.getByLabel("Payload").fill('{"n": 1.10}');
  await dialog.getByRole("button", { name: "Send", exact: true }).click();
  await dialog.getByText("answered 503").waitFor();
  const [newest] = (await person.ok("GET", `/api/receiver/${new URL(webhook.url).pathname.slice(1)}`)).data;
  assert.match(newest.body, /"data":\{"n": 1\.10\}/);
  await page.end();
});
