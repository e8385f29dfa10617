import { Ban, CircleCheck, CircleDashed, CirclePause, CircleX, Clock, LoaderCircle, RotateCw, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { cx } from '@/lib/cx';

export type Tone = 'neutral' | 'ok' | 'warn' | 'bad' | 'info' | 'accent';

const kTones: Record<Tone, string> = {
  neutral: 'bg-hover text-soft',
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  info: 'bg-info-soft text-info',
  accent: 'bg-accent-soft text-accent-ink',
};

export const kToneText: Record<Tone, string> = {
  neutral: 'text-muted',
  ok: 'text-ok',
  warn: 'text-warn',
  bad: 'text-bad',
  info: 'text-info',
  accent: 'text-accent-ink',
};

interface BadgeProps {
  tone?: Tone;
  icon?: LucideIcon;
  children: ReactNode;
  /// On hover.
  tip?: string;
  className?: string;
}

export function Badge({ tone = 'neutral', icon: Icon, children, tip, className }: BadgeProps) {
  return (
    <span
      data-tip={tip}
      className={cx(
        'inline-flex h-5 max-w-full items-center gap-1 rounded-full px-2 text-xs font-medium whitespace-nowrap',
        kTones[tone],
        className,
      )}
    >
      {Icon && <Icon size={12} strokeWidth={2.25} aria-hidden className="shrink-0" />}
      <span className="truncate">{children}</span>
    </span>
  );
}

const kStatuses: Record<string, { tone: Tone; icon: LucideIcon; label: string }> = {
  succeeded: { tone: 'ok', icon: CircleCheck, label: 'Succeeded' },
  pending: { tone: 'info', icon: Clock, label: 'Pending' },
  retrying: { tone: 'warn', icon: RotateCw, label: 'Retrying' },
  dead: { tone: 'bad', icon: CircleX, label: 'Dead' },
  cancelled: { tone: 'neutral', icon: Ban, label: 'Cancelled' },
  unmatched: { tone: 'neutral', icon: CircleDashed, label: 'Unmatched' },
  running: { tone: 'info', icon: LoaderCircle, label: 'Running' },
  done: { tone: 'ok', icon: CircleCheck, label: 'Done' },
  failed: { tone: 'bad', icon: CircleX, label: 'Failed' },
  enabled: { tone: 'ok', icon: CircleCheck, label: 'Enabled' },
  paused: { tone: 'neutral', icon: CirclePause, label: 'Paused' },
  disabled: { tone: 'bad', icon: Ban, label: 'Disabled' },
  failing: { tone: 'warn', icon: RotateCw, label: 'Failing' },
};

/// Icon and word for every state that an event, a delivery, a webhook or a job can have. A delivery that is pending after
/// an attempt is `retrying`: `<StatusBadge status={deliveryStatus(delivery)} />`.
export function StatusBadge({ status, tip }: { status: string; tip?: string }) {
  const { tone, icon, label } = kStatuses[status] ?? { tone: 'neutral', icon: CircleDashed, label: status };
  return (
    <Badge tone={tone} icon={icon} tip={tip}>
      {label}
    </Badge>
  );
}

export function deliveryStatus(delivery: { status: string; attempt_count: number }): string {
  return delivery.status === 'pending' && delivery.attempt_count > 0 ? 'retrying' : delivery.status;
}

export function webhookStatus(webhook: { enabled: boolean; disabled_reason: string | null; failing_since: string | null }): string {
  if (!webhook.enabled) return webhook.disabled_reason === 'by_user' ? 'paused' : 'disabled';
  return webhook.failing_since ? 'failing' : 'enabled';
}
