import { describe, expect, it } from 'vitest';
import { checkJson, parseJson, prettyIfJson, prettyJson, rawMember } from './json';

describe('numbers and texts stay as they were written', () => {
  it('in a member', () => {
    const answer = '{"id":"evt_1","payload": {"n":12345678901234567890,"price":1.10, "s":"\\u00e9"},"deliveries":[]}';
    expect(rawMember(answer, 'payload')).toBe('{"n":12345678901234567890,"price":1.10, "s":"\\u00e9"}');
  });
  it('when they are printed', () => {
    expect(prettyJson('{"n":12345678901234567890,"a":[1.10,1e3],"e":{},"f":[]}')).toBe(
      '{\n  "n": 12345678901234567890,\n  "a": [\n    1.10,\n    1e3\n  ],\n  "e": {},\n  "f": []\n}',
    );
  });
  it('keeps names that come twice', () => {
    const root = parseJson('{"a":1,"a":2}');
    expect(root.kind === 'object' && root.entries.length).toBe(2);
    expect(rawMember('{"a":1,"a":2}', 'a')).toBe('2');
  });
});

describe('what is wrong is said with its place', () => {
  it.each([
    ['{"a":1,}', 1, 8, 'comma too much'],
    ['{\n  "a": tru\n}', 2, 8, 'value is expected'],
    ['{"a" 1}', 1, 6, '`:`'],
    ["{'a':1}", 1, 2, 'A name in `"`'],
    ['[1 2]', 1, 4, '`,` or `]`'],
    ['"abc', 1, 1, 'not closed'],
    ['01', 1, 1, 'no number'],
    ['', 1, 1, 'missing'],
    ['{"a":1} x', 1, 9, 'nothing more'],
    ['"\\x"', 1, 2, 'no escape'],
    ['1.2.3', 1, 1, 'no number'],
  ])('%j', (text, line, column, message) => {
    const error = checkJson(text);
    expect(error).toMatchObject({ line, column });
    expect(error?.message).toContain(message);
  });
  it('is silent for what is right', () => {
    for (const text of ['null', ' [] ', '-0.5e+3', '{"a":{"b":[true,false,null,"\\"\\n"]}}']) expect(checkJson(text)).toBeNull();
  });
  it('agrees with JSON.parse', () => {
    for (const text of ['[1,]', '{"a"}', '.5', '1.', '+1', 'NaN', '"\t"', '[', '{}}', '-', '1e', '"\\u12g4"', '0', '[[]]', '"é"']) {
      let right = true;
      try {
        JSON.parse(text);
      } catch {
        right = false;
      }
      expect([text, checkJson(text) === null]).toEqual([text, right]);
    }
  });
  it('bounds the depth', () => expect(checkJson('['.repeat(10_000))?.message).toContain('deep'));
});

it('shows what is no JSON as it is', () => expect(prettyIfJson('<html>')).toEqual({ text: '<html>', json: false }));
