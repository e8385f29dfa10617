/// An event as somebody writes it, and the text that is posted: payload and metadata as they were typed.
import { typeProblem } from '@/lib/event-types';
import { checkJson, parseJson } from '@/lib/json';
import { kDay } from '@/lib/time';

export interface EventDraft {
  type: string;
  /// '' for none.
  tenant: string;
  payload: string;
  /// '' for none.
  metadata: string;
  /// Of <input type="datetime-local">; '' for now.
  deliverAt: string;
}

export const kExampleDraft: EventDraft = {
  type: 'order.created',
  tenant: '',
  payload: '{\n  "order": 42,\n  "amount": 19.90,\n  "currency": "EUR"\n}',
  metadata: '',
  deliverAt: '',
};

const kTenantMax = 128;
const kMetadataBytesMax = 4_096;
const kDeliverAheadMax = 30 * kDay;

export type DraftProblems = Partial<Record<keyof EventDraft, string>>;

export function draftProblems(draft: EventDraft, now = Date.now()): DraftProblems {
  const problems: DraftProblems = {};
  const set = (field: keyof EventDraft, problem: string | undefined): void => {
    if (problem) problems[field] = problem;
  };
  set('type', typeProblem(draft.type.trim()));
  set('payload', jsonProblem(draft.payload));
  if ([...draft.tenant.trim()].length > kTenantMax) set('tenant', `At most ${kTenantMax} characters.`);
  if (draft.metadata.trim()) set('metadata', jsonProblem(draft.metadata) ?? metadataProblem(draft.metadata));
  if (draft.deliverAt) {
    const at = new Date(draft.deliverAt).getTime();
    set('deliverAt', Number.isNaN(at) ? 'This is no time.' : at > now + kDeliverAheadMax ? 'At most 30 days ahead.' : undefined);
  }
  return problems;
}

export function jsonProblem(text: string): string | undefined {
  if (!text.trim()) return 'JSON is needed; {} is the least.';
  const error = checkJson(text);
  return error ? `Line ${error.line}, column ${error.column}: ${error.message}.` : undefined;
}

function metadataProblem(text: string): string | undefined {
  if (parseJson(text).kind !== 'object') return 'An object is needed: {"trace": "7f3a"}';
  return new TextEncoder().encode(text).length > kMetadataBytesMax ? 'At most 4 KiB.' : undefined;
}

/// Of a test event: '' leaves the payload to the server.
export function testBody(payload: string): string {
  return payload.trim() ? `{"payload": ${payload.trim()}}` : '{}';
}

/// Of a draft without problems.
export function eventBody(draft: EventDraft): string {
  const members = [`"type": ${JSON.stringify(draft.type.trim())}`];
  if (draft.tenant.trim()) members.push(`"tenant": ${JSON.stringify(draft.tenant.trim())}`);
  if (draft.deliverAt) members.push(`"deliver_at": ${JSON.stringify(new Date(draft.deliverAt).toISOString())}`);
  if (draft.metadata.trim()) members.push(`"metadata": ${draft.metadata.trim()}`);
  members.push(`"payload": ${draft.payload.trim()}`);
  return `{${members.join(', ')}}`;
}
