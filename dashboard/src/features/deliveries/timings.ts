/// An attempt's time, cut into its steps.

export type Step = 'dns' | 'connect' | 'tls' | 'first_byte' | 'rest';

export interface Segment {
  step: Step;
  label: string;
  ms: number;
  /// It ended here.
  failed: boolean;
}

interface AttemptLike {
  duration_ms: number;
  status_code: number | null;
  error: { code: string } | null;
  remote_address: string | null;
  timings: { dns_ms: number | null; connect_ms: number | null; tls_ms: number | null; first_byte_ms: number | null };
}

const kLabels: Record<Step, string> = { dns: 'DNS', connect: 'Connect', tls: 'TLS', first_byte: 'First byte', rest: 'Body' };

/// Steps that took place, in their order. What the measured steps leave of the whole belongs to the step that did not end,
/// or to the body of the answer. `https`: whether there was a TLS step to come.
export function segmentsOf(attempt: AttemptLike, https: boolean): Segment[] {
  const { dns_ms, connect_ms, tls_ms, first_byte_ms } = attempt.timings;
  const measured: [Step, number | null][] = [
    ['dns', dns_ms],
    ['connect', connect_ms],
    ['tls', tls_ms],
    ['first_byte', first_byte_ms],
  ];
  const segments = measured.flatMap(([step, ms]): Segment[] => (ms === null ? [] : [{ step, label: kLabels[step], ms, failed: false }]));
  const left = Math.max(0, attempt.duration_ms - segments.reduce((sum, one) => sum + one.ms, 0));
  const ended = endedIn(attempt, https);
  const there = segments.find((one) => one.step === ended);
  if (there) {
    there.failed = failedAt(attempt);
    // A step that was measured and yet was the last (a name that does not resolve): the rest is its own too.
    if (there.failed) there.ms += left;
    return segments;
  }
  // Durations are whole milliseconds: less than one is no step.
  if (left >= 1 || segments.length === 0) segments.push({ step: ended, label: kLabels[ended], ms: left, failed: failedAt(attempt) });
  return segments;
}

/// An answer that came whole is no failure of a step, whatever it says.
function failedAt({ error }: AttemptLike): boolean {
  return error !== null && error.code !== 'status' && error.code !== 'redirect';
}

function endedIn(attempt: AttemptLike, https: boolean): Step {
  const { timings, error, remote_address } = attempt;
  if (timings.first_byte_ms !== null || !failedAt(attempt)) return 'rest';
  if (error?.code === 'dns' || error?.code === 'address_denied' || error?.code === 'invalid_url') return 'dns';
  if (error?.code === 'connect') return 'connect';
  if (error?.code === 'tls') return 'tls';
  if (remote_address === null) return timings.dns_ms === null && error?.code === 'timeout' ? 'dns' : 'connect';
  // A kept connection has neither of the two.
  if (https && timings.connect_ms !== null && timings.tls_ms === null) return 'tls';
  return 'first_byte';
}

/// Nothing had to be connected: the connection was there from a request before.
export function reusedConnection({ timings, remote_address }: AttemptLike): boolean {
  return remote_address !== null && timings.dns_ms === null && timings.connect_ms === null && timings.tls_ms === null;
}
