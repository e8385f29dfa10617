/// Short names for what the API speaks of.
import type { components } from './types';

type Schemas = components['schemas'];

export type Event = Schemas['Event'];
export type EventDetail = Schemas['EventDetail'];
export type EventStatus = Schemas['EventStatus'];
export type Webhook = Schemas['Webhook'];
export type NewWebhook = Schemas['NewWebhook'];
export type CreatedWebhook = Schemas['CreatedWebhook'];
export type WebhookPatch = Schemas['WebhookPatch'];
export type RetryPolicy = Schemas['RetryPolicy'];
export type RetrySchedule = Schemas['RetrySchedule'];
export type Delivery = Schemas['Delivery'];
export type DeliveryDetail = Schemas['DeliveryDetail'];
export type DeliveryStatus = Schemas['DeliveryStatus'];
export type Attempt = Schemas['Attempt'];
export type AttemptErrorCode = Schemas['AttemptErrorCode'];
export type Job = Schemas['Job'];
export type ApiKey = Schemas['ApiKey'];
export type Scope = Schemas['Scope'];
export type Role = Schemas['Role'];
export type Session = Schemas['Session'];
export type Member = Schemas['Member'];
export type Invitation = Schemas['Invitation'];
export type AuditEntry = Schemas['AuditEntry'];
export type Settings = Schemas['Settings'];
export type ReceivedRequest = Schemas['ReceivedRequest'];
export type WebhookHealth = Schemas['WebhookCounts'];
export type Metrics = Schemas['Metrics'];
export type MetricsPoint = Metrics['series'][number];
export type MetricsWindow = Schemas['MetricsWindow'];

/// Every list of the API. A page may be short, even empty, while `next_cursor` says that there is more.
export interface Page<T> {
  data: T[];
  next_cursor: string | null;
}
