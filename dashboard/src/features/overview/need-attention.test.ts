import { expect, it } from 'vitest';
import type { Webhook, WebhookHealth } from '@/api/models';
import { needAttention } from './need-attention';

const webhook = (id: string, more: Partial<Webhook> = {}) => ({ id, enabled: true, disabled_reason: null, failing_since: null, ...more }) as Webhook;
const health = (id: string, attempts: number, failed: number): WebhookHealth => ({ webhook_id: id, attempts, succeeded: attempts - failed, failed_attempts: failed, dead: 0, success_rate: 1 - failed / attempts, p95_ms: 1 });

it('puts what the engine switched off before what fails, and leaves out what somebody paused', () => {
  const found = needAttention(
    [webhook('well'), webhook('failing', { failing_since: '2026-05-10T12:00:00.000Z' }), webhook('gone', { enabled: false, disabled_reason: 'gone' }), webhook('paused', { enabled: false, disabled_reason: 'by_user' }), webhook('often')],
    [health('well', 1_000, 2), health('often', 1_000, 200)],
  );
  expect(found.map((one) => one.webhook.id)).toEqual(['gone', 'failing', 'often']);
});
it('makes nothing of a handful of attempts', () => expect(needAttention([webhook('new')], [health('new', 3, 2)])).toEqual([]));
