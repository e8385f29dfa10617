// Plausible data for looking at pages without the server. Made from a seed: the same at every start.

let seed = 42;
export function random() {
  seed = (seed * 1664525 + 1013904223) % 4294967296;
  return seed / 4294967296;
}
export const pick = (list) => list[Math.floor(random() * list.length)];
const between = (low, high) => low + random() * (high - low);
let ids = 0;
export function id(prefix) {
  ids++;
  return `${prefix}_${Array.from({ length: 13 }, () => '0123456789abcdefghjkmnpqrstvwxyz'[Math.floor(random() * 32)]).join('')}`;
}
export const iso = (ms) => new Date(ms).toISOString();
const kMinute = 60_000;
const kHour = 3_600_000;
const kDay = 86_400_000;

export const types = ['order.created', 'order.paid', 'order.shipped', 'invoice.created', 'invoice.overdue', 'customer.updated', 'customer.deleted', 'subscription.renewed'];
export const tenants = [null, null, 'acme', 'globex', 'initech'];

const policy = { max_attempts: 12, initial_ms: 5000, multiplier: 3, max_ms: 21_600_000 };
function webhook(url, event_types, description, more = {}) {
  const created = Date.now() - between(3, 60) * kDay;
  return {
    id: id('whk'), url, event_types, tenant: null, description, headers: {}, ordered: false, max_in_flight: 32, timeout_ms: 15000,
    retry: policy, enabled: true, disabled_reason: null, failing_since: null, created_at: iso(created), updated_at: iso(created + kHour), ...more,
  };
}

export function makeWorld() {
  const now = Date.now();
  const webhooks = [
    webhook('https://api.northwind.example/hooks/orders', ['order.*'], 'Northwind orders', { headers: { authorization: 'Bearer 4f1c' } }),
    webhook('https://billing.contoso.example/events', ['invoice.*', 'subscription.*'], 'Billing', { ordered: true }),
    webhook('https://crm.fabrikam.example/webhook', ['customer.*'], 'CRM sync', { failing_since: iso(now - 47 * kMinute) }),
    webhook('https://hooks.slack.example/services/T024/B71/9xQ', ['invoice.overdue'], 'Slack: overdue invoices', { retry: { schedule_ms: [1000, 10_000, 60_000, 600_000] } }),
    webhook('https://warehouse.tailspin.example/in/events?source=eventrelay', ['order.paid', 'order.shipped'], '', { tenant: 'acme' }),
    webhook('https://legacy.adventure-works.example/cgi-bin/notify.pl', ['*'], 'Legacy ERP', { enabled: false, disabled_reason: 'gone', failing_since: iso(now - 2 * kDay), ordered: true }),
    webhook('http://receiver.eventrelay.internal/try-7k2m', ['*'], 'Test receiver', { enabled: false, disabled_reason: 'by_user' }),
  ];
  const world = {
    webhooks, events: [], deliveries: [], attempts: new Map(), payloads: new Map(), jobs: [], received: new Map(), answers: new Map(),
    members: [
      { id: id('usr'), email: 'ada@northwind.example', name: 'Ada Lindqvist', role: 'owner', created_at: iso(now - 120 * kDay) },
      { id: id('usr'), email: 'kofi@northwind.example', name: 'Kofi Mensah', role: 'admin', created_at: iso(now - 90 * kDay) },
      { id: id('usr'), email: 'mei@northwind.example', name: 'Mei Tanaka', role: 'developer', created_at: iso(now - 14 * kDay) },
      { id: id('usr'), email: 'support@northwind.example', name: 'Support', role: 'viewer', created_at: iso(now - 3 * kDay) },
    ],
    invitations: [{ id: id('inv'), email: 'lars@northwind.example', role: 'developer', created_at: iso(now - kDay), expires_at: iso(now + 6 * kDay) }],
    keys: [
      { id: id('key'), name: 'shop backend', scope: 'publish', hint: 'x7Qa', created_at: iso(now - 80 * kDay) },
      { id: id('key'), name: 'terraform', scope: 'admin', hint: '09Lp', created_at: iso(now - 31 * kDay) },
      { id: id('key'), name: 'grafana', scope: 'read', hint: 'mM2e', created_at: iso(now - 4 * kDay) },
    ],
    audit: [], retention_days: 30,
  };
  for (let i = 0; i < 420; i++) addEvent(world, now - Math.floor((i ** 1.6) * 1500 + between(0, 900)), { settle: true });
  world.events.sort((a, b) => b.created_at.localeCompare(a.created_at));
  world.deliveries.sort((a, b) => b.created_at.localeCompare(a.created_at));
  const job = (kind, state, done, total, ago, error = null) => ({ id: id('job'), kind, state, done, total, rate: kind === 'replay_dead' ? 50 : null, error, created_at: iso(now - ago), ended_at: state === 'running' ? null : iso(now - ago + 90_000) });
  world.jobs = [job('replay_dead', 'running', 318, 1240, 7_000), job('purge_dead', 'done', 96, 96, 5 * kHour), job('replay_dead', 'cancelled', 41, 400, 26 * kHour), job('cancel_pending', 'done', 12, 12, 3 * kDay), job('replay_dead', 'failed', 5, 30, 8 * kDay, 'The store did not answer for 60 seconds.')];
  const actions = [['webhook.create', webhooks[4].id], ['webhook.update', webhooks[0].id], ['key.create', world.keys[2].id], ['user.sign_in', ''], ['dlq.replay', world.jobs[0].id], ['webhook.rotate_secret', webhooks[1].id], ['invitation.create', 'lars@northwind.example'], ['settings.update', 'retention_days'], ['user.role', 'mei@northwind.example']];
  world.audit = Array.from({ length: 64 }, (_, i) => {
    const [action, target] = pick(actions);
    return { id: id('aud'), created_at: iso(now - i * 47 * kMinute - between(0, kHour)), actor: random() < 0.2 ? world.keys[1].id : pick(world.members).email, action, target, address: pick(['203.0.113.7', '198.51.100.23', '2001:db8::17']) };
  });
  return world;
}

