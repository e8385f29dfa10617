/// The field for how long things are kept.
export type Retention = { days: number; problem?: undefined } | { days?: undefined; problem: string };

export const kRetentionMax = 3_650;

/// 0: for ever.
export function parseRetention(text: string, forever: boolean): Retention {
  if (forever) return { days: 0 };
  const trimmed = text.trim();
  const days = Number(trimmed);
  if (!/^\d+$/.test(trimmed) || days < 1 || days > kRetentionMax) return { problem: 'Whole days, from 1 to 3,650.' };
  return { days };
}

/// "30 days", "for ever".
export function retentionText(days: number): string {
  if (days === 0) return 'for ever';
  return days === 1 ? '1 day' : `${days} days`;
}

/// Will what is stored now be deleted because of the change?
export function deletesMore(before: number, after: number): boolean {
  return after !== 0 && (before === 0 || after < before);
}
