/// What the overview is made of besides its frame, asked for before it is drawn (routes.ts).
import { early } from '@/lib/early';

export const FirstSteps = early(async () => (await import('./first-steps')).FirstSteps);
/// With the code of tables.
export const LatestDeliveries = early(async () => (await import('./latest-deliveries')).LatestDeliveries);
