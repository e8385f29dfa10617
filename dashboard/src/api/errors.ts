/// What the server refuses comes as RFC 9457; everything else that can go wrong with a request is given the same shape,
/// so that pages know one kind of error.

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: { path: string; message: string }[];
}

export class ApiError extends Error {
  /// 0: no answer came (network, time-out).
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly fields: readonly { path: string; message: string }[];
  readonly retryAfterSeconds: number | null;

  constructor(problem: Problem, retryAfterSeconds: number | null = null) {
    super(problem.detail || problem.title);
    this.name = 'ApiError';
    this.status = problem.status;
    this.type = problem.type;
    this.title = problem.title;
    this.fields = problem.errors ?? [];
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /// The message for one field of a form: that of the path itself, or of what lies in it (`event_types` for `event_types[0]`).
  field(path: string): string | undefined {
    const found = this.fields.find(
      (one) => one.path === path || one.path.startsWith(`${path}.`) || one.path.startsWith(`${path}[`),
    );
    return found?.message;
  }

  /// Those messages that no field of the form shows.
  fieldsBeside(shown: readonly string[]): string[] {
    return this.fields
      .filter((one) => !shown.some((p) => one.path === p || one.path.startsWith(`${p}.`) || one.path.startsWith(`${p}[`)))
      .map((one) => (one.path ? `${one.path}: ${one.message}` : one.message));
  }
}

export function isProblem(value: unknown): value is Problem {
  if (typeof value !== 'object' || value === null) return false;
  const p = value as Record<string, unknown>;
  return typeof p['status'] === 'number' && typeof p['title'] === 'string' && typeof p['detail'] === 'string';
}

/// `body` is what came, parsed or as text; `header` reads an answer's header.
export function errorFromAnswer(status: number, body: unknown, header: (name: string) => string | null): ApiError {
  const after = Number(header('retry-after'));
  const retry = Number.isFinite(after) && after > 0 ? after : null;
  const parsed = typeof body === 'string' ? tryParse(body) : body;
  if (isProblem(parsed)) return new ApiError(parsed, retry);
  return new ApiError(
    {
      type: 'about:blank',
      title: `The server answered ${status}`,
      status,
      detail:
        status >= 502 && status <= 504
          ? 'What stands between this page and EventRelay could not reach it.'
          : `The server answered ${status} without saying why.`,
    },
    retry,
  );
}

export function noAnswer(timedOut: boolean): ApiError {
  return new ApiError({
    type: 'about:blank',
    title: timedOut ? 'The server took too long' : 'No answer from the server',
    status: 0,
    detail: timedOut
      ? 'The request was given up after 30 seconds. It may have been carried out all the same.'
      : 'Is EventRelay running, and can this machine reach it?',
  });
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
