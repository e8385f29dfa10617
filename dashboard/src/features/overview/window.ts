import type { HealthWindow } from '@/api/metrics';
import type { MetricsWindow } from '@/api/models';
import { choice } from '@/lib/url-state';

/// Which time is shown, as it stands in the URL.
export const kParams = { window: choice(['15m', '1h', '6h', '24h', '7d', '30d'], '1h') };

/// Webhooks side by side are counted over an hour or a day, whatever the charts show.
export function healthWindow(charted: MetricsWindow): HealthWindow {
  return charted === '15m' || charted === '1h' ? '1h' : '24h';
}
