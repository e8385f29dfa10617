/// The routes as TypeScript sees them: those of openapi.yaml (types.ts, generated).
import type { paths } from './types';

export type Routes = paths;
export type Method = 'get' | 'post' | 'patch' | 'delete';

/// Paths that have the method.
export type PathsOf<M extends Method> = {
  [P in keyof Routes]: Routes[P] extends Record<M, object> ? P : never;
}[keyof Routes] &
  string;

type Operation<P extends keyof Routes, M extends Method> = Routes[P] extends Record<M, infer O> ? O : never;
type Parameters<O> = O extends { parameters: infer X } ? X : never;
type Json<X> = X extends { content: { 'application/json': infer B } } ? B : undefined;

export type PathParams<P extends keyof Routes, M extends Method> =
  Parameters<Operation<P, M>> extends { path: infer X } ? X : never;
export type Query<P extends keyof Routes, M extends Method> =
  Parameters<Operation<P, M>> extends { query?: infer X } ? Exclude<X, undefined> : never;
export type Body<P extends keyof Routes, M extends Method> =
  Operation<P, M> extends { requestBody?: infer R } ? Json<Exclude<R, undefined>> : undefined;
export type Answer<P extends keyof Routes, M extends Method> =
  Operation<P, M> extends { responses: infer R }
    ? { [S in keyof R]: S extends 200 | 201 | 202 ? Json<R[S]> : never }[keyof R]
    : never;

export interface Options<P extends keyof Routes, M extends Method> {
  path?: PathParams<P, M>;
  query?: Query<P, M>;
  signal?: AbortSignal;
}