function matches(webhook, event) {
  if (webhook.tenant && webhook.tenant !== event.tenant) return false;
  return webhook.event_types.some((p) => p === '*' || p === event.type || (p.endsWith('.*') && event.type.startsWith(p.slice(0, -1))));
}

function payloadOf(type) {
  const order = Math.floor(between(10_000, 99_999));
  return `{"id":"ord_${order}","amount":${(between(5, 900)).toFixed(2)},"total_micros":12345678901234567${Math.floor(between(100, 999))},"currency":"EUR","customer":{"id":"cus_${order % 977}","email":"jo@example.com","vip":${random() < 0.2}},"items":[{"sku":"TEA-001","quantity":2},{"sku":"MUG-014","quantity":1,"note":"gift wrap, please"}],"type":"${type}","notes":null}`;
}

export function attempt(number, at, kind) {
  const kinds = {
    ok: [pick([200, 200, 202, 204]), null, ''], s500: [500, { code: 'status', message: 'The receiver answered 500.' }, '<html><body><h1>Internal Server Error</h1></body></html>'],
    s503: [503, { code: 'status', message: 'The receiver answered 503.' }, '{"error":"maintenance"}'], s404: [404, { code: 'status', message: 'The receiver answered 404.' }, 'no such hook'],
    timeout: [null, { code: 'timeout', message: 'No answer within 15 s.' }, ''], dns: [null, { code: 'dns', message: 'The name crm.fabrikam.example does not resolve.' }, ''],
    connect: [null, { code: 'connect', message: 'Connection refused.' }, ''], tls: [null, { code: 'tls', message: 'The certificate expired on 2 Jan.' }, ''],
    s301: [301, { code: 'redirect', message: 'answered 301; redirects are not followed' }, ''], s429: [429, { code: 'status', message: 'answered 429' }, '{"error":"rate limit","limit":"60/min"}'],
    closed: [null, { code: 'connection_closed', message: 'The connection was closed before the answer.' }, ''],
  };
  const [status_code, error, body] = kinds[kind];
  const first = kind === 'timeout' ? null : between(30, 380);
  const timings = { dns_ms: number < 3 || kind === 'dns' || kind === 'connect' ? between(1, 20) : null, connect_ms: number > 2 || kind === 'dns' || kind === 'connect' ? null : between(8, 40), tls_ms: number > 2 || kind === 'dns' || kind === 'connect' || kind === 'tls' ? null : between(10, 45), first_byte_ms: status_code ? first : null };
  const measured = Object.values(timings).reduce((sum, ms) => sum + (ms ?? 0), 0);
  return {
    number, started_at: iso(at), duration_ms: kind === 'timeout' ? 15000 : Math.round(measured + between(1, 30)), status_code, error,
    request_headers: { 'content-type': 'application/json', 'user-agent': 'EventRelay/0.1.0', 'webhook-id': 'evt_…', 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=', authorization: '[redacted]' },
    response_headers: status_code ? { 'content-type': body.startsWith('{') ? 'application/json' : 'text/html', server: 'nginx', date: new Date(at).toUTCString(), ...(kind === 's301' ? { location: 'https://hooks.example.com/in/' } : kind === 's429' ? { 'retry-after': '30' } : {}) } : {},
    response_body: body || (status_code ? '{"ok":true}' : ''), response_truncated: false, remote_address: kind === 'dns' || kind === 'connect' ? null : '203.0.113.80:443',
    timings,
  };
}

/// Adds an event with its deliveries; returns them. `settle`: as they would be by now.
export function addEvent(world, at, { settle = false, type = pick(types), tenant = pick(tenants), payload, to } = {}) {
  const event = { id: id('evt'), type, tenant, metadata: random() < 0.2 ? { trace_id: '7f3a9c' } : null, created_at: iso(at), deliver_at: null, status: 'unmatched', delivery_count: 0 };
  world.payloads.set(event.id, payload ?? payloadOf(type));
  const deliveries = (to ? [to] : world.webhooks.filter((w) => (w.enabled || w.disabled_reason === 'gone') && matches(w, event))).map((w) => addDelivery(world, event, w, at, settle));
  event.delivery_count = deliveries.length;
  event.status = worst(deliveries);
  if (settle) world.events.push(event);
  else world.events.unshift(event);
  return { event, deliveries };
}

export function worst(deliveries) {
  for (const status of ['pending', 'dead', 'succeeded', 'cancelled']) if (deliveries.some((d) => d.status === status)) return status;
  return 'unmatched';
}

export function addDelivery(world, event, w, at, settle) {
  const delivery = { id: id('dlv'), event_id: event.id, webhook_id: w.id, webhook_url: w.url, type: event.type, tenant: event.tenant, status: 'pending', reason: null, attempt_count: 0, created_at: iso(at), next_attempt_at: iso(at), ended_at: null, last_status_code: null, last_error: null, replay_of: null };
  const attempts = [];
  world.attempts.set(delivery.id, attempts);
  if (settle) {
    const bad = w.failing_since && at > Date.parse(w.failing_since) ? 0.9 : w.disabled_reason === 'gone' ? 0.9 : 0.04;
    const age = Date.now() - at;
    const fails = random() < bad;
    const kind = pick(w.failing_since ? ['s503', 'dns', 's500'] : ['s500', 'timeout', 's404', 'connect', 'tls', 's301', 's429', 'closed']);
    if (!fails) {
      if (random() < 0.06) attempts.push(attempt(1, at + 40, 's503'));
      attempts.push(attempt(attempts.length + 1, at + (attempts.length ? 5400 : 35), 'ok'));
      finish(delivery, attempts, 'succeeded');
    } else if (age > 30 * kMinute) {
      for (let n = 1, t = at; n <= 5; n++, t += 4 ** n * 1000) attempts.push(attempt(n, t + 40, kind));
      finish(delivery, attempts, 'dead', 'attempts_exhausted');
    } else {
      for (let n = 1, t = at; n <= 2; n++, t += 5000) attempts.push(attempt(n, t + 40, kind));
      finish(delivery, attempts, 'pending');
      delivery.next_attempt_at = iso(Date.now() + between(5, 240) * 1000);
    }
  }
  if (settle) world.deliveries.push(delivery);
  else world.deliveries.unshift(delivery);
  return delivery;
}

export function finish(delivery, attempts, status, reason = null) {
  const last = attempts.at(-1);
  Object.assign(delivery, { status, reason, attempt_count: attempts.length, last_status_code: last?.status_code ?? null, last_error: last?.error?.code ?? null });
  delivery.next_attempt_at = status === 'pending' ? delivery.next_attempt_at : null;
  delivery.ended_at = status === 'pending' ? null : iso(Date.parse(last?.started_at ?? delivery.created_at) + (last?.duration_ms ?? 0));
}

const kWindows = { '15m': [15, 1], '1h': [60, 1], '6h': [360, 5], '24h': [1440, 15], '7d': [10080, 120], '30d': [43200, 360] };
export function metrics(world, window, webhookId) {
  const [minutes, step] = kWindows[window] ?? kWindows['15m'];
  const stepMs = step * kMinute;
  const points = minutes / step;
  const last = Math.floor(Date.now() / stepMs) * stepMs;
  const share = webhookId ? 0.22 : 1;
  const empty = world.events.length === 0;
  const failing = webhookId ? world.webhooks.find((w) => w.id === webhookId)?.failing_since : null;
  const series = Array.from({ length: points }, (_, i) => {
    const at = last - (points - 1 - i) * stepMs;
    const wave = (1.2 + Math.sin(at / kDay * 6.28) * 0.5 + Math.sin(at / 437_000) * 0.15 + noise(at) * 0.35) * share;
    const part = i === points - 1 ? Math.max(0.02, (Date.now() - last) / stepMs) : 1;
    const events = empty || webhookId ? 0 : Math.round(wave * 70 * step * part);
    const spike = i > points * 0.62 && i < points * 0.72 ? 5 : 1;
    const deliveries = empty ? 0 : Math.round(wave * 118 * step * part);
    const failed = Math.round(deliveries * Math.min(0.95, (failing ? 0.5 : 0.015 + noise(at + 7) * 0.02) * spike));
    const dead = Math.round(failed * 0.12);
    const slow = spike > 1 ? 2.4 : 1;
    const p50 = empty ? 0 : (38 + noise(at + 1) * 14) * slow;
    return { at: iso(at), events, unmatched: Math.round(events * 0.03), deliveries, attempts: deliveries + failed, succeeded: deliveries - dead, failed_attempts: failed, retries: failed - dead, dead, cancelled: 0, latency_ms: { p50, p95: p50 * (3.1 + noise(at + 2)), p99: p50 * (6.5 + noise(at + 3) * 6) } };
  });
  const totals = {};
  for (const name of ['events', 'unmatched', 'deliveries', 'attempts', 'succeeded', 'failed_attempts', 'retries', 'dead', 'cancelled']) totals[name] = series.reduce((s, p) => s + p[name], 0);
  const mine = world.deliveries.filter((d) => !webhookId || d.webhook_id === webhookId);
  return {
    window, totals, pending: mine.filter((d) => d.status === 'pending').length, dlq: mine.filter((d) => d.status === 'dead').length,
    success_rate: totals.attempts ? totals.succeeded / totals.attempts : null, latency_ms: empty ? { p50: 0, p95: 0, p99: 0 } : { p50: 42.5, p95: 148.2, p99: 391 }, series,
  };
}

function noise(n) {
  const x = Math.sin(n * 12.9898) * 43758.5453;
  return x - Math.floor(x);
}

export function health(world) {
  return world.webhooks.filter((w) => world.deliveries.some((d) => d.webhook_id === w.id)).map((w, i) => {
    const attempts = 400 + i * 731;
    const rate = w.failing_since ? 0.08 + i * 0.05 : 0.9991 - i * 0.006;
    const succeeded = Math.floor(attempts * rate);
    return { webhook_id: w.id, attempts, succeeded, failed_attempts: attempts - succeeded, dead: Math.floor((attempts - succeeded) * 0.1), success_rate: succeeded / attempts, p95_ms: 90 + i * 61 };
  }).sort((a, b) => b.failed_attempts - a.failed_attempts);
}
