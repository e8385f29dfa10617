import { expect, it } from 'vitest';
import { deliveredBody } from './delivered-body';

it('is what subscribers get, numbers as they were sent', () => {
  const answer = '{"id":"evt_1","type":"order.paid","created_at":"2026-05-10T12:00:00.000Z","payload":{"n":12345678901234567890, "a":1.10},"deliveries":[]}';
  expect(deliveredBody(answer)).toBe('{"type":"order.paid","timestamp":"2026-05-10T12:00:00.000Z","data":{"n":12345678901234567890, "a":1.10}}');
});
it('is null where the payload is missing', () => expect(deliveredBody('{"type":"a","created_at":"x"}')).toBeNull());
