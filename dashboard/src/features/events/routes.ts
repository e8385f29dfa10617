import type { RouteObject } from 'react-router';

export const eventRoutes: RouteObject[] = [
  { path: 'events', lazy: () => import('./events-page') },
  { path: 'events/:id', lazy: () => import('./event-page') },
];
