/// Routes that openapi.yaml does not have yet, in the shape of the generated ones. A route that it has by now is
/// taken out here.
import type { Metrics, MetricsWindow } from './models';

export interface WebhookHealth {
  webhook_id: string;
  attempts: number;
  succeeded: number;
  failed_attempts: number;
  dead: number;
  success_rate: number | null;
  p95_ms: number;
}

interface Shape {
  path?: object;
  query?: object;
  body?: unknown;
  answer?: unknown;
}

type Op<S extends Shape> = {
  parameters: { path: S['path']; query?: S['query'] };
  requestBody: { content: { 'application/json': S['body'] } };
  responses: { 200: { content: { 'application/json': S['answer'] } } };
};

export interface ExtraRoutes {
  '/api/metrics': { get: Op<{ query: { window?: MetricsWindow; webhook_id?: string }; answer: Metrics }> };
  '/api/metrics/webhooks': { get: Op<{ query: { window?: MetricsWindow }; answer: { data: WebhookHealth[] } }> };
}
