import type { RouteObject } from 'react-router';

export const jobRoutes: RouteObject[] = [
  { path: 'jobs', lazy: () => import('./jobs-page') },
  { path: 'jobs/:id', lazy: () => import('./job-page') },
];
