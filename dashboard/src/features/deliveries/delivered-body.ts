import { rawMember } from '@/lib/json';

/// The body of the requests of an event, from the text of the API's answer for it: the payload keeps its spelling.
/// Null if the answer has not what it needs.
export function deliveredBody(eventText: string): string | null {
  const type = rawMember(eventText, 'type');
  const timestamp = rawMember(eventText, 'created_at');
  const data = rawMember(eventText, 'payload');
  if (type === undefined || timestamp === undefined || data === undefined) return null;
  return `{"type":${type},"timestamp":${timestamp},"data":${data}}`;
}
