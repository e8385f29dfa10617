/// Routes that openapi.yaml does not have yet, in the shape of the generated ones. A route that it has by now is
/// taken out here.
import type { Metrics, MetricsWindow, Page } from './models';

export type Role = 'owner' | 'admin' | 'developer' | 'viewer';

/// Who asks. `user` is null for an API key, whose role then comes from its scope.
export interface Session {
  user: { id: string; email: string; name: string } | null;
  organization: { id: string; name: string };
  role: Role | 'publish';
  organizations: { id: string; name: string; role: Role }[];
}

export interface Member {
  id: string;
  email: string;
  name: string;
  role: Role;
  /// When they joined this organization.
  created_at: string;
}

export interface Invitation {
  id: string;
  email: string;
  role: Role;
  created_at: string;
  expires_at: string;
}

export interface AuditEntry {
  id: string;
  created_at: string;
  /// An e-mail address or a key's id.
  actor: string;
  action: string;
  target: string;
  address: string;
}

export interface Settings {
  /// 0: kept for ever.
  retention_days: number;
  limits: {
    event_bytes_max: number;
    batch_bytes_max: number;
    batch_events_max: number;
    attempt_timeout_ms_max: number;
  };
  egress: { allow_private_targets: boolean; allow_targets: string[] };
  system: {
    version: string;
    store: 'sqlite' | 'postgresql';
    /// `none`, `ready`, or what is wrong.
    redis: string;
    started_at: string;
    workers: { name: string; partitions: number }[];
  };
}

export interface ReceivedRequest {
  id: string;
  received_at: string;
  headers: Record<string, string>;
  body: string;
  delivery_id?: string;
}

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

interface PageQuery {
  limit?: number;
  cursor?: string;
}
interface Id {
  id: string;
}

export interface ExtraRoutes {
  '/api/auth/me': { get: Op<{ answer: Session }> };
  '/api/auth/login': { post: Op<{ body: { email: string; password: string }; answer: Session }> };
  '/api/auth/accept': {
    post: Op<{ body: { token: string; name?: string; password?: string; email?: string }; answer: Session }>;
  };
  '/api/auth/logout': { post: Op<{ body: { everywhere?: boolean } }> };
  '/api/auth/password': { post: Op<{ body: { current_password: string; new_password: string }; answer: Session }> };
  '/api/auth/organization': { post: Op<{ body: { organization_id: string }; answer: Session }> };
  '/api/organizations': { post: Op<{ body: { name: string }; answer: { id: string; name: string } }> };
  '/api/organizations/{id}': {
    patch: Op<{ path: Id; body: { name: string }; answer: { id: string; name: string } }>;
  };
  '/api/users': { get: Op<{ query: PageQuery; answer: Page<Member> }> };
  '/api/users/{id}': { patch: Op<{ path: Id; body: { role: Role }; answer: Member }>; delete: Op<{ path: Id }> };
  '/api/invitations': {
    get: Op<{ query: PageQuery; answer: Page<Invitation> }>;
    post: Op<{ body: { email: string; role: Role }; answer: { id: string; url: string; expires_at: string } }>;
  };
  '/api/invitations/{id}': { delete: Op<{ path: Id }> };
  '/api/audit': { get: Op<{ query: PageQuery; answer: Page<AuditEntry> }> };
  '/api/settings': { get: Op<{ answer: Settings }>; patch: Op<{ body: { retention_days: number }; answer: Settings }> };
  '/api/metrics': { get: Op<{ query: { window?: MetricsWindow; webhook_id?: string }; answer: Metrics }> };
  '/api/metrics/webhooks': { get: Op<{ query: { window?: MetricsWindow }; answer: { data: WebhookHealth[] } }> };
  '/api/receiver/{id}': {
    get: Op<{ path: Id; answer: { data: ReceivedRequest[] } }>;
    post: Op<{ path: Id; body: { status: number } }>;
  };
}
