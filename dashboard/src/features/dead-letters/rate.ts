/// What stands in the field for the rate: deliveries a second, none for as fast as it goes.
export type Rate = { rate: number | null; problem?: undefined } | { rate?: undefined; problem: string };

export const kRateMax = 10_000;

export function parseRate(text: string): Rate {
  const trimmed = text.trim();
  if (trimmed === '') return { rate: null };
  const rate = Number(trimmed);
  if (!/^\d+$/.test(trimmed) || rate < 1 || rate > kRateMax) return { problem: 'A whole number from 1 to 10,000, or nothing.' };
  return { rate };
}
