/// The only module that speaks HTTP. Paths, parameters, bodies and answers are checked against the routes.
///   const event = await get('/api/events/{id}', { path: { id } });
///   await post('/api/webhooks', { url, event_types });
/// Everything that fails rejects with ApiError, except a request whose signal was aborted.
import axios, { AxiosError, type AxiosRequestConfig } from 'axios';
import { ApiError, errorFromAnswer, noAnswer } from './errors';
import type { Answer, Body, Method, Options, PathsOf } from './routes';

const kTimeoutMs = 30_000;

const http = axios.create({
  timeout: kTimeoutMs,
  headers: { accept: 'application/json' },
  paramsSerializer: { serialize: serializeQuery },
});

type Listener = () => void;
const signedOut = new Set<Listener>();

/// Called when a request finds that the session has ended. Returns the function that takes the listener off.
export function onSignedOut(listener: Listener): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

export function get<P extends PathsOf<'get'>>(path: P, options: Options<P, 'get'> = {}): Promise<Answer<P, 'get'>> {
  return send('get', path, undefined, options);
}

export function post<P extends PathsOf<'post'>>(
  path: P,
  body?: Body<P, 'post'>,
  options: Options<P, 'post'> & { idempotencyKey?: string } = {},
): Promise<Answer<P, 'post'>> {
  return send('post', path, body ?? {}, options, options.idempotencyKey);
}

export function patch<P extends PathsOf<'patch'>>(
  path: P,
  body: Body<P, 'patch'>,
  options: Options<P, 'patch'> = {},
): Promise<Answer<P, 'patch'>> {
  return send('patch', path, body, options);
}

export function remove<P extends PathsOf<'delete'>>(path: P, options: Options<P, 'delete'> = {}): Promise<void> {
  return send('delete', path, undefined, options);
}

/// The answer's exact text: payloads keep the spelling of their numbers (see lib/json).
export async function getText<P extends PathsOf<'get'>>(path: P, options: Options<P, 'get'> = {}): Promise<string> {
  const answer = await request<string>({
    ...config('get', path, options),
    responseType: 'text',
    transformResponse: (text: string) => text,
  });
  return answer;
}

/// Posts a body that is JSON text already, byte for byte: an editor's payload.
export function postText<P extends PathsOf<'post'>>(path: P, json: string, options: Options<P, 'post'> = {}): Promise<Answer<P, 'post'>> {
  return request({
    ...config('post', path, options),
    data: json,
    headers: { 'content-type': 'application/json' },
    transformRequest: (text: string) => text,
  });
}

function send<T>(method: Method, path: string, body: unknown, options: AnyOptions, idempotencyKey?: string): Promise<T> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (idempotencyKey) headers['idempotency-key'] = idempotencyKey;
  return request<T>({ ...config(method, path, options), data: body, headers });
}

interface AnyOptions {
  path?: unknown;
  query?: unknown;
  signal?: AbortSignal;
}

function config(method: Method, path: string, options: AnyOptions): AxiosRequestConfig {
  return { method, url: fillPath(path, options.path ?? {}), params: options.query, signal: options.signal };
}

async function request<T>(what: AxiosRequestConfig): Promise<T> {
  try {
    const answer = await http.request<T>(what);
    return answer.data;
  } catch (thrown) {
    throw toApiError(thrown, what.url ?? '');
  }
}

function toApiError(thrown: unknown, url: string): unknown {
  if (!(thrown instanceof AxiosError) || axios.isCancel(thrown)) return thrown;
  if (!thrown.response) return noAnswer(thrown.code === AxiosError.ECONNABORTED || thrown.code === AxiosError.ETIMEDOUT);
  const { status, data, headers } = thrown.response;
  const error = errorFromAnswer(status, data, (name) => {
    const value: unknown = headers[name];
    return typeof value === 'string' ? value : null;
  });
  // A wrong password is no ended session, and who asks whether there is one gets the answer.
  if (status === 401 && !url.startsWith('/api/auth/')) for (const listener of signedOut) listener();
  return error;
}

export function fillPath(path: string, values: unknown): string {
  const named = values as Record<string, unknown>;
  return path.replace(/\{(\w+)\}/g, (_all, name: string) => {
    const value = named[name];
    if (value === undefined) throw new Error(`${path}: no value for ${name}`);
    return encodeURIComponent(String(value));
  });
}

/// Empty filters are left out: the server refuses `type=`.
export function serializeQuery(query: Record<string, unknown>): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    parts.append(name, String(value));
  }
  return parts.toString();
}

export { ApiError };
