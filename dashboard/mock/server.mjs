// A server in the place of EventRelay, for looking at pages: `npm run mock`, then `npm run dev`.
//   --port N (8080)   --empty (first run)   --role viewer|developer|admin|owner   --slow MS   --quiet (nothing happens)
//   --signed-out      --dist (serves dist/ too, with the server's Content-Security-Policy)
// Sign in with any e-mail and a password of 12 characters. It keeps nothing.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { addDelivery, addEvent, attempt, finish, health, id, iso, makeWorld, metrics, random, worst } from './data.mjs';

const flag = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1]?.startsWith('--') ?? true) ? true : process.argv[at + 1];
};
const has = (name) => process.argv.includes(`--${name}`);
const world = makeWorld();
if (has('empty')) Object.assign(world, { webhooks: [], events: [], deliveries: [], jobs: [], audit: [] });
let signedIn = !has('signed-out');
const role = flag('role', 'owner');
const organizations = [{ id: 'org_0000000000001', name: 'Northwind', role }, { id: 'org_0000000000002', name: 'Northwind staging', role: 'viewer' }];
let organization = organizations[0];
const session = () => ({ user: { id: world.members[0].id, email: world.members[0].email, name: world.members[0].name }, organization: { id: organization.id, name: organization.name }, role: organization.role, organizations });

class Problem extends Error {
  constructor(status, title, detail, errors) {
    super(detail);
    Object.assign(this, { status, title, errors });
  }
}
const notFound = () => new Problem(404, 'Not Found', 'There is no such thing.');
const rank = { viewer: 1, developer: 2, admin: 3, owner: 4 };
const need = (wanted) => {
  if (rank[organization.role] < rank[wanted]) throw new Problem(403, 'Forbidden', `The role ${organization.role} may not do this: it needs ${wanted}.`);
};

// The stream.
const readers = new Set();
let sequence = 0;
function tell(event, data) {
  const text = `id: ${++sequence}\nevent: ${event}\ndata: ${JSON.stringify({ id: String(sequence), at: iso(Date.now()), ...data })}\n\n`;
  for (const reader of readers) reader.write(text);
}
const tellDelivery = (d, kind) => tell(`delivery.${kind}`, { delivery_id: d.id, event_id: d.event_id, webhook_id: d.webhook_id, type: d.type, status: d.status, attempts: d.attempt_count, next_attempt_at: d.next_attempt_at ?? undefined, status_code: d.last_status_code ?? undefined, error: d.last_error ?? undefined });

