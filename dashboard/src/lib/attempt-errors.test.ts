import { describe, expect, it } from 'vitest';
import { answerText, explainFailure, lastAnswer, reasonText, statusName } from './attempt-errors';

const kCodes = ['dns', 'address_denied', 'connect', 'connect_timeout', 'tls', 'timeout', 'connection_closed', 'protocol', 'invalid_url', 'interrupted'];

describe('explainFailure', () => {
  it('has nothing to say where nothing failed', () => {
    expect(explainFailure(null, 200)).toBeNull();
    expect(explainFailure(null, 204)).toBeNull();
    expect(explainFailure(null, null)).toBeNull();
    expect(explainFailure('none', 200)).toBeNull();
  });
  it.each(kCodes)('knows the code %s, and what to do', (code) => {
    const said = explainFailure(code, null);
    expect(said?.title).not.toBe(code);
    expect(said?.what).toMatch(/\.$/);
    expect(said?.todo).toMatch(/\.$/);
  });
  it('names the status of an answer', () => {
    expect(explainFailure('status', 503)?.title).toBe('503 Service Unavailable');
    expect(explainFailure('status', 418)?.title).toBe('418');
  });
  it('tells kinds of answers apart', () => {
    expect(explainFailure('status', 401)?.todo).toContain('secret');
    expect(explainFailure('status', 404)?.what).toContain('path');
    expect(explainFailure('status', 410)?.what).toContain('disabled');
    expect(explainFailure('status', 429)?.what).toContain('Retry-After');
    expect(explainFailure('status', 451)?.what).toBe('The receiver refused the request.');
    expect(explainFailure('status', 599)?.what).toContain('failed while it handled');
    expect(explainFailure('status', 199)?.what).toContain('200 to 299');
  });
  it('takes a redirect for what it is, whichever its number', () => {
    for (const status of [301, 302, 307, 308, 399]) expect(explainFailure('redirect', status)?.what).toContain('never followed');
  });
  it('says that an answer had begun before time ran out', () => {
    expect(explainFailure('timeout', 200)?.what).toContain('begun with 200');
    expect(explainFailure('timeout', null)?.what).not.toContain('begun');
  });
  it('knows the page where it may be mended', () => {
    expect(explainFailure('dns', null)?.where).toBe('webhook');
    expect(explainFailure('redirect', 301)?.where).toBe('webhook');
    expect(explainFailure('address_denied', null)?.where).toBe('settings');
    expect(explainFailure('status', 429)?.where).toBe('webhook');
    expect(explainFailure('status', 500)?.where).toBeNull();
  });
  it('does not hide a code that it does not know', () => expect(explainFailure('quantum', null)?.title).toBe('quantum'));
});

it('is short in tables', () => {
  expect([answerText('status', 503), answerText('redirect', 301), answerText('timeout', 200), answerText(null, 204), answerText(null, null), answerText('new_one', null)]).toEqual(['503', '301', 'Timed out', '204', '', 'new_one']);
});
it('fits into a sentence', () => {
  const said = (last_status_code: number | null, last_error: string | null) => lastAnswer({ last_status_code, last_error });
  expect([said(503, 'status'), said(null, 'timeout'), said(null, 'tls'), said(null, 'new_one'), said(null, null)]).toEqual(['answered 503', 'timed out', 'TLS failed', 'new_one', null]);
});
it('names a status', () => expect([statusName(502), statusName(299)]).toEqual(['502 Bad Gateway', '299']));
it('says why a delivery ended', () => {
  expect([reasonText('attempts_exhausted'), reasonText('unheard_of'), reasonText(null)]).toEqual(['All attempts of the retry policy failed.', 'unheard_of', '']);
});
