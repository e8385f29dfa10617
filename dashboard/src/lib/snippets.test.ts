import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { curl, postSnippets, shellQuote } from './snippets';

const base = 'http://127.0.0.1:8080';

describe('shellQuote', () => {
  it.each(['plain', "it's", '$HOME `id` "x"', 'two\nlines', ''])('gives %j back from a shell', (value) => {
    expect(execFileSync('sh', ['-c', `printf %s ${shellQuote(value)}`]).toString()).toBe(value);
  });
});

it('curl takes the method from the body where it can', () => {
  expect(curl({ method: 'GET', path: '/api/events?type=a.b' }, base)).not.toContain('-X');
  expect(curl({ method: 'POST', path: '/api/events', body: '{}' }, base)).toContain("-d '{}'");
  expect(curl({ method: 'POST', path: '/api/jobs/job_1/cancel' }, base)).toContain('-X POST');
  expect(curl({ method: 'DELETE', path: '/api/dlq/dlv_1' }, base)).toContain('-X DELETE');
});

it('each language has the address and the body', () => {
  const body = '{"type": "a.b", "payload": {"n": 1}}';
  for (const code of Object.values(postSnippets('/api/events', body, base))) {
    expect(code).toContain(`${base}/api/events`);
    expect(code).toContain(body);
    expect(code).toContain('EVENTRELAY_KEY');
  }
});