/// Takes an event in and lets its deliveries happen a little later.
function take(options) {
  const made = addEvent(world, Date.now(), options);
  tell('event.created', { event_id: made.event.id, type: made.event.type, tenant: made.event.tenant, deliveries: made.deliveries.length });
  for (const delivery of made.deliveries) setTimeout(() => deliver(made.event, delivery), 120 + random() * 900);
  return made.event;
}
function deliver(event, delivery) {
  if (delivery.status !== 'pending') return;
  const webhook = world.webhooks.find((w) => w.id === delivery.webhook_id);
  const attempts = world.attempts.get(delivery.id);
  const receiver = /^http:\/\/receiver\.eventrelay\.internal\/([a-z0-9-]{1,64})$/.exec(webhook?.url ?? '')?.[1];
  let kind = webhook?.failing_since ? 's503' : random() < 0.03 ? 's500' : 'ok';
  if (receiver) {
    const status = world.answers.get(receiver) ?? 200;
    kind = status < 300 ? 'ok' : 's500';
    const request = { id: id('req'), received_at: iso(Date.now()), headers: { 'content-type': 'application/json', 'user-agent': 'EventRelay/0.1.0', 'webhook-id': event.id, 'webhook-timestamp': String(Math.floor(Date.now() / 1000)), 'webhook-signature': 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=' }, body: `{"type":"${event.type}","timestamp":"${event.created_at}","data":${world.payloads.get(event.id)}}`, delivery_id: delivery.id };
    world.received.set(receiver, [request, ...(world.received.get(receiver) ?? [])].slice(0, 50));
  }
  attempts.push(attempt(attempts.length + 1, Date.now(), kind));
  if (kind === 'ok') finish(delivery, attempts, 'succeeded');
  else if (attempts.length > 4) finish(delivery, attempts, 'dead', 'attempts_exhausted');
  else {
    finish(delivery, attempts, 'pending');
    delivery.next_attempt_at = iso(Date.now() + 4 ** attempts.length * 1000);
  }
  event.status = worst(world.deliveries.filter((d) => d.event_id === event.id));
  tellDelivery(delivery, delivery.status === 'pending' ? 'retrying' : delivery.status);
}
if (!has('quiet') && !has('empty')) setInterval(() => take({}), 2_500).unref();
/// What the jobs that were begun here still have to do: [delivery, what happens to it].
const work = new Map();
setInterval(() => {
  for (const job of world.jobs.filter((j) => j.state === 'running')) {
    const step = job.rate ?? 40;
    for (const run of work.get(job.id)?.splice(0, step) ?? []) run();
    job.done = Math.min(job.total, job.done + step);
    if (job.done === job.total) Object.assign(job, { state: 'done', ended_at: iso(Date.now()) });
    tell('job.progress', { job_id: job.id, state: job.state, done: job.done, total: job.total });
  }
}, 1_000).unref();
setInterval(() => readers.forEach((r) => r.write(': here\n\n')), 15_000).unref();

function page(rows, query) {
  const limit = Number(query.get('limit') ?? 50);
  const from = Number(query.get('cursor') ?? 0);
  return { data: rows.slice(from, from + limit), next_cursor: from + limit < rows.length ? String(from + limit) : null };
}
const filter = (rows, query, names) => rows.filter((row) => names.every((n) => !query.get(n) || row[n] === query.get(n)) && (!query.get('after') || row.created_at >= query.get('after')) && (!query.get('before') || row.created_at < query.get('before')));
const find = (rows, wanted) => {
  const found = rows.find((row) => row.id === wanted);
  if (!found) throw notFound();
  return found;
};
/// Those that died last come first.
const deadOnes = () => world.deliveries.filter((d) => d.status === 'dead').sort((a, b) => b.ended_at.localeCompare(a.ended_at));
const mustBe = (delivery, ...states) => {
  if (!states.includes(delivery.status)) throw new Problem(409, 'Conflict', `The delivery is ${delivery.status}, not ${states.join(' or ')}.`);
  return delivery;
};
function bulk(kind, body, change) {
  if (!body.dry_run) need('developer');
  const q = new URLSearchParams(Object.entries(body).filter(([, v]) => typeof v === 'string'));
  const dead = filter(deadOnes(), q, ['webhook_id', 'event_id', 'type', 'tenant']);
  if (body.dry_run) return { job_id: null, count: dead.length };
  const job = { id: id('job'), kind, state: 'running', done: 0, total: dead.length, rate: body.rate ?? null, error: null, created_at: iso(Date.now()), ended_at: null };
  if (dead.length === 0) Object.assign(job, { state: 'done', ended_at: iso(Date.now()) });
  world.jobs.unshift(job);
  work.set(job.id, dead.map((d) => () => d.status === 'dead' && change(d)));
  return { job_id: job.id, count: dead.length };
}
const reopen = (d) => {
  Object.assign(d, { status: 'pending', reason: null, ended_at: null, next_attempt_at: iso(Date.now()) });
  const event = world.events.find((e) => e.id === d.event_id);
  if (event) setTimeout(() => deliver(event, d), 800);
};
function webhookFrom(body, base) {
  const errors = [];
  if (body.url !== undefined && !/^https?:\/\/[^\s]+$/.test(body.url)) errors.push({ path: 'url', message: 'must be an http or https URL' });
  if (body.event_types?.length === 0) errors.push({ path: 'event_types', message: 'must not be empty' });
  if (errors.length) throw new Problem(422, 'Unprocessable Content', 'The input breaks a rule.', errors);
  return { ...base, ...body, description: body.description ?? base.description ?? '', updated_at: iso(Date.now()) };
}
const kSecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const kDefaults = () => ({ tenant: null, description: '', headers: {}, ordered: false, max_in_flight: 32, timeout_ms: 15000, retry: { max_attempts: 12, initial_ms: 5000, multiplier: 3, max_ms: 21_600_000 }, enabled: true, disabled_reason: null, failing_since: null, created_at: iso(Date.now()) });

const routes = {
  'GET /api/auth/me': () => session(),
  'POST /api/auth/login': ({ body }) => {
    if (String(body.password).length < 12) throw new Problem(401, 'Unauthorized', 'E-mail and password do not belong together.');
    signedIn = true;
    return session();
  },
  'POST /api/auth/accept': ({ body }) => {
    if (body.token === 'used') throw new Problem(410, 'Gone', 'This link was used already, or its seven days have passed.');
    signedIn = true;
    return [201, session()];
  },
  'POST /api/auth/logout': () => ((signedIn = false), [204]),
  'POST /api/auth/password': ({ body }) => {
    if (body.current_password === 'wrong') throw new Problem(422, 'Unprocessable Content', 'The input breaks a rule.', [{ path: 'current_password', message: 'is not your password' }]);
    return session();
  },
  'POST /api/auth/organization': ({ body }) => ((organization = find(organizations, body.organization_id)), session()),
  'POST /api/organizations': ({ body }) => (organizations.push({ id: id('org'), name: body.name, role: 'owner' }), [201, organizations.at(-1)]),
  'PATCH /api/organizations/:id': ({ params, body }) => {
    need('owner');
    if (!body.name?.trim()) throw new Problem(422, 'Unprocessable Content', 'The input breaks a rule.', [{ path: 'name', message: 'must not be empty' }]);
    return Object.assign(find(organizations, params.id), { name: body.name });
  },
  'GET /api/users': ({ query }) => page(world.members, query),
  'PATCH /api/users/:id': ({ params, body }) => {
    const member = touched(params.id, body.role);
    if (member.id === session().user.id) organization.role = body.role;
    return Object.assign(member, { role: body.role });
  },
  'DELETE /api/users/:id': ({ params }) => {
    const member = touched(params.id, null);
    world.members = world.members.filter((m) => m !== member);
    return [204];
  },
  'GET /api/invitations': ({ query }) => (need('admin'), page(world.invitations, query)),
  'POST /api/invitations': ({ body }) => {
    need(body.role === 'owner' ? 'owner' : 'admin');
    if (!/^\S+@\S+$/.test(body.email ?? '')) throw new Problem(422, 'Unprocessable Content', 'The input breaks a rule.', [{ path: 'email', message: 'is no e-mail address' }]);
    const made = { id: id('inv'), email: body.email, role: body.role, created_at: iso(Date.now()), expires_at: iso(Date.now() + 7 * 86_400_000) };
    world.invitations.unshift(made);
    return [201, { id: made.id, url: `http://127.0.0.1:5173/accept#token=${id('tok')}`, expires_at: made.expires_at }];
  },
  'DELETE /api/invitations/:id': ({ params }) => (need('admin'), (world.invitations = world.invitations.filter((i) => i.id !== params.id)), [204]),
  'GET /api/audit': ({ query }) => (need('admin'), page(world.audit, query)),
  'GET /api/settings': () => (need('admin'), settings()),
  'PATCH /api/settings': ({ body }) => (need('admin'), (world.retention_days = body.retention_days), settings()),
  'GET /api/keys': ({ query }) => (need('admin'), page(world.keys, query)),
  'POST /api/keys': ({ body }) => {
    need('admin');
    const key = { id: id('key'), name: body.name ?? '', scope: body.scope, hint: 'Zk3w', created_at: iso(Date.now()) };
    world.keys.unshift(key);
    return [201, { ...key, key: 'er_8sJ2mQ4vX1tB7nL5cR9yW3pD6fH0gKZk3w' }];
  },
  'DELETE /api/keys/:id': ({ params }) => (need('admin'), (world.keys = world.keys.filter((k) => k.id !== params.id)), [204]),
  'GET /api/metrics': ({ query }) => metrics(world, query.get('window') ?? '15m', query.get('webhook_id')),
  'GET /api/metrics/webhooks': () => ({ data: health(world) }),
  'GET /api/events': ({ query }) => {
    const q = query.get('q');
    return page(filter(world.events, query, ['type', 'tenant', 'status']).filter((e) => !q || e.id.startsWith(q) || e.type.startsWith(q) || world.deliveries.some((d) => d.id === q && d.event_id === e.id)), query);
  },
  'POST /api/events': ({ body, text }) => {
    need('developer');
    if (!/^[\w-]+(\.[\w-]+)*$/.test(body.type ?? '')) throw new Problem(422, 'Unprocessable Content', 'The input breaks a rule.', [{ path: 'type', message: 'must be words of letters, digits, - and _ joined by dots' }]);
    // The pages write the payload last: it keeps its spelling.
    const last = /^\{"type"[^]*?"payload": ([^]*)\}$/.exec(text)?.[1];
    const event = take({ type: body.type, tenant: body.tenant ?? null, payload: last ?? JSON.stringify(body.payload ?? null) });
    Object.assign(event, { metadata: body.metadata ?? null, deliver_at: body.deliver_at ?? null });
    return [202, { id: event.id, type: event.type, created_at: event.created_at, deliveries: event.delivery_count }];
  },
  'GET /api/events/:id': ({ params }) => {
    const event = find(world.events, params.id);
    const deliveries = world.deliveries.filter((d) => d.event_id === event.id);
    // By hand: the payload keeps its spelling.
    const text = JSON.stringify({ ...event, payload: '@payload@', deliveries });
    return [200, text.replace('"@payload@"', () => world.payloads.get(event.id) ?? 'null')];
  },
  'POST /api/events/:id/replay': ({ params, body }) => {
    need('developer');
    const event = find(world.events, params.id);
    const before = world.deliveries.filter((d) => d.event_id === event.id);
    const went = world.webhooks.filter((w) => before.some((d) => d.webhook_id === w.id));
    const targets = body.webhook_ids ? body.webhook_ids.map((wanted) => world.webhooks.find((w) => w.id === wanted)) : went;
    if (targets.includes(undefined)) throw new Problem(422, 'Unprocessable Content', 'The input breaks a rule.', [{ path: 'webhook_ids', message: 'names a webhook that does not exist' }]);
    for (const target of targets) {
      const made = Object.assign(addDelivery(world, event, target, Date.now(), false), { replay_of: before.find((d) => d.webhook_id === target.id)?.id ?? null });
      setTimeout(() => deliver(event, made), 300 + random() * 900);
    }
    event.delivery_count += targets.length;
    event.status = worst(world.deliveries.filter((d) => d.event_id === event.id));
    return [202, { id: event.id, deliveries: targets.length }];
  },
  'GET /api/webhooks': ({ query }) => page(world.webhooks, query),
  'POST /api/webhooks': ({ body }) => {
    need('developer');
    const webhook = webhookFrom(body, { id: id('whk'), ...kDefaults() });
    world.webhooks.unshift(webhook);
    tell('webhook.created', { webhook_id: webhook.id });
    return [201, { ...webhook, secret: kSecret }];
  },
  'GET /api/webhooks/:id': ({ params }) => find(world.webhooks, params.id),
  'PATCH /api/webhooks/:id': ({ params, body }) => {
    need('developer');
    const webhook = find(world.webhooks, params.id);
    Object.assign(webhook, webhookFrom(body, webhook));
    if (body.enabled !== undefined) Object.assign(webhook, { disabled_reason: body.enabled ? null : 'by_user', failing_since: body.enabled ? null : webhook.failing_since });
    tell('webhook.updated', { webhook_id: webhook.id });
    return webhook;
  },
  'DELETE /api/webhooks/:id': ({ params }) => {
    need('developer');
    find(world.webhooks, params.id);
    world.webhooks = world.webhooks.filter((w) => w.id !== params.id);
    tell('webhook.deleted', { webhook_id: params.id });
    return [204];
  },
  'GET /api/webhooks/:id/secret': () => (need('developer'), { secret: kSecret }),
  'POST /api/webhooks/:id/rotate-secret': () => (need('developer'), { secret: 'whsec_T2xkIG9uZXMgc2lnbiBmb3IgMjQgaG91cnM=' }),
  'POST /api/webhooks/:id/test': ({ params }) => {
    need('developer');
    const event = take({ type: 'webhook.test', tenant: null, payload: '{"message":"Hello from EventRelay","test":true}', to: find(world.webhooks, params.id) });
    return [202, { id: event.id, type: event.type, created_at: event.created_at, deliveries: 1 }];
  },
  'GET /api/deliveries': ({ query }) => page(filter(world.deliveries, query, ['status', 'webhook_id', 'event_id', 'type', 'tenant']), query),
  'GET /api/deliveries/:id': ({ params }) => ({ ...find(world.deliveries, params.id), attempts: world.attempts.get(params.id) ?? [] }),
  'POST /api/deliveries/:id/retry': ({ params }) => (need('developer'), reopen(mustBe(find(world.deliveries, params.id), 'pending', 'dead')), [202, find(world.deliveries, params.id)]),
  'POST /api/deliveries/:id/cancel': ({ params }) => {
    need('developer');
    const delivery = find(world.deliveries, params.id);
    mustBe(delivery, 'pending');
    finish(delivery, world.attempts.get(delivery.id), 'cancelled', 'cancelled_by_user');
    tellDelivery(delivery, 'cancelled');
    return [202, delivery];
  },
  'GET /api/dlq': ({ query }) => page(filter(deadOnes(), query, ['webhook_id', 'event_id', 'type', 'tenant']), query),
  'DELETE /api/dlq/:id': ({ params }) => (need('developer'), finish(mustBe(find(world.deliveries, params.id), 'dead'), world.attempts.get(params.id), 'cancelled', 'purged'), [204]),
  'POST /api/dlq/:id/replay': ({ params }) => (need('developer'), reopen(mustBe(find(world.deliveries, params.id), 'dead')), [202, find(world.deliveries, params.id)]),
  'POST /api/dlq/replay': ({ body }) => [202, bulk('replay_dead', body, reopen)],
  'POST /api/dlq/purge': ({ body }) => [202, bulk('purge_dead', body, (d) => finish(d, world.attempts.get(d.id), 'cancelled', 'purged'))],
  'GET /api/jobs': ({ query }) => page(world.jobs, query),
  'GET /api/jobs/:id': ({ params }) => find(world.jobs, params.id),
  'POST /api/jobs/:id/cancel': ({ params }) => {
    need('developer');
    const job = find(world.jobs, params.id);
    if (job.state !== 'running' || job.kind === 'cancel_pending') throw new Problem(409, 'Conflict', 'It has ended, or is one that cannot be stopped.');
    Object.assign(job, { state: 'cancelled', ended_at: iso(Date.now()) });
    tell('job.progress', { job_id: job.id, state: job.state, done: job.done, total: job.total });
    return [202, job];
  },
  'GET /api/receiver/:id': ({ params }) => ({ data: world.received.get(params.id) ?? [], next_cursor: null }),
  'POST /api/receiver/:id': ({ params, body }) => (world.answers.set(params.id, body.status), { status: body.status }),
};
/// The member, if whoever asks may give them the role (null: take them out).
function touched(wanted, role) {
  const member = find(world.members, wanted);
  const self = wanted === session().user.id;
  if (!(self && role === null)) need(member.role === 'owner' || role === 'owner' ? 'owner' : 'admin');
  const lastOwner = member.role === 'owner' && role !== 'owner' && world.members.filter((m) => m.role === 'owner').length === 1;
  if (lastOwner) throw new Problem(409, 'Conflict', 'The last owner stays: make somebody else one first.');
  return member;
}
function settings() {
  return {
    retention_days: world.retention_days, limits: { event_bytes_max: 262_144, batch_bytes_max: 10_485_760, batch_events_max: 1000, attempt_timeout_ms_max: 30_000 },
    egress: { allow_private_targets: false, allow_targets: ['10.20.0.0/16'] },
    system: { version: '0.1.0', store: 'postgresql', redis: 'ready', started_at: iso(Date.now() - 3.2 * 86_400_000), workers: [{ name: 'relay-1:8080', partitions: 22 }, { name: 'relay-2:8080', partitions: 21 }, { name: 'relay-3:8080', partitions: 21 }] },
  };
}

const table = Object.entries(routes).map(([name, run]) => {
  const [method, path] = name.split(' ');
  return { method, run, pattern: new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`), literal: !path.includes(':') };
}).sort((a, b) => Number(b.literal) - Number(a.literal));

const kCsp = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const kTypes = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', html: 'text/html; charset=utf-8' };
async function file(path, response) {
  const asset = /^\/assets\/[\w.-]+$/.test(path);
  const name = asset ? path.slice(1) : 'index.html';
  const body = await readFile(new URL(`../dist/${name}`, import.meta.url));
  response.writeHead(200, { 'content-type': kTypes[name.split('.').at(-1)] ?? 'application/octet-stream', 'content-security-policy': kCsp, 'x-content-type-options': 'nosniff', 'cache-control': asset ? 'public, max-age=31536000, immutable' : 'no-cache' });
  response.end(body);
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock');
  const slow = Number(flag('slow', 0));
  if (slow) await new Promise((done) => setTimeout(done, slow * (0.5 + random())));
  try {
    if (!url.pathname.startsWith('/api/')) {
      if (has('dist')) return await file(url.pathname, response);
      throw notFound();
    }
    if (!signedIn && !/^\/api\/auth\/(login|accept)$/.test(url.pathname)) throw new Problem(401, 'Unauthorized', 'Nobody is signed in.');
    if (url.pathname === '/api/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': hello\n\n');
      readers.add(response);
      request.on('close', () => readers.delete(response));
      return;
    }
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = text ? JSON.parse(text) : {};
    const route = table.find((r) => r.method === request.method && r.pattern.test(url.pathname));
    if (!route) throw notFound();
    const answer = await route.run({ params: route.pattern.exec(url.pathname).groups ?? {}, query: url.searchParams, body, text });
    const [status, value] = Array.isArray(answer) ? answer : [200, answer];
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value));
  } catch (error) {
    const status = error.status ?? 500;
    response.writeHead(status, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ type: 'about:blank', title: error.title ?? 'Internal Server Error', status, detail: error.message, ...(error.errors ? { errors: error.errors } : {}) }));
  }
});
const port = Number(flag('port', 8080));
server.listen(port, '127.0.0.1', () => console.log(`mock of EventRelay on http://127.0.0.1:${port}`));
