import type { RouteObject } from 'react-router';

export const deadLetterRoutes: RouteObject[] = [{ path: 'dead-letters', lazy: () => import('./dead-letters-page') }];
