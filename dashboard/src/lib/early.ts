/// lazy() for code that is asked for before it is drawn: what has come is drawn at once. React's own would wait for its
/// promise, show the fallback, and keep that for a third of a second.
///   const Table = early(async () => (await import('./table')).Table);
///   void Table.ask();  <Suspense fallback={…}><Table /></Suspense>
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';

type Module<P> = { default: ComponentType<P> };

export function early<P>(load: () => Promise<ComponentType<P>>): LazyExoticComponent<ComponentType<P>> & { ask: () => Promise<void> } {
  let come: Module<P> | null = null;
  const get = async (): Promise<Module<P>> => (come = { default: await load() });
  const component = lazy(() => (come ? atOnce(come) : get()));
  return Object.assign(component, { ask: async () => void (await get()) });
}

/// In a promise's place: it calls back at once, which lazy() takes as an answer.
function atOnce<T>(value: T): Promise<T> {
  return { then: (done: (value: T) => unknown) => done(value) } as unknown as Promise<T>;
}
