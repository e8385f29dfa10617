import type { RouteObject } from 'react-router';

export const deliveryRoutes: RouteObject[] = [
  { path: 'deliveries', lazy: () => import('./deliveries-page') },
  { path: 'deliveries/:id', lazy: () => import('./delivery-page') },
];
