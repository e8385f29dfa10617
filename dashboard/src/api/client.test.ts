import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillPath, get, getText, onSignedOut, post, serializeQuery } from './client';
import { ApiError, errorFromAnswer } from './errors';

interface Seen {
  method: string | undefined;
  url: string | undefined;
  body: string;
  type: string | undefined;
}
let answer: { status: number; type: string; body: string; headers?: Record<string, string> };
let seen: Seen;
let server: Server;
let base = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen = { method: request.method, url: request.url, body, type: request.headers['content-type'] };
      response.writeHead(answer.status, { 'content-type': answer.type, ...answer.headers });
      response.end(answer.body);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

// The client asks its own origin; in Node there is none, so the path gets one here.
const events = () => `${base}/api/events` as '/api/events';
const problem = (status: number, more: object = {}) => ({
  status,
  type: 'application/problem+json',
  body: JSON.stringify({ type: 'about:blank', title: 'No', status, detail: 'Because.', ...more }),
});

describe('requests', () => {
  it('send JSON, and an empty object where there is nothing to say', async () => {
    answer = { status: 202, type: 'application/json', body: '{"id":"evt_1"}' };
    await post(events(), { type: 'a.b', payload: { n: 1 } });
    expect(seen).toMatchObject({ method: 'POST', body: '{"type":"a.b","payload":{"n":1}}', type: 'application/json' });
  });
  it('leave empty filters out', async () => {
    answer = { status: 200, type: 'application/json', body: '{"data":[],"next_cursor":null}' };
    await get(events(), { query: { type: '', tenant: undefined, limit: 50, after: '2026-05-01T00:00:00.000Z' } });
    expect(seen.url).toBe('/api/events?limit=50&after=2026-05-01T00%3A00%3A00.000Z');
  });
  it('give the text as it came', async () => {
    answer = { status: 200, type: 'application/json', body: '{"payload":1.10}' };
    expect(await getText(events())).toBe('{"payload":1.10}');
  });
});

describe('refusals become ApiError', () => {
  it('with the fields', async () => {
    answer = problem(422, { errors: [{ path: 'event_types[0]', message: 'must be a pattern' }, { path: 'url', message: 'must be a URL' }] });
    const error = await get(events()).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    const said = error as ApiError;
    expect(said).toMatchObject({ status: 422, title: 'No', message: 'Because.' });
    expect(said.field('event_types')).toBe('must be a pattern');
    expect(said.field('event')).toBeUndefined();
    expect(said.fieldsBeside(['url'])).toEqual(['event_types[0]: must be a pattern']);
  });
  it('with how long to wait', async () => {
    answer = { ...problem(429), headers: { 'retry-after': '8' } };
    expect(await get(events()).catch((e: unknown) => e)).toMatchObject({ status: 429, retryAfterSeconds: 8 });
  });
  it('though what answers is no EventRelay', async () => {
    answer = { status: 502, type: 'text/html', body: '<h1>Bad gateway</h1>' };
    const error = await get(events()).catch((e: unknown) => e);
    expect(error).toMatchObject({ status: 502 });
    expect((error as ApiError).message).toContain('between');
  });
  it('and where a text was asked for', async () => {
    answer = problem(404);
    expect(await getText(events()).catch((e: unknown) => e)).toMatchObject({ status: 404, message: 'Because.' });
  });
  it('without an answer', async () => {
    const error = await get('http://127.0.0.1:1/api/events' as '/api/events').catch((e: unknown) => e);
    expect(error).toMatchObject({ status: 0 });
  });
});

it('tells of an ended session once a request finds it', async () => {
  let told = 0;
  const off = onSignedOut(() => told++);
  answer = problem(401);
  await get(events()).catch(() => undefined);
  off();
  await get(events()).catch(() => undefined);
  expect(told).toBe(1);
});

it('an aborted request is no ApiError', async () => {
  answer = { status: 200, type: 'application/json', body: '{}' };
  const abort = new AbortController();
  abort.abort();
  expect(await get(events(), { signal: abort.signal }).catch((e: unknown) => e)).not.toBeInstanceOf(ApiError);
});

it('fills paths', () => {
  expect(fillPath('/api/events/{id}/replay', { id: 'a/b' })).toBe('/api/events/a%2Fb/replay');
  expect(() => fillPath('/api/events/{id}', {})).toThrow('no value for id');
});
it('keeps 0 and false in queries', () => expect(serializeQuery({ a: 0, b: false, c: null })).toBe('a=0&b=false'));
it('reads a problem from text', () => {
  expect(errorFromAnswer(409, '{"type":"t","title":"Conflict","status":409,"detail":"d"}', () => null)).toMatchObject({ type: 't', message: 'd' });
});
