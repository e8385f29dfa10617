import { describe, expect, it } from 'vitest';
import type { Delivery } from '@/api/models';
import { countByWebhook, groupDead, whyOf, whyTitle, whyTodo } from './groups';

const dead = (webhook_id: string, last_error: Delivery['last_error'], last_status_code: number | null = null, minute = 0) => ({
  id: `dlv_${webhook_id}${minute}`,
  webhook_id,
  webhook_url: null,
  reason: 'attempts_exhausted',
  last_error,
  last_status_code,
  created_at: '2026-05-10T11:00:00.000Z',
  ended_at: `2026-05-10T12:0${minute}:00.000Z`,
});

describe('whyOf', () => {
  it('is the number of an answer', () => {
    expect(whyOf(dead('a', 'status', 503))).toBe('503');
    expect(whyOf(dead('a', 'redirect', 301))).toBe('301');
  });
  it('is the error where there was no whole answer', () => {
    expect(whyOf(dead('a', 'dns'))).toBe('dns');
    expect(whyOf(dead('a', 'timeout', 200))).toBe('timeout');
  });
  it('falls back to the reason, then to nothing', () => {
    expect(whyOf(dead('a', null))).toBe('attempts_exhausted');
    expect(whyOf({ last_error: null, last_status_code: null, reason: null })).toBe('unknown');
  });
});

it('has words for each', () => {
  expect([whyTitle('503'), whyTitle('timeout'), whyTitle('attempts_exhausted'), whyTitle('unknown')]).toEqual(['503 Service Unavailable', 'Timed out', 'All attempts of the retry policy failed', 'No reason known']);
  expect(whyTodo('404')).toContain('path');
  expect(whyTodo('unknown')).toBeNull();
});

describe('groupDead', () => {
  it('puts webhook and reason together, the largest first', () => {
    const groups = groupDead([dead('a', 'dns', null, 1), dead('b', 'status', 500, 2), dead('a', 'dns', null, 3), dead('a', 'status', 500, 4)]);
    expect(groups.map((g) => [g.webhook_id, g.why, g.count])).toEqual([
      ['a', 'dns', 2],
      ['a', '500', 1],
      ['b', '500', 1],
    ]);
    expect(groups[0]?.newest).toBe('2026-05-10T12:03:00.000Z');
  });
  it('is empty for nothing', () => expect(groupDead([])).toEqual([]));
});

it('counts by webhook', () => {
  expect(countByWebhook([dead('a', 'dns'), dead('b', 'dns'), dead('b', 'tls')]).map((one) => [one.webhook_id, one.count])).toEqual([
    ['b', 2],
    ['a', 1],
  ]);
});
