import type { RouteObject } from 'react-router';

export const webhookRoutes: RouteObject[] = [
  { path: 'webhooks', lazy: () => import('./webhooks-page') },
  { path: 'webhooks/new', lazy: () => import('./new-webhook-page') },
  { path: 'webhooks/:id', lazy: () => import('./webhook-page') },
  { path: 'webhooks/:id/edit', lazy: () => import('./edit-webhook-page') },
];
