// People of a server: who signs in, by link or password, and then asks with a cookie instead of a key.
import assert from "node:assert/strict";

export const password = "correct horse battery staple";

/// The token of the link that the server printed at its start; undefined: it printed none.
export const firstToken = (server) => /\/accept#token=([A-Za-z0-9_-]+)/.exec(server.log)?.[1];
export const tokenOf = (url) => new URL(url).hash.replace("#token=", "");
/// { name, value, attributes } of the cookie that the answer sets; undefined: it sets none.
export function cookieOf(answer) {
  const [pair, ...attributes] = (answer.headers["set-cookie"]?.[0] ?? "").split("; ");
  const [name, value] = pair.split("=");
  return name ? { name, value, attributes } : undefined;
}

export class Person {
  constructor(server, cookie) {
    this.server = server;
    this.cookie = `${cookie.name}=${cookie.value}`;
  }

  /// As Server.call and Server.ok, by this person.
  call(method, path, body, { headers = {}, ...options } = {}) {
    return this.server.call(method, path, body, { ...options, key: "", headers: { cookie: this.cookie, ...headers } });
  }
  ok(method, path, body, { headers = {}, ...options } = {}) {
    return this.server.ok(method, path, body, { ...options, key: "", headers: { cookie: this.cookie, ...headers } });
  }
  me() {
    return this.ok("GET", "/api/auth/me");
  }

  /// Somebody new, with an account of their own, in the organization that this person is in.
  async invite(role, email = `${role}-${Math.random().toString(36).slice(2)}@example.com`) {
    const { url } = await this.ok("POST", "/api/invitations", { email, role });
    const person = await accept(this.server, { token: tokenOf(url), name: `The ${role}`, password });
    return Object.assign(person, { email });
  }
}

export async function accept(server, body) {
  const answer = await server.call("POST", "/api/auth/accept", body, { key: "" });
  assert.equal(answer.status, 201, answer.text);
  return new Person(server, cookieOf(answer));
}

/// The owner of the first organization, by the link of the server's first start.
export async function firstOwner(server, email = "owner@example.com") {
  const person = await accept(server, { token: firstToken(server), name: "The owner", password, email });
  return Object.assign(person, { email });
}

export async function signIn(server, email, secret = password, options = {}) {
  const answer = await server.call("POST", "/api/auth/login", { email, password: secret }, { key: "", ...options });
  assert.equal(answer.status, 200, answer.text);
  return Object.assign(new Person(server, cookieOf(answer)), { email });
}
