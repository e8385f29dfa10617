import { expect, it } from 'vitest';
import { pageOfId, randomId } from './ids';

it('knows the page of an id', () => {
  expect(pageOfId(' dlv_0123456789abc ')).toEqual({ name: 'Delivery', path: '/deliveries/dlv_0123456789abc' });
  expect(pageOfId('key_0123456789abc')).toBeNull();
  expect(pageOfId('evt_short')).toBeNull();
});
it('makes ids that a receiver may have', () => expect(randomId(12)).toMatch(/^[a-z0-9]{12}$/));
