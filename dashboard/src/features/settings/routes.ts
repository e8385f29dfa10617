import type { RouteObject } from 'react-router';

export const settingsRoutes: RouteObject[] = [
  { path: 'settings', lazy: () => import('./general-page') },
  { path: 'settings/keys', lazy: () => import('./keys-page') },
  { path: 'settings/members', lazy: () => import('./members-page') },
  { path: 'settings/audit', lazy: () => import('./audit-page') },
];
