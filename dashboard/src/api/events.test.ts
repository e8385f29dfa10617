import { expect, it } from 'vitest';
import { readEvent } from './events';

it('keeps payload and metadata as they came', () => {
  const read = readEvent('{"id":"evt_0000000000001","metadata":{"n":1.50},"payload": {"big":12345678901234567890,"m":1.10},"deliveries":[]}');
  expect(read.payload).toBe('{"big":12345678901234567890,"m":1.10}');
  expect(read.metadata).toBe('{"n":1.50}');
  expect(read.event.deliveries).toEqual([]);
});
it('has a payload that is too deep for the tree', () => {
  const deep = '['.repeat(600) + ']'.repeat(600);
  expect(readEvent(`{"metadata":null,"payload":${deep}}`)).toMatchObject({ payload: deep, metadata: null });
});
